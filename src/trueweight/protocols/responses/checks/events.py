"""The events of a stream: their types, numbers and order."""

from __future__ import annotations

from itertools import pairwise

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import last_event, quote
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.protocols.responses.reply import TERMINAL
from trueweight.protocols.responses.sample import events, incomplete, message, numbered, response, streamed
from trueweight.protocols.responses.transcript import CREATED, TypedEvent, typed_events

_EVENTS = "https://platform.openai.com/docs/api-reference/responses-streaming"
_HELLO = events(response(message()))


def _is_stream(reply: Reply) -> bool:
    return reply.streamed and reply.ok and bool(reply.events)


@check(
    "responses-event-type",
    "Every event has a type, which is also its name if it has one.",
    failure="{cases} had events without a type, or under another name than their type",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_EVENTS,
    why="Clients choose what to do with an event by its type; one without it is skipped.",
    fix="Write type into the data of each event, and the same word as the name of the event.",
    example=Example(
        streamed([{key: value for key, value in one.items() if key != "type"} for one in _HELLO]),
        "resp_1",
        SAMPLE_STREAM,
    ),
)
def event_type(_: Case, reply: Reply) -> CheckResult | None:
    """An event without a name is allowed."""
    if not _is_stream(reply):
        return None
    for one in typed_events(reply):
        if not one.type:
            return Fail("an event has no type", "type", quote(sorted(one.data)), (one.span,))
        if one.name not in ("", "message", one.type):
            return Fail("an event's name is not its type", one.type, quote(one.name), (one.span,))
    return Pass()


@check(
    "responses-sequence",
    "Every event has a sequence_number that is one higher than that of the event before.",
    failure="{cases} had events without a sequence_number, or with numbers that do not rise by one",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/ggml-org/llama.cpp/pull/24957",
    why="Clients order events by it, and see by a gap that one was lost; typed clients refuse an event without it.",
    fix="Count the events of a response in one place, those at its end included.",
    example=Example(
        streamed([{key: value for key, value in one.items() if key != "sequence_number"} for one in _HELLO]),
        "response.created",
        SAMPLE_STREAM,
    ),
)
def sequence(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts any first number."""
    if not _is_stream(reply):
        return None
    before: int | None = None
    for one in typed_events(reply):
        number = one.data.get("sequence_number")
        if not isinstance(number, int) or isinstance(number, bool):
            return Fail(f"{one.type or 'an event'} has no sequence_number", "a number", quote(number), (one.span,))
        if before is not None and number != before + 1:
            message_ = f"{one.type or 'an event'} has sequence_number {number} after {before}"
            return Fail(message_, str(before + 1), str(number), (one.span,))
        before = number
    return Pass()


@check(
    "responses-first-event",
    "A stream begins with response.created, which has the response with its id.",
    failure="{cases} had a stream that does not begin with response.created",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source=_EVENTS,
    why="Clients make the response there, and have nothing to add events to without it.",
    fix="Send response.created with the response before any item.",
    example=Example(streamed(numbered(_HELLO[1:])), "in_progress", SAMPLE_STREAM),
)
def first_event(_: Case, reply: Reply) -> CheckResult | None:
    """An error before any event is for ``error-in-stream``."""
    found = typed_events(reply) if _is_stream(reply) else ()
    if not found or found[0].type == "error":
        return None
    if found[0].type != CREATED:
        return Fail("the first event is another one", CREATED, quote(found[0].type), (found[0].span,))
    begun = found[0].data.get("response")
    if not isinstance(begun, dict) or not isinstance(begun.get("id"), str) or not begun["id"]:
        return Fail("response.created has no response with an id", "response.id", "none", (found[0].span,))
    return Pass()


@check(
    "responses-last-event",
    "A stream ends with response.completed, response.incomplete or response.failed, as the status in it says.",
    failure="{cases} had a stream whose last event is another one, or contradicts the status in it",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/vllm-project/agentic-api/issues/273",
    why="Agents wait for this event: without it the turn counts as lost, and a cut answer ends as a whole one.",
    fix="Name the last event by the status of the response: incomplete where a limit cut it.",
    example=Example(
        streamed([*events(incomplete(message()))[:-1], {**events(incomplete(message()))[-1], "type": TERMINAL[0]}]),
        "response.completed",
        SAMPLE_STREAM,
    ),
)
def last_event_fits(_: Case, reply: Reply) -> CheckResult | None:
    """A stream that reports an error may end with it."""
    if not _is_stream(reply):
        return None
    found = typed_events(reply)
    ends = [one for one in found if one.type in TERMINAL]
    if not ends:
        if reply.error is not None:
            return None
        last = found[-1].type if found else "none"
        return Fail("the stream has no last event", " | ".join(TERMINAL), quote(last), last_event(reply))
    if len(ends) > 1 or found[-1] is not ends[-1]:
        after = ends[-1] if len(ends) > 1 else found[-1]
        return Fail(f"{after.type} follows {ends[0].type}", "nothing after the last event", after.type, (after.span,))
    return _contradiction(ends[-1]) or Pass()


def _contradiction(last: TypedEvent) -> Fail | None:
    whole = last.data.get("response")
    status = whole.get("status") if isinstance(whole, dict) else None
    wanted = last.type.removeprefix("response.")
    if status == wanted:
        return None
    return Fail(f"{last.type} has a response with another status", wanted, quote(status), (last.span,))


@check(
    "responses-one-response",
    "All events of a stream are about one response: its id and its model do not change.",
    failure="{cases} had a stream with several ids or models",
    protocol="responses",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_EVENTS,
    why="The id of the first event is what logs, cancellation and previous_response_id use.",
    fix="Make the id once for each request.",
    example=Example(
        streamed([*_HELLO[:-1], {**_HELLO[-1], "response": response(message(), id="resp_2")}]), "resp_2", SAMPLE_STREAM
    ),
)
def one_response(_: Case, reply: Reply) -> CheckResult | None:
    """Compares the events that have a response."""
    if not _is_stream(reply):
        return None
    held = [(one, one.data["response"]) for one in typed_events(reply) if isinstance(one.data.get("response"), dict)]
    for (_first, before), (second, after) in pairwise(held):
        for name in ("id", "model"):
            if before.get(name) and after.get(name) and before[name] != after[name]:
                got = f"{quote(before[name])}, then {quote(after[name])}"
                return Fail(f"the {name} of the response changes", f"one {name}", got, (second.span,))
    return Pass() if held else None
