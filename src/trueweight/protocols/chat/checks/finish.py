"""The finish reason of a chat completion: one that the API knows, sent once."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import fail_on, quote, whole
from trueweight.core.example import SAMPLE_STREAM, Example, sample_case, says
from trueweight.core.json_value import JsonObject
from trueweight.protocols import Kind, locate_field
from trueweight.protocols.chat.sample import chunk, message
from trueweight.protocols.sample import plain, stream


def _two(*finish: str | None) -> JsonObject:
    said = {"role": "assistant", "content": "hi"}
    return message() | {
        "choices": [{"index": at, "message": said, "finish_reason": one} for at, one in enumerate(finish)]
    }


KNOWN = ("stop", "length", "tool_calls", "content_filter", "function_call")


@check(
    "finish-reason-known",
    "A reply has a finish reason that the API knows.",
    failure="{cases} had no finish reason, or one that the API does not know",
    protocol="chat",
    engine=True,
    severity=Severity.SHOULD,
    explains=("finish-reason", "finish-reason-length", "tool-arguments-complete"),
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="Clients branch on the finish reason, and have no branch for other values.",
    fix="Map the engine's reasons to stop, length, tool_calls and content_filter.",
    example=Example(says("x", "eos"), '"eos"'),
)
def finish_reason_known(_: Case, reply: Reply) -> CheckResult | None:
    """``stream-complete`` judges a stream without a finish reason."""
    if reply.error is not None or not reply.choices or (reply.streamed and reply.finish is None):
        return None
    if reply.finish_text in KNOWN:
        return fail_on(reply, Kind.FINISH_BLANK, expected="null until the end") or Pass()
    spans = locate_field(reply, "finish_reason") or whole(reply)
    return Fail("the finish reason is unknown or absent", " | ".join(KNOWN), quote(reply.finish_text), spans)


@check(
    "finish-of-all-choices",
    "Every choice of a reply has a finish reason.",
    failure="Only some of the choices have a finish reason in {cases}",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    explains=("finish-reason-known", "finish-reason", "stream-complete"),
    source="https://platform.openai.com/docs/api-reference/chat/create#chat-create-n",
    why="Clients wait for the end of each choice, and raise where one never ends.",
    fix="Send the finish reason of each choice with its index.",
    example=Example(
        plain(_two("stop", None)), '"finish_reason": null', plain(_two("stop", "length")), sample_case(n=2)
    ),
)
def finish_of_all_choices(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with several choices, of which one has a finish reason."""
    if len(reply.choices) < 2 or reply.error is not None or not any(one.finish for one in reply.choices):
        return None
    open_ones = [one.index for one in reply.choices if one.finish is None]
    if open_ones:
        spans = locate_field(reply, "finish_reason") or whole(reply)
        return Fail(f"choices {quote(open_ones)} have no finish reason", "one for each", quote(open_ones), spans)
    return Pass()


@check(
    "finish-once",
    "Nothing follows the finish reason.",
    failure="{cases} had something after the finish reason",
    protocol="chat",
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Clients stop reading a choice there; what follows is lost.",
    fix="Send the finish reason with or after the last delta.",
    example=Example(stream([chunk("stop"), chunk(content="more")]), "more", SAMPLE_STREAM),
)
def finish_once(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on a second reason, and on text or calls after it. Usage may follow."""
    return (fail_on(reply, Kind.FINISH_TWICE, Kind.TEXT_AFTER_FINISH) or Pass()) if reply.streamed else None
