"""Errors of the Messages API: a refused request, and an event in a stream."""

from __future__ import annotations

from typing import Any

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import quote, spans_of, whole
from trueweight.core.example import Example
from trueweight.protocols.messages.sample import events, raw_stream, refused, sse, stream, text

_ERRORS = "https://platform.claude.com/docs/en/api/errors"
_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
_BEGUN = events(text("half"))[:3]


def _flaw(body: Any) -> str:
    """What an error object lacks; "" if nothing."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "there is no error object"
    if body.get("type") != "error":
        return f"the type of the response is {quote(body.get('type'))}, not error"
    missing = [name for name in ("type", "message") if not isinstance(error.get(name), str) or not error[name]]
    return f"the error has no {' and no '.join(missing)}" if missing else ""


@check(
    "messages-error-object",
    "A refusal is an object of the type error, whose error has a type and a message.",
    failure="{cases} had a refusal in another form than the API's",
    protocol="messages",
    scope=Scope.RESPONSE,
    engine=True,
    severity=Severity.SHOULD,
    any_status=True,
    source=_ERRORS,
    why="Agents decide by the error's type whether to try again, and show its message.",
    fix='Answer {"type": "error", "error": {"type": "invalid_request_error", "message": …}}.',
    example=Example(refused(400, {"error": {"message": "no"}}), "no", refused(400, _ERROR)),
)
def messages_error_object(_: Case, reply: Reply) -> CheckResult | None:
    """Judges responses with a status other than 2xx that are JSON. Every name of a type is accepted."""
    if reply.ok or reply.json is None:
        return None
    flaw = _flaw(reply.json)
    return Fail(flaw, "type=error, error={type, message}", quote(reply.text), whole(reply)) if flaw else Pass()


@check(
    "messages-error-event",
    "An error in a stream is an event named error with the API's error object.",
    failure="{cases} had an error in a stream that is not the API's event",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=22,
    source="https://platform.claude.com/docs/en/build-with-claude/streaming#error-events",
    why="SDKs leave the event out, and part of an answer is taken for the whole.",
    fix='Write \'event: error\' and {"type": "error", "error": {"type": …, "message": …}}.',
    example=Example(
        raw_stream(sse(_BEGUN) + b'data: {"error": {"message": "died"}}\n\n'), "died", stream([*_BEGUN, _ERROR])
    ),
)
def messages_error_event(_: Case, reply: Reply) -> CheckResult | None:
    """``error-in-stream`` judges that there is an error."""
    if not reply.streamed or reply.error is None:
        return None
    found = [
        event
        for event in reply.events
        if event.name == "error" or (isinstance(event.data, dict) and event.data.get("error"))
    ]
    for event in found:
        flaw = "the event is not named error" if event.name != "error" else _flaw(event.data)
        if flaw:
            return Fail(flaw, "event: error", quote(event.text), spans_of([event.span]))
    return Pass() if found else None
