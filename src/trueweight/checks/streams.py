"""Streams: sent when requested, in pieces, with a complete end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trueweight.core import Case, Event, Mode, Reply, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, PairedResult, Pass, Scope, check, paired_check
from trueweight.core.evidence import anomalies, last_event, quote, spans_of, whole
from trueweight.core.example import (
    SAMPLE_STREAM,
    Example,
    PairedExample,
    SampleReply,
    SampleTrial,
    calls,
    sample_case,
    says,
)
from trueweight.core.timing import LEAST_AT_ONCE, is_long_stream
from trueweight.protocols import Kind, locate_noun

_CASES = tuple(sample_case(name=f"long-{number}") for number in range(LEAST_AT_ONCE))


def _long(*, arrives: tuple[int, ...]) -> SampleReply:
    return says("so it is " * 20, mode=Mode.STREAM, usage=(10, 60), reasoning="Hm.", arrives=arrives)


@check(
    "stream-honoured",
    "The reply is a stream if the request sets stream to true, and one body if it does not.",
    failure="{message} in {cases}",
    scope=Scope.COMPLETION,
    engine=True,
    row=41,
    source="https://platform.openai.com/docs/api-reference/chat/create",
    why="A client that iterates over events sees none, or waits for the whole reply.",
    fix="Honour the stream parameter; see whether a proxy buffers or rewrites.",
    example=Example(says("hello", mode=Mode.STREAM, streamed=False), "hello", SAMPLE_STREAM),
)
def stream_honoured(_: Case, reply: Reply) -> CheckResult | None:
    """Judges both directions; ``http-json`` judges a body that is not JSON."""
    if anomalies(reply, Kind.STREAM_IGNORED, Kind.STREAM_UNASKED) and (reply.streamed or reply.json is not None):
        form = "a stream" if reply.streamed else "one JSON body"
        other = "one JSON body" if reply.streamed else "a stream"
        return Fail(f"{form} came where {other} was requested", other, form, whole(reply))
    return Pass()


@check(
    "stream-complete",
    "A stream does not end before a finish reason.",
    failure="{message} in {cases}",
    engine=True,
    explains=("finish-reason",),
    row=21,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="The client takes part of an answer for the whole answer.",
    fix="Look for worker crashes and proxy timeouts; send an error event when generation fails.",
    example=Example(says("half", finish=None, usage=None, mode=Mode.STREAM), "", SAMPLE_STREAM),
)
def stream_complete(_: Case, reply: Reply) -> CheckResult | None:
    """``error-in-stream`` judges a stream that reports an error. One that was not read to its end is not judged."""
    if not reply.streamed or reply.error is not None or anomalies(reply, Kind.SSE_MANY, Kind.SSE_UNREAD):
        return None
    if reply.finish is None:
        words = f"the stream {'ends' if reply.done else 'breaks off'} without a finish reason"
        return Fail(words, "a finish reason", "none", last_event(reply))
    return Pass()


@check(
    "error-in-stream",
    "An answer with a success status carries no error.",
    failure="{cases} had an error in an answer with a success status",
    scope=Scope.COMPLETION,
    engine=True,
    row=22,
    explains=(
        "content-matches",
        "finish-reason",
        "finish-reason-known",
        "response-fields",
        "response-shape",
        "structured-output",
        "tool-call-expected",
        "tool-call-matches",
        "tool-choice-required",
    ),
    source="https://platform.openai.com/docs/guides/error-codes",
    why="SDKs look at the status only: the error is lost, or part of an answer is taken for the whole.",
    fix="Fail before the first byte where possible, with a status that says so.",
    example=Example(says("x", finish=None, error="died", mode=Mode.STREAM), "died", SAMPLE_STREAM),
)
def error_in_stream(_: Case, reply: Reply) -> CheckResult | None:
    """Looks for an error in an event, in the body of a plain 200, also as ``{"detail": …}`` alone, which frameworks
    send, and for the finish reason ``error``."""
    if isinstance(reply.json, dict) and reply.json.keys() == {"detail"}:
        words = f"the response has status {reply.status} and an error: {quote(reply.json['detail'])}"
        return Fail(words, "no error", "an error", whole(reply))
    if reply.error is None:
        if any((one.finish_text or "").lower() == "error" for one in reply.choices):
            words = f"the response has status {reply.status} and the finish reason error"
            return Fail(words, "no error", "error", locate_noun(reply, "finish") or last_event(reply))
        return Pass()
    spans = spans_of([event.span for event in reply.events if _is_error(event)]) or whole(reply)
    return Fail(
        f"the response has status {reply.status} and an error: {quote(reply.error)}", "no error", "an error", spans
    )


def _is_error(event: Event) -> bool:
    return (isinstance(event.data, dict) and bool(event.data.get("error"))) or "error" in event.name


@check(
    "arguments-streamed",
    "A call's arguments are streamed as they are generated.",
    failure="{cases} had a call whose arguments came in one piece instead of a stream",
    engine=True,
    severity=Severity.INFO,
    row=19,
    source="https://github.com/ai-dynamo/dynamo/issues/13975",
    why="Interfaces that show a call while it is written show nothing until the end.",
    fix="Let the tool parser forward arguments as they are generated.",
    example=Example(
        calls(("", '{"city":"' + "o" * 70 + '"}'), mode=Mode.STREAM),
        "ooo",
        calls(("", '{"city":"', "o" * 70, '"}'), mode=Mode.STREAM),
    ),
)
def arguments_streamed(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on long arguments in one chunk after a chunk with the name. A whole call in one chunk passes."""
    if not reply.streamed:
        return None
    long = [call for call in reply.calls if call.arguments and len(call.arguments) >= 64]
    late = [call for call in long if call.fragments == 2]
    if late:
        return Fail(
            "the name came first and all arguments in one later chunk", "pieces", "one", spans_of([late[0].span])
        )
    return Pass() if long else None


@paired_check(
    "stream-in-pieces",
    "A stream comes while it is generated, and not in one piece at its end.",
    failure="The whole stream comes in one piece, after the last token is generated, in {cases}",
    row=19,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="The user waits as long as for a plain reply, and every time to the first token is that of the last one.",
    fix="Turn off response buffering in proxies; flush after each event.",
    field="content",
    example=PairedExample(
        tuple(SampleTrial(case, _long(arrives=(2_000_000_000,)), broken=True) for case in _CASES),
        (
            *(SampleTrial(case, _long(arrives=(2_000_000_000,))) for case in _CASES[:2]),
            SampleTrial(_CASES[2], _long(arrives=())),
        ),
    ),
)
def stream_in_pieces(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges streams of 32 tokens or more that begin half a second or more after they are due.

    Fails where all tokens of such streams come within two milliseconds, in three cases or more and in nine of ten: a
    busy client reads one now and then at once. An event that brings no token may come before them.
    """
    late = [one for one in replies if one.at_once is not None and is_long_stream(one.output_tokens, one.content)]
    at_once = [one for one in late if one.at_once]
    systematic = len({one.case.key for one in at_once}) >= LEAST_AT_ONCE and 10 * len(at_once) >= 9 * len(late)
    for one in late:
        words = "all tokens came at once, half a second or more after the request was due"
        yield one, Fail(words, "tokens as they are generated", "one piece") if systematic and one.at_once else Pass()
