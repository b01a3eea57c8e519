"""Pieces of a stream: new text only, and one id for all fragments of a call."""

from __future__ import annotations

from typing import Any, NamedTuple

from trueweight.core import Case, Reply, Span
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import fail_on, quote, spans_of
from trueweight.core.example import SAMPLE_STREAM, Example
from trueweight.protocols import Kind
from trueweight.protocols.arguments import FEWEST_TEXTS, repetition_of
from trueweight.protocols.chat.checks.parts import parts_of
from trueweight.protocols.chat.sample import STREAMED_CALL, chunk, fragment, parts, usage_chunk
from trueweight.protocols.sample import stream

_STREAM = "https://platform.openai.com/docs/api-reference/chat-streaming"


class _Piece(NamedTuple):
    text: str
    span: Span


def _said(*contents: str) -> Any:
    return stream([*(chunk(content=text) for text in contents), chunk("stop"), usage_chunk()])


def _calling(*arguments: str, **more: Any) -> Any:
    first = fragment(0, "weather", arguments[0], id="a", type="function")
    return parts(first, *(fragment(0, None, text, **more) for text in arguments[1:]))


@check(
    "stream-text-once",
    "Each delta of a stream has new text only.",
    failure="{cases} had a stream whose deltas repeat the text that was sent before",
    protocol="chat",
    engine=True,
    row=10,
    source=_STREAM,
    why="Clients append deltas: the user sees every beginning of the text one after the other.",
    fix="Send the text since the last delta, once.",
    example=Example(_said("It", "It is", "It is cold", "It is cold today"), "It is cold today", SAMPLE_STREAM),
)
def stream_text_once(_: Case, reply: Reply) -> CheckResult | None:
    """Judges content and reasoning; fails where each delta begins with the one before, where each comes twice, or where
    one has all text so far again."""
    judged = False
    for field in ("content", "reasoning_content", "reasoning"):
        pieces = _pieces(reply, field)
        judged |= len(pieces) >= FEWEST_TEXTS
        if found := repetition_of([piece.text for piece in pieces]):
            spans = spans_of(one.span for one in pieces[found.at - 1 : found.at + 1])
            return Fail(f"{found.words} ({field})", "new text", quote(found.shown), spans)
    return Pass() if judged else None


@check(
    "call-id-constant",
    "All fragments of a call have one id.",
    failure="{cases} had a call whose id changes between its fragments",
    protocol="chat",
    engine=True,
    row=17,
    source=_STREAM,
    why="Clients take each new id for a new call, and run it with part of its arguments.",
    fix="Make the id once for each call; leave it out of the fragments that continue it.",
    example=Example(_calling('{"city":', '"Oslo"}', id="b"), '"b"', STREAMED_CALL),
)
def call_id_constant(_: Case, reply: Reply) -> CheckResult | None:
    """A fragment with another id and a name begins another call, for which ``tool-index-unique`` is there."""
    if not reply.streamed or not reply.calls:
        return None
    return fail_on(reply, Kind.CALL_ID_CHANGES, expected="one id") or Pass()


def _pieces(reply: Reply, field: str) -> list[_Piece]:
    """The texts of a field of the deltas of the choice in view, in order."""
    return [
        _Piece(text, span)
        for choice, span in (parts_of(reply) if reply.streamed else ())
        if isinstance(delta := choice.get("delta"), dict) and (text := delta.get(field)) and isinstance(text, str)
    ]
