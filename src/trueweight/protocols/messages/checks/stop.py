"""Why a message ended: a reason that the API knows, in agreement with the calls and with the stop sequences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Finish, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import calls_counted, quote, whole
from trueweight.core.example import Example, sample_case
from trueweight.core.request import stop_sequences
from trueweight.protocols import locate_field
from trueweight.protocols.messages.reply import FINISHES
from trueweight.protocols.messages.sample import answered, text, tool_use

_REASONS = "https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons"
_STOPPED = answered(text("one "), stop="stop_sequence", stop_sequence="END")
_END = sample_case(stop=["END"])


@check(
    "messages-stop-reason",
    "A message has a stop reason that the API knows.",
    failure="{cases} had no stop reason, or one that the API does not know",
    protocol="messages",
    engine=True,
    severity=Severity.SHOULD,
    source=_REASONS,
    why="Clients branch on the stop reason, and have no branch for other values.",
    fix="Map the engine's reasons to end_turn, max_tokens, stop_sequence, tool_use and refusal.",
    explains=("finish-reason", "finish-reason-length", "messages-stop-sequence", "messages-stop-reported"),
    example=Example(answered(text("hello"), stop="stop"), '"stop"', answered(text("hello"))),
)
def messages_stop_reason(_: Case, reply: Reply) -> CheckResult | None:
    """``stream-complete`` judges a stream without a stop reason."""
    if reply.error is not None or not reply.choices or (reply.streamed and reply.finish is None):
        return None
    if reply.finish_text in FINISHES:
        return Pass()
    spans = locate_field(reply, "stop_reason") or whole(reply)
    return Fail("the stop reason is unknown or absent", " | ".join(FINISHES), quote(reply.finish_text), spans)


@check(
    "messages-stop-with-calls",
    "The stop reason is tool_use if there are calls, and only then.",
    failure="The stop reason contradicts the calls in {cases}",
    protocol="messages",
    engine=True,
    row=25,
    source=_REASONS,
    why="Agents run tools only at tool_use: other calls are never run, and without a call they wait.",
    fix="Report tool_use whenever the message has calls, forced ones too.",
    example=Example(answered(tool_use(), stop="end_turn"), "end_turn", answered(tool_use(), stop="tool_use")),
)
def messages_stop_with_calls(_: Case, reply: Reply) -> CheckResult | None:
    """A message that a limit, a stop sequence or a refusal ended may have calls."""
    if reply.finish_text not in ("end_turn", "tool_use"):
        return None
    if bool(reply.calls) != (reply.finish_text == "tool_use"):
        words = f"the stop reason is {reply.finish_text}, with {calls_counted(len(reply.calls))}"
        expected = "tool_use" if reply.calls else "end_turn"
        return Fail(words, expected, quote(reply.finish_text), locate_field(reply, "stop_reason") or whole(reply))
    return Pass() if reply.calls else None


@check(
    "messages-stop-sequence",
    "A message names a stop sequence of the request if its stop reason is stop_sequence, and only then.",
    failure="{cases} had a stop reason that contradicts the stop sequence",
    protocol="messages",
    engine=True,
    severity=Severity.SHOULD,
    source=_REASONS,
    why="A client that waits for its delimiter cannot tell it from the end of the answer.",
    fix="Pass the matched sequence from the engine to stop_sequence.",
    example=Example(answered(text("one "), stop="stop_sequence"), "stop_sequence", _STOPPED, _END),
)
def messages_stop_sequence(case: Case, reply: Reply) -> CheckResult | None:
    """``messages-stop-reported`` judges whether the sequence is reported at all."""
    if reply.error is not None or reply.finish is None:
        return None
    named, ended, sequences = _named(reply), reply.finish_text == "stop_sequence", stop_sequences(case.request)
    if not ended and named is None:
        return Pass() if sequences else None
    if ended and named in sequences:
        return Pass()
    got = f"{reply.finish_text}, {quote(named)}"
    return Fail("stop reason and stop sequence do not agree", f"stop_sequence, {quote(sequences)}", got, _place(reply))


@check(
    "messages-stop-reported",
    "A message whose text ended before a stop sequence reports it.",
    failure="{cases} did not report the stop sequence at which the message ended",
    protocol="messages",
    severity=Severity.SHOULD,
    on_request=True,
    params={
        "type": "object",
        "properties": {"sequence": {"type": "string", "minLength": 1}},
        "required": ["sequence"],
        "additionalProperties": False,
    },
    source=_REASONS,
    why="A client that waits for its delimiter cannot tell it from the end of the answer.",
    fix="Report stop_sequence, and the sequence that the engine matched.",
    example=Example(
        answered(text("one "), stop="end_turn"),
        "stop_sequence",
        _STOPPED,
        sample_case({"messages-stop-reported": {"sequence": "END"}}, stop=["END"]),
    ),
)
def messages_stop_reported(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """The case says at which sequence a good answer ends; an answer that a limit cut is not judged."""
    if reply.error is not None or reply.finish not in (Finish.STOP, Finish.OTHER) or reply.calls:
        return None
    if _named(reply) == params["sequence"]:
        return Pass()  # messages-stop-sequence judges the reason beside it
    got = f"{reply.finish_text}, {quote(_named(reply))}"
    return Fail("the stop sequence is not reported", quote(params["sequence"]), got, _place(reply))


def _place(reply: Reply) -> tuple[Span, ...]:
    return locate_field(reply, "stop_sequence") or locate_field(reply, "stop_reason") or whole(reply)


def _named(reply: Reply) -> Any:
    """``stop_sequence`` of the message; None if it is absent, null or empty."""
    holders = (
        [reply.json]
        if not reply.streamed
        else [
            event.data.get("delta")
            for event in reply.events
            if isinstance(event.data, dict) and event.data.get("type") == "message_delta"
        ]
    )
    named = [holder.get("stop_sequence") for holder in holders if isinstance(holder, dict)]
    return next((one for one in reversed(named) if one not in (None, "")), None)
