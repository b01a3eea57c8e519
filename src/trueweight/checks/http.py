"""The HTTP response: its format and its encoding."""

from __future__ import annotations

import gzip

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import anomalies, fail_on, quote, spans_of
from trueweight.core.example import Example, SampleReply
from trueweight.protocols import Kind


@check(
    "http-json",
    "A plain 2xx answer is one JSON object.",
    failure="{cases} had a plain answer that is not one JSON object",
    scope=Scope.RESPONSE,
    engine=True,
    row=42,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-2",
    why="Clients parse the body as JSON and raise on anything else.",
    fix="Look at proxies before the server: one may send errors or a login page with status 200.",
    example=Example(SampleReply(body=b"<html>busy</html>", content_type="text/html"), "<html>"),
)
def http_json(_: Case, reply: Reply) -> CheckResult | None:
    """Judges plain bodies; ``stream-honoured`` judges whether the body should be a stream."""
    if reply.streamed:
        return None
    if found := anomalies(reply, Kind.BODY_HTML):
        return Fail("the body is an HTML page, with a success status", "JSON", quote(reply.text, 60), spans_of(found))
    return (
        fail_on(
            reply,
            Kind.BODY_EMPTY,
            Kind.JSON_BAD,
            Kind.JSON_DEEP,
            Kind.NOT_AN_OBJECT,
            expected="a JSON object",
        )
        or Pass()
    )


@check(
    "json-portable",
    "JSON has no NaN, no doubled keys, no numbers beyond a double and no half code points.",
    failure="{cases} had JSON with NaN, a doubled key, a number beyond a double or half a code point",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    row=42,
    source="https://www.rfc-editor.org/rfc/rfc7493#section-2",
    why="Strict parsers raise on these; the others read different values.",
    fix="Serialise with a strict JSON encoder, and cut text between characters, not inside them.",
    example=Example(SampleReply(body=b'{"a": 1, "a": 2, "x": NaN}'), "NaN"),
)
def json_portable(_: Case, reply: Reply) -> CheckResult:
    """Judges plain bodies and the events of streams."""
    kinds = (Kind.JSON_NAN, Kind.JSON_DUPLICATE_KEY, Kind.JSON_HUGE_NUMBER)
    return fail_on(reply, *kinds, expected="portable JSON") or Pass()


@check(
    "body-utf8",
    "The body is UTF-8.",
    failure="{cases} had a body that is not UTF-8",
    scope=Scope.RESPONSE,
    engine=True,
    row=42,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-8.1",
    why="JSON and server-sent events are UTF-8 by definition; clients raise or show garbage.",
    fix="Hold incomplete byte sequences back until the code point is whole.",
    example=Example(SampleReply(body=b'{"x":"\xff"}')),
)
def body_utf8(_: Case, reply: Reply) -> CheckResult:
    """Judges every byte of the body."""
    return fail_on(reply, Kind.BAD_UTF8, expected="UTF-8") or Pass()


@check(
    "content-encoding",
    "A compressed body uses an encoding that the client accepts, and is complete.",
    failure="{cases} had a compressed body that is incomplete, or in an encoding that was not accepted",
    scope=Scope.RESPONSE,
    engine=True,
    row=42,
    any_status=True,
    source="https://www.rfc-editor.org/rfc/rfc9110#section-8.4",
    why="The client sees bytes that it cannot read.",
    fix="Honour Accept-Encoding, and flush the compressor at the end.",
    example=Example(SampleReply(body=gzip.compress(b"{}" * 99)[:-9], encoding="gzip")),
)
def content_encoding(_: Case, reply: Reply) -> CheckResult | None:
    """Compression that was not requested is allowed; a body that cannot be decompressed fails."""
    kinds = (Kind.ENCODING_UNKNOWN, Kind.COMPRESSED_BAD, Kind.COMPRESSED_TOO_LARGE)
    return fail_on(reply, *kinds, expected="identity or readable gzip")


@check(
    "content-type",
    "The Content-Type names what the body is.",
    failure="{cases} had a Content-Type that does not name what the body is",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    row=42,
    source="https://www.rfc-editor.org/rfc/rfc9110#section-8.3",
    why="Clients choose their parser by it.",
    fix="Send application/json for one body and text/event-stream for a stream.",
    example=Example(SampleReply(body=b"{}", content_type="text/plain")),
)
def content_type(_: Case, reply: Reply) -> CheckResult | None:
    """Compares the header with the form of the body; ``http-json`` judges a body that is neither JSON nor a stream."""
    if not reply.body or anomalies(reply, Kind.BODY_HTML):
        return None
    return fail_on(reply, Kind.CONTENT_TYPE_MISSING, Kind.CONTENT_TYPE_MISMATCH) or Pass()
