"""Usage as chat completions report it: complete, once, and when it was requested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trueweight.core import Case, Mode, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import fail_on, quote, spans_of, whole
from trueweight.core.example import SAMPLE_STREAM, Example, sample_case, says
from trueweight.protocols import Kind, locate_field
from trueweight.protocols.chat.checks.parts import documents_of
from trueweight.protocols.chat.sample import chunk, message, usage_chunk
from trueweight.protocols.sample import plain, stream


@check(
    "usage-present",
    "A reply reports prompt, completion and total tokens; a stream does if include_usage is true.",
    failure="{message} in {cases}",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Without usage a client cannot bill, budget or measure speed.",
    fix="Honour stream_options.include_usage, and report usage in every plain reply.",
    example=Example(says("hello", usage=None), "hello"),
)
def usage_present(case: Case, reply: Reply) -> CheckResult | None:
    """Every stream sets include_usage, but in cases that are about streams without it."""
    if reply.error is not None or not _answered(reply) or (reply.streamed and not _requests_usage(case)):
        return None
    usage = reply.usage
    if usage is None:
        if _in_a_choice(reply):
            words = "token usage is inside of a choice, where clients do not read it,"
            return Fail(words, "usage of the response", "usage of a choice", whole(reply))
        return Fail("the reply reports no token usage", "usage", "none", whole(reply))
    counts = {"prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.total}
    missing = [name for name, count in counts.items() if count is None]
    if missing:
        return Fail(f"usage lacks {', '.join(missing)}", ", ".join(counts), "", locate_field(reply, "usage"))
    return Pass()


def _in_a_choice(reply: Reply) -> bool:
    choices = (document.get("choices") for document, _ in documents_of(reply))
    listed = (choice for some in choices if isinstance(some, list) for choice in some)
    return any(isinstance(choice, Mapping) and isinstance(choice.get("usage"), Mapping) for choice in listed)


@check(
    "usage-counts",
    "Every token count is a whole number of at least 0.",
    failure="{message} in {cases}",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    row=24,
    source="https://github.com/BerriAI/litellm/issues/18750",
    why="Bills and budgets are computed from the counts, and typed clients raise.",
    fix="Subtract cached and other parts only from a count that includes them.",
    example=Example(
        plain(message() | {"usage": {"prompt_tokens": 9, "prompt_tokens_details": {"text_tokens": -33}}}), "-33"
    ),
)
def usage_counts(_: Case, reply: Reply) -> CheckResult | None:
    """Judges fields ``…_tokens`` of usage and of its details. Accepts null and 12.0."""
    judged = False
    for document, span in documents_of(reply):
        for path, count in _counts(document.get("usage")):
            judged = True
            if flaw := _flaw(count):
                words = f"the count {'.'.join(path)[:120]} is {flaw}"
                return Fail(words, "a whole number of at least 0", quote(count), (span,))
    return Pass() if judged else None


def _flaw(count: Any) -> str:
    """What a count is in place of a whole number of at least 0; "" if it is one."""
    if isinstance(count, bool) or not isinstance(count, int | float):
        return "no number"
    if count < 0:
        return "below 0"
    return "" if isinstance(count, int) or count.is_integer() else "no whole number"


def _counts(usage: Any, inside: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The path and value of every token count in usage and its details."""
    for name, value in usage.items() if isinstance(usage, Mapping) else ():
        if name.endswith("_tokens_details"):
            yield from _counts(value, (*inside, name))
        elif name.endswith("_tokens") and value is not None:
            yield (*inside, name), value


@check(
    "usage-once",
    "In a stream only the last chunk has usage.",
    failure="{cases} had usage before the last chunk of the stream",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Clients that add up usage count many times over.",
    fix="Send null, or nothing, before the last chunk.",
    example=Example(
        stream([chunk(content="a") | {"usage": {"prompt_tokens": 77}}, usage_chunk()]), "77", SAMPLE_STREAM
    ),
)
def usage_once(case: Case, reply: Reply) -> CheckResult | None:
    """Requests for continuous usage are not judged."""
    options = case.request.get("stream_options")
    continuous = isinstance(options, Mapping) and options.get("continuous_usage_stats")
    if not reply.streamed or reply.usage is None or continuous:
        return None
    return fail_on(reply, Kind.USAGE_EVERYWHERE, expected="usage once, at the end") or Pass()


@check(
    "usage-unasked",
    "A stream without include_usage has no chunk for usage alone.",
    failure="{cases} had a chunk for usage alone that was not requested",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="The chunk has no choices, and clients without include_usage read choices[0] of every chunk.",
    fix="Send the chunk with usage and empty choices only where stream_options.include_usage is true.",
    example=Example(
        SAMPLE_STREAM,
        '"choices": []',
        says("hello", usage=None, mode=Mode.STREAM),
        sample_case(stream_options=None),
    ),
)
def usage_unasked(case: Case, reply: Reply) -> CheckResult | None:
    """Usage on a chunk that has choices breaks no client, and some servers always send it."""
    if not reply.streamed or reply.error is not None or _requests_usage(case):
        return None
    alone = [
        event.span
        for event in reply.events
        if isinstance(event.data, dict) and event.data.get("choices") == [] and event.data.get("usage") is not None
    ]
    if alone:
        return Fail("usage came in a separate chunk without include_usage", "none", "usage", spans_of(alone))
    return Pass()


def _requests_usage(case: Case) -> bool:
    """Whether the case's streams request usage: they do unless its request says otherwise."""
    if "stream_options" not in case.request:
        return True
    options = case.request["stream_options"]
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _answered(reply: Reply) -> bool:
    """Whether the response is a chat completion."""
    return len(reply.choices) > 0
