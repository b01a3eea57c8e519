"""Server-sent events as chat completions use them."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import fail_on, last_event
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.protocols import Kind
from trueweight.protocols.chat.sample import chunk, raw_stream
from trueweight.protocols.sample import stream

_STREAM = "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"


@check(
    "sse-shape",
    "Every event of a stream is a JSON object or [DONE], and every line a field or a comment.",
    failure="{cases} had an event that is no JSON object, or a line that is no field",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    row=42,
    source=_STREAM,
    why="Clients parse each event's data as JSON and raise on the first that is not.",
    fix="Write each chunk as one line 'data: {…}' and a blank line.",
    example=Example(raw_stream(b"data: {oops\n\n"), "{oops", SAMPLE_STREAM),
)
def sse_shape(_: Case, reply: Reply) -> CheckResult | None:
    """Comments, ids, event names and keep-alives are allowed."""
    if not reply.streamed:
        return None
    kinds = (
        Kind.SSE_MANY,
        Kind.SSE_BAD_JSON,
        Kind.SSE_NOT_A_FIELD,
        Kind.SSE_EMPTY_DATA,
        Kind.JSON_DEEP,
        Kind.NOT_AN_OBJECT,
    )
    return fail_on(reply, *kinds, expected="data: {…} or data: [DONE]") or Pass()


@check(
    "sse-style",
    "A stream has LF line ends, one data line per event and no byte order mark.",
    failure="{cases} had a byte order mark, a CR in line ends or several data lines in one event",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.INFO,
    row=42,
    source=_STREAM,
    why="The other forms are allowed, but hand-written clients fail on them.",
    fix="Write LF line ends, one data line for each event, and a blank line after the last.",
    example=Example(raw_stream(b"data: {}\r\n\r\n"), "\r\n", SAMPLE_STREAM),
)
def sse_style(_: Case, reply: Reply) -> CheckResult | None:
    """Reports forms that the specification allows and few servers send."""
    if not reply.streamed:
        return None
    kinds = (Kind.SSE_BOM, Kind.SSE_CRLF, Kind.SSE_CR, Kind.SSE_MULTI_LINE, Kind.SSE_UNTERMINATED)
    return fail_on(reply, *kinds) or Pass()


@check(
    "stream-done",
    "A stream ends with [DONE] and nothing after it.",
    failure="{cases} had a stream without [DONE] at its end, or something after it",
    protocol="chat",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=21,
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="Clients that wait for it hang or report a broken stream; what follows is never read.",
    fix="Send 'data: [DONE]' as the last event.",
    example=Example(stream([chunk("stop", content="all")], done=False), "all", SAMPLE_STREAM),
)
def stream_done(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams that are otherwise complete."""
    if not reply.streamed or reply.error is not None or reply.finish is None:
        return None
    if not reply.done:
        return Fail("the stream ends without [DONE]", "data: [DONE]", "nothing", last_event(reply))
    return fail_on(reply, Kind.DATA_AFTER_DONE, expected="nothing after [DONE]") or Pass()
