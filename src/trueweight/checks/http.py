"""The HTTP response: its format, its encoding, and the message of a refusal."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from typing import Any

from trueweight.checks.markers import strings_of
from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, Unsupported, check
from trueweight.core.evidence import anomalies, fail_on, quote, spans_of, whole
from trueweight.core.example import SAMPLE_TEXT, Example, SampleReply, refuses, sample_case
from trueweight.protocols import Kind

_FEATURES = (
    "response_format", "tools", "tool_choice", "parallel_tool_calls", "logprobs", "top_logprobs", "logit_bias", "seed",
    "stop", "n", "stream_options", "reasoning_effort", "frequency_penalty", "presence_penalty", "max_completion_tokens",
)  # fmt: skip
_REFUSING = (
    "support",
    "not implemented",
    "not available",
    "not allowed",
    "unknown",
    "unrecognized",
    "disabled",
    "does not",
    "not permitted",
    "cannot be enforced",
)
_ABOUT_N = re.compile(r"['\"`]n['\"`]|\bn\s*(?:=|>|must|is|should)|choices|(?:one|single|multiple) completions?")
_SCHEMA_WORDS = ("schema", "keyword", "grammar")


@check(
    "http-json",
    "A plain 2xx answer is one JSON object.",
    scope=Scope.RESPONSE,
    engine=True,
    row=42,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-2",
    why="Clients parse the body as JSON and raise on anything else.",
    fix="Look at proxies before the server: one may send errors or a login page with status 200.",
    example=Example(SampleReply(body=b"<html>busy</html>", content_type="text/html"), "<html>"),
)
def http_json(_: Case, reply: Reply) -> CheckResult | None:
    """Not for streams, nor for what came instead of one (see ``stream-honoured``)."""
    if reply.streamed:
        return None
    if found := anomalies(reply, Kind.BODY_HTML):
        return Fail("the body is an HTML page, with a success status", "JSON", quote(reply.text, 60), spans_of(found))
    return (
        fail_on(reply, Kind.BODY_EMPTY, Kind.JSON_BAD, Kind.JSON_DEEP, Kind.NOT_AN_OBJECT, expected="a JSON object")
        or Pass()
    )


@check(
    "json-portable",
    "JSON has no NaN, no doubled keys, no numbers beyond a double and no half code points.",
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
    """In bodies and in events."""
    kinds = (Kind.JSON_NAN, Kind.JSON_DUPLICATE_KEY, Kind.JSON_HUGE_NUMBER)
    return fail_on(reply, *kinds, expected="portable JSON") or Pass()


@check(
    "body-utf8",
    "The body is UTF-8.",
    scope=Scope.RESPONSE,
    engine=True,
    row=42,
    source="https://www.rfc-editor.org/rfc/rfc8259#section-8.1",
    why="JSON and server-sent events are UTF-8 by definition; clients raise or show garbage.",
    fix="Hold incomplete byte sequences back until the code point is whole.",
    example=Example(SampleReply(body=b'{"x":"\xff"}')),
)
def body_utf8(_: Case, reply: Reply) -> CheckResult:
    """Every byte of the body."""
    return fail_on(reply, Kind.BAD_UTF8, expected="UTF-8") or Pass()


@check(
    "content-encoding",
    "A compressed body uses an encoding that the client accepts, and is complete.",
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
    """What the body is decides; a body that is neither is for ``http-json``."""
    if not reply.body or anomalies(reply, Kind.BODY_HTML):
        return None
    return fail_on(reply, Kind.CONTENT_TYPE_MISSING, Kind.CONTENT_TYPE_MISMATCH) or Pass()


@check(
    "error-object",
    "An error response is JSON with an error object that has a message.",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    any_status=True,
    source="https://platform.openai.com/docs/guides/error-codes",
    why="Without it a client cannot tell its user what was wrong with the request.",
    fix='Answer {"error": {"message": …, "type": …, "param": …, "code": …}}.',
    example=Example(SampleReply(body=b"bad", status=400), "bad", refuses("no")),
)
def error_object(_: Case, reply: Reply) -> CheckResult | None:
    """For 4xx answers to this very request."""
    if reply.ok:
        return None
    if error_words(reply) is None:
        return Fail(
            f"status {reply.status} came without an error message", "an error object", quote(reply.text), whole(reply)
        )
    return Pass()


@check(
    "request-accepted",
    "A well-formed request is answered, or refused with a message that names the unsupported parameter.",
    scope=Scope.RESPONSE,
    engine=True,
    any_status=True,
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="A request that other servers answer fails here.",
    fix="Accept the parameter, or say in the error which one is not supported.",
    example=Example(refuses("bad luck"), "bad luck"),
)
def request_accepted(case: Case, reply: Reply) -> CheckResult | None:
    """A clean refusal of a feature, or of the list of models, is UNSUPPORTED. Not for cases that ask to be refused."""
    if "request-refused" in case.checks:
        return None
    if reply.ok:
        return Pass()
    words = error_words(reply) or _other_words(reply)
    if case.api == "models" and words is not None and reply.status in (404, 405):
        return Unsupported(f"status {reply.status}: no list of models", whole(reply))
    param = reply.error.get("param") if isinstance(reply.error, dict) else None
    feature = _named_feature(case.request, f"{words} {param or ''}")
    if words is not None and feature is not None:
        return Unsupported(f"status {reply.status}, about {feature}: {quote(words)}", whole(reply))
    return Fail(f"status {reply.status}: {quote(words or reply.text)}", "an answer", str(reply.status), whole(reply))


@check(
    "request-refused",
    "A malformed request is refused with a 4xx status for invalid requests.",
    scope=Scope.COMPLETION,
    engine=True,
    row=40,
    any_status=True,
    on_request=True,
    params={
        "type": "object",
        "properties": {
            "status": {"type": "array", "items": {"type": "integer", "minimum": 400, "maximum": 499}},
            "control": {"type": "string", "minLength": 1},
        },
        "additionalProperties": False,
    },
    source="https://www.rfc-editor.org/rfc/rfc9110#section-15.5.1",
    why="A parameter that is ignored without an error makes every result that depends on it wrong.",
    fix="Validate the request before running it, and answer 400 with the parameter's name.",
    example=Example(SAMPLE_TEXT, "hello", refuses("no"), sample_case({"request-refused": {}})),
)
def request_refused(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult:
    """400 and 422 unless the case says which. ``control`` names the well-formed case that must have been accepted."""
    allowed = params.get("status", (400, 422))
    wanted = " or ".join(map(str, allowed))
    if reply.status in allowed:
        return Pass()
    if reply.ok:
        return Fail("the malformed request was answered", wanted, str(reply.status), whole(reply))
    return Fail(f"the request was refused with status {reply.status}", wanted, str(reply.status), whole(reply))


def error_words(reply: Reply) -> str | None:
    """The message of a refusal's error object; None if there is none."""
    error = reply.error
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) and error.strip() else None


def _other_words(reply: Reply) -> str | None:
    """What a refusal says in another form: validators list what is wrong. The form itself is for ``error-object``."""
    body = reply.json if isinstance(reply.json, dict) else {}
    texts = strings_of([body.get(name) for name in ("error", "errors", "detail", "message")])
    return " ".join(reversed(texts)) or None


def _named_feature(request: Mapping[str, Any], words: str) -> str | None:
    """The request's parameter that a refusal is about."""
    lowered = words.lower()
    messages = request.get("messages")
    listed = messages if isinstance(messages, list | tuple) else ()
    if "tools" in lowered and any("tools" in message for message in listed if isinstance(message, Mapping)):
        return "tools in messages"
    named = [name for name in _FEATURES if name in request and len(name) > 1 and name in lowered]
    if named:
        return named[0]
    if "n" in request and _ABOUT_N.search(lowered):
        return "n"
    requested = [name for name in _FEATURES if name in request]
    refusing = any(word in lowered for word in _REFUSING)
    by_schema = any(name in request for name in ("response_format", "tools"))
    if by_schema and any(word in lowered for word in _SCHEMA_WORDS):
        return "the schema"
    return requested[0] if refusing and requested else None
