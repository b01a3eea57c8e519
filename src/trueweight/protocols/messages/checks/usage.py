"""Usage as the Messages API reports it: in a message, at both ends of a stream, and ahead of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trueweight.core import Case, Reply, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, NotApplicable, PairedResult, Pass, Scope, check, paired_check
from trueweight.core.evidence import quote, spans_of, whole
from trueweight.core.example import Example, PairedExample, SampleReply, SampleTrial, sample_case, says
from trueweight.core.json_value import JsonObject
from trueweight.protocols import locate_field
from trueweight.protocols.messages.sample import answered, events, stream, text
from trueweight.protocols.sample import plain

_CREATE = "https://platform.claude.com/docs/en/api/messages"
_COUNT = "https://platform.claude.com/docs/en/build-with-claude/token-counting"
_SPARE, _SHARE = 8, 0.05


@check(
    "messages-usage",
    "A message reports input and output tokens: in a stream at message_start, and the output again at message_delta.",
    failure="The message reports no token usage in {cases}",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source=_CREATE,
    why="Typed clients raise; others show an empty context and no cost.",
    fix="Send usage with input_tokens and output_tokens in both events, and in each plain message.",
    example=Example(answered(text("hello"), usage=None), "hello", answered(text("hello"))),
)
def messages_usage(_: Case, reply: Reply) -> CheckResult | None:
    """A count may be 0 at the start of a stream; ``messages-usage-start`` judges that."""
    if reply.error is not None or not reply.choices:
        return None
    for holder, names, where in _holders(reply):
        usage = holder.get("usage")
        missing = [name for name in names if not isinstance(usage, dict) or not isinstance(usage.get(name), int)]
        if missing:
            spans = locate_field(reply, "usage") or whole(reply)
            return Fail(f"{where} has no {' and no '.join(missing)}", ", ".join(names), quote(usage), spans)
    return Pass()


def _holders(reply: Reply) -> Iterable[tuple[JsonObject, tuple[str, ...], str]]:
    """Each part of a reply that has usage, the counts that it must have, and its name."""
    both = ("input_tokens", "output_tokens")
    if not reply.streamed and isinstance(reply.json, dict):
        yield reply.json, both, "the message"
    for data in (event.data for event in reply.events if isinstance(event.data, dict)):
        if data.get("type") == "message_start" and isinstance(data.get("message"), dict):
            yield data["message"], both, "message_start"
        elif data.get("type") == "message_delta":
            yield data, ("output_tokens",), "message_delta"


@check(
    "messages-usage-start",
    "The message_start of a stream has the tokens of the prompt.",
    failure="{cases} had a message_start with 0 input tokens",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.INFO,
    row=23,
    source="https://platform.claude.com/docs/en/build-with-claude/streaming",
    why="Agents show how full the context is while the answer is written: it stays at 0.",
    fix="Count the prompt before the first event, or report input_tokens with message_delta.",
    example=Example(
        stream(
            [
                events(text("a"))[0]
                | {"message": {"id": "msg_1", "content": [], "usage": {"input_tokens": 0, "output_tokens": 0}}},
                *events(text("a"))[1:],
            ]
        ),
        "input_tokens",
        stream(events(text("a"))),
    ),
)
def messages_usage_start(_: Case, reply: Reply) -> CheckResult | None:
    """INFO only: the total counts. Tokens of a cache count as well."""
    starts = [(event.data.get("message"), event.span) for event in reply.events if _is_start(event.data)]
    if not starts or not isinstance(starts[0][0], dict):
        return None
    usage = starts[0][0].get("usage")
    counts = (
        [value for name, value in usage.items() if name.endswith("input_tokens") and isinstance(value, int)]
        if isinstance(usage, dict)
        else []
    )
    if not counts:
        return None
    return Pass() if sum(counts) > 0 else Fail("message_start has 0 input tokens", "> 0", "0", spans_of([starts[0][1]]))


def _is_start(data: Any) -> bool:
    return isinstance(data, dict) and data.get("type") == "message_start"


@check(
    "count-tokens-shape",
    "The count of a prompt's tokens is an object with a positive number input_tokens.",
    failure="{cases} had a count of tokens without input_tokens",
    protocol="count-tokens",
    scope=Scope.RESPONSE,
    engine=True,
    source="https://platform.claude.com/docs/en/api/messages-count-tokens",
    why="Agents decide by it when to shorten a conversation.",
    fix='Answer {"input_tokens": N} with the tokens of the prompt as the model reads it.',
    example=Example(plain({"tokens": 9}, api="count-tokens"), "tokens", plain({"input_tokens": 9}, api="count-tokens")),
)
def count_tokens_shape(_: Case, reply: Reply) -> CheckResult | None:
    """``count-tokens-agree`` judges the number."""
    if reply.error is not None or not isinstance(reply.json, dict):
        return None
    count = reply.json.get("input_tokens")
    if isinstance(count, int) and not isinstance(count, bool) and count > 0:
        return Pass()
    return Fail("there is no count of input tokens", "input_tokens > 0", quote(count), whole(reply))


_BASE = sample_case(name="base")
_COUNTED = sample_case({"count-tokens-agree": {"as": "base"}}, name="count")


def _costs(prompt: int) -> SampleReply:
    return says("ok", usage=(prompt, 1))


@paired_check(
    "count-tokens-agree",
    "The count of a prompt's tokens agrees with the input tokens that the reply to the prompt reports.",
    failure="count_tokens differs from the usage of the reply to the same prompt in {cases}",
    row=24,
    source=_COUNT,
    on_request=True,
    params={
        "type": "object",
        "properties": {"as": {"type": "string", "minLength": 1}},
        "required": ["as"],
        "additionalProperties": False,
    },
    why="Agents shorten a conversation too late, and the request is refused, or too early, and the model forgets.",
    fix="Render the prompt with its tools as for a completion, and count its tokens.",
    field="input",
    example=PairedExample(
        (SampleTrial(_BASE, _costs(100)), SampleTrial(_COUNTED, _costs(60), broken=True)),
        (SampleTrial(_BASE, _costs(100)), SampleTrial(_COUNTED, _costs(103))),
    ),
)
def count_tokens_agree(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """The count is an estimate by the API's own words: 5% or 8 tokens of difference are accepted."""
    used = {one.case.key: one.input_tokens for one in replies if one.input_tokens is not None}
    for one in replies:
        params = one.case.checks.get("count-tokens-agree")
        if params is None or one.input_tokens is None:
            continue
        other = str(params["as"])
        base = used.get(one.case.key_of(other))
        if base is None:
            yield one, NotApplicable(f"there is no usage of {other} to compare with")
        elif abs(one.input_tokens - base) > max(_SPARE, _SHARE * base):
            words = f"the count differs from the usage of {other}"
            yield one, Fail(words, f"{base} ± {max(_SPARE, _SHARE * base):.0f}", str(one.input_tokens))
        else:
            yield one, Pass()
