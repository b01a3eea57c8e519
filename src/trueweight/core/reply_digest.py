"""The facts about a reply that paired checks compare. It is small, so that a run of any size fits in memory."""

from __future__ import annotations

import msgspec

from trueweight.core.case import DEFAULT_API, Case, Mode
from trueweight.core.json_value import digest
from trueweight.core.protocol import PROTOCOLS
from trueweight.core.reply import Finish, Reply
from trueweight.core.request import token_limit
from trueweight.core.timing import AT_ONCE, LATE

_KEPT = 400
"""Characters of content that are kept for quoting."""
_COMPARED = 4_000
"""Characters of text that are kept at temperature 0, to compare the modes."""
_WHOLE_CALL = 2
"""Fragments of a call that is sent whole: its name, then its arguments."""
_LONGEST = 20_000
"""Longest arguments that are kept as they are."""


class ReplyDigest(msgspec.Struct, frozen=True, gc=False):
    """One choice of a reply, reduced to what paired checks compare.

    Attributes:
        content: its first 400 characters, for quoting; None if there was none.
        calls: name and arguments text of each call; of long arguments the beginning and a digest.
        text: digest of content and reasoning.
        reasoned: number of characters of reasoning.
        cut: whether the choice ended at a length limit.
        input_tokens: of the reply; None if none is reported, and for all choices but the first.
        output_tokens: of the answer, without the thought if that is counted; None if the reply has several choices,
            because they are not counted apart.
        size: UTF-8 bytes of what ``output_tokens`` count: content, names and arguments of calls, and the thought if it
            is not counted apart. No tokenizer makes more tokens of them.
        at_limit: whether usage counts as many completion tokens as the request allows; None if either is not known.
        cached_input: of the prompt, for the first choice; None if none are reported.
        api: name of the API through which the reply came.
        choice: index of the choice.
        written, thought: content and reasoning, their first 4,000 characters; "" where the request's temperature is not
            0, because such texts are not compared.
        at_once: whether all tokens of a stream came within two milliseconds; None for a plain reply, for one whose
            first token came within half a second, because a fast server may have made all of them by then, and for
            whole calls without text, which a server may send when it has parsed them.
    """

    trial: str
    case: Case
    mode: Mode
    repeat: int
    content: str | None
    calls: tuple[tuple[str | None, str | None], ...]
    text: str
    reasoned: int
    cut: bool
    finish: Finish | None
    input_tokens: int | None
    output_tokens: int | None
    api: str = DEFAULT_API
    choice: int = 0
    written: str = ""
    thought: str = ""
    at_once: bool | None = None
    size: int = 0
    cached_input: int | None = None
    at_limit: bool | None = None


def digest_choices(trial: str, case: Case, mode: Mode, repeat: int, reply: Reply) -> tuple[ReplyDigest, ...]:
    """A digest for each choice of a reply; none for a status other than 2xx, or an error."""
    if not reply.ok or reply.error is not None or not reply.choices:
        return ()
    return tuple(_digest(trial, case, mode, repeat, view) for view in reply.choice_views())


def _kept(arguments: str | None) -> str | None:
    """The arguments; of long ones the beginning and a digest, which differ where the arguments do."""
    if arguments is None or len(arguments) <= _LONGEST:
        return arguments
    return f"{arguments[:_KEPT]}… ({digest([arguments])[:20]})"


def _digest(trial: str, case: Case, mode: Mode, repeat: int, reply: Reply) -> ReplyDigest:
    usage = reply.usage
    first = reply.choice is reply.choices[0]
    cold = case.request.get("temperature") == 0
    return ReplyDigest(
        trial=trial,
        case=case,
        mode=mode,
        repeat=repeat,
        content=None if reply.content is None else reply.content[:_KEPT],
        calls=tuple((call.name, _kept(call.arguments)) for call in reply.calls),
        text=digest([reply.content or "", reply.thought])[:20],
        reasoned=len(reply.thought),
        cut=reply.finish is Finish.LENGTH,
        finish=reply.finish,
        input_tokens=usage.input if usage and reply.choice is reply.choices[0] else None,
        output_tokens=_answer_tokens(reply),
        api=reply.api,
        choice=reply.at,
        written=(reply.content or "")[:_COMPARED] if cold else "",
        thought=(reply.reasoning or "")[:_COMPARED] if cold else "",
        at_once=_at_once(reply) if first else None,
        size=_size(reply),
        cached_input=usage.cached if usage and first else None,
        at_limit=_at_limit(case, reply),
    )


def _answer_tokens(reply: Reply) -> int | None:
    usage = reply.usage
    if usage is None or usage.output is None or len(reply.choices) != 1:
        return None
    thought = usage.reasoning or 0
    return usage.output - thought if thought <= usage.output else usage.output


def _at_limit(case: Case, reply: Reply) -> bool | None:
    limit, used = token_limit(case.request), reply.usage.output if reply.usage else None
    return None if limit is None or used is None or len(reply.choices) != 1 else used >= limit


def _size(reply: Reply) -> int:
    texts = [reply.content, reply.refusal, *(part for call in reply.calls for part in (call.name, call.arguments))]
    if reply.usage is None or not reply.usage.reasoning:
        texts.append(reply.thought)
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in texts if text)


def _at_once(reply: Reply) -> bool | None:
    if not shows_arrival(reply):
        return None
    channels = PROTOCOLS.get(reply.api).channels
    first = next((event.ns for event in reply.events if event.data is not None and channels(event)), None)
    if first is None:
        return None
    last = next(event.ns for event in reversed(reply.events) if event.data is not None and channels(event))
    return came_at_once(first, last)


def shows_arrival(reply: Reply) -> bool:
    """Whether the times of a reply's tokens show that they were held back: not those of calls that come whole."""
    whole_calls = reply.calls and all(call.fragments <= _WHOLE_CALL for call in reply.calls)
    return reply.streamed and not (whole_calls and not (reply.content or reply.thought))


def came_at_once(first: int, last: int) -> bool | None:
    """``ReplyDigest.at_once`` of a stream that `shows_arrival`, by the times of its first and its last token."""
    return None if first < LATE else last - first <= AT_ONCE
