"""Streams: that one came when asked, that it is server-sent events, and that it ends as it should."""

from __future__ import annotations

from trueweight.checks.evidence import anomalies, fail_on, quote, spans_of, whole
from trueweight.checks.registry import Fail, Pass, Verdict, check
from trueweight.core import Case, Reply, Severity, Span
from trueweight.protocols import Kind

_STREAM = "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"


@check(
    "stream-honoured",
    "A stream is sent exactly when it was asked for.",
    engine=True,
    row=41,
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="A client that iterates over events sees none, or waits for the whole answer.",
    fix="Honour the stream parameter; see whether a proxy buffers or rewrites.",
)
def stream_honoured(_: Case, reply: Reply) -> Verdict | None:
    """Both ways round; a body that is no JSON at all is for ``http-json``."""
    if anomalies(reply, Kind.STREAM_IGNORED, Kind.STREAM_UNASKED) and (reply.streamed or reply.json is not None):
        form = "a stream" if reply.streamed else "one JSON body"
        other = "one JSON body" if reply.streamed else "a stream"
        return Fail(f"{other} was asked for, and {form} came", other, form, whole(reply))
    return Pass()


@check(
    "sse-shape",
    "Every event of a stream is a JSON object or [DONE], and every line a field or a comment.",
    engine=True,
    row=42,
    source=_STREAM,
    why="Clients parse each event's data as JSON and raise on the first that is not.",
    fix="Write each chunk as one line 'data: {…}' and a blank line.",
)
def sse_shape(_: Case, reply: Reply) -> Verdict | None:
    """Comments, ids, names and keep-alives are fine."""
    if not reply.streamed:
        return None
    kinds = (Kind.SSE_BAD_JSON, Kind.SSE_NOT_A_FIELD, Kind.SSE_EMPTY_DATA, Kind.JSON_DEEP, Kind.NOT_AN_OBJECT)
    return fail_on(reply, *kinds, expected="data: {…} or data: [DONE]") or Pass()


@check(
    "sse-style",
    "A stream keeps to what every client reads: LF ends, one data line an event, no byte order mark.",
    engine=True,
    severity=Severity.INFO,
    row=42,
    source=_STREAM,
    why="All of it is allowed, and hand-written clients trip over it.",
    fix="Write LF line ends, one data line for each event, and a blank line after the last.",
)
def sse_style(_: Case, reply: Reply) -> Verdict | None:
    """Legal but rare forms."""
    if not reply.streamed:
        return None
    kinds = (Kind.SSE_BOM, Kind.SSE_CRLF, Kind.SSE_CR, Kind.SSE_MULTI_LINE, Kind.SSE_UNTERMINATED)
    return fail_on(reply, *kinds) or Pass()


@check(
    "stream-complete",
    "A stream does not end before a finish reason.",
    engine=True,
    row=21,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="The client takes half an answer for a whole one.",
    fix="Look for worker crashes and proxy timeouts; send an error event when generation fails.",
)
def stream_complete(_: Case, reply: Reply) -> Verdict | None:
    """A stream that said it failed is for ``error-in-stream``."""
    if not reply.streamed or reply.error is not None:
        return None
    if reply.finish_reason is None:
        ending = "[DONE] came without one" if reply.done else "it just ends"
        return Fail(f"the stream has no finish reason: {ending}", "a finish reason", "none", _tail(reply))
    return Pass()


@check(
    "stream-done",
    "A stream ends with [DONE] and nothing after it.",
    engine=True,
    severity=Severity.SHOULD,
    row=21,
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="Clients that wait for it hang or report a broken stream; what follows is never read.",
    fix="Send 'data: [DONE]' as the last event.",
)
def stream_done(_: Case, reply: Reply) -> Verdict | None:
    """Also when the rest of the stream is whole."""
    if not reply.streamed or reply.error is not None or reply.finish_reason is None:
        return None
    if not reply.done:
        return Fail("the stream ends without [DONE]", "data: [DONE]", "nothing", _tail(reply))
    return fail_on(reply, Kind.DATA_AFTER_DONE, expected="nothing after [DONE]") or Pass()


@check(
    "error-in-stream",
    "An answer with a success status carries no error.",
    engine=True,
    row=22,
    source="https://platform.openai.com/docs/guides/error-codes",
    why="SDKs look at the status; the error is lost, or half an answer is taken for whole.",
    fix="Fail before the first byte where possible, with a status that says so.",
)
def error_in_stream(_: Case, reply: Reply) -> Verdict | None:
    """In an event, or in the body of a plain 200."""
    if reply.error is None:
        return Pass()
    where = [event.span for event in reply.events if isinstance(event.data, dict) and event.data.get("error")]
    where += [a.span for a in anomalies(reply, Kind.SSE_NAMED) if a.span and "error" in a.detail]
    spans = spans_of(where) or whole(reply)
    return Fail(f"an error came with status {reply.status}: {quote(reply.error)}", "no error", "an error", spans)


def _tail(reply: Reply) -> tuple[Span, ...]:
    return (reply.events[-1].span,) if reply.events else whole(reply)
