"""The events of a stream: their names, their shape, their order, and the blocks that they join to."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity, Span
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import fail_on, last_event, quote, spans_of
from trueweight.core.example import Example
from trueweight.protocols import Kind
from trueweight.protocols.arguments import repetition_of
from trueweight.protocols.messages.flaws import FlawKind, flaws_of_stream
from trueweight.protocols.messages.sample import delta, events, raw_stream, sse, stream, text, thinking, tool_use

_STREAMING = "https://platform.claude.com/docs/en/build-with-claude/streaming"
GOOD = stream(events(thinking("hm"), text("hello"), tool_use(given={"city": "Oslo"}), stop="tool_use"))
_PLAIN = events(text("hello"))
_NEW_TEXT = {"text_delta": "text", "thinking_delta": "thinking"}


def _judge_flaws(reply: Reply, *kinds: FlawKind, expected: str) -> CheckResult | None:
    """A failure with the first deviation of these kinds and the number of the others."""
    if not reply.streamed:
        return None
    found = [flaw for flaw in flaws_of_stream(reply) if flaw.kind in kinds]
    if not found:
        return Pass()
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return Fail(f"{found[0].words}{more}", expected, "", spans_of(flaw.span for flaw in found))


@check(
    "messages-event-names",
    "Every event of a stream is named by its type.",
    failure="{cases} had an event without a name, or with another name than its type",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    source=_STREAMING,
    why="SDKs read the name first and leave out events without one: the whole stream is empty to them.",
    fix="Write 'event: ' and the type before the data of each event.",
    example=Example(raw_stream(sse(_PLAIN).replace(b"event: content_block_delta\n", b"")), "text_delta", GOOD),
)
def messages_event_names(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams."""
    return _judge_flaws(reply, FlawKind.NAME, expected="event: TYPE")


@check(
    "messages-event-shape",
    "Every event is a JSON object with its type, its index and its parts, each of the API's type.",
    failure="{cases} had an event that is no JSON object, or lacks a part",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    row=42,
    source=_STREAMING,
    why="Typed clients raise in the middle of a stream.",
    fix="Validate events against the API's schema before they are sent.",
    explains=("reply-not-empty",),
    example=Example(stream([*_PLAIN[:2], delta(0, "text_delta", text=None), *_PLAIN[3:]]), "null", GOOD),
)
def messages_event_shape(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams. Unknown types of events and of blocks are allowed; so are comments, ids and unknown fields."""
    if not reply.streamed:
        return None
    kinds = (
        Kind.SSE_MANY, Kind.JSON_DEEP, Kind.SSE_NOT_A_FIELD, Kind.SSE_EMPTY_DATA, Kind.WRONG_TYPE,
        Kind.CALLS_MANY, Kind.ARGUMENTS_NOT_TEXT,
    )  # fmt: skip
    found = _judge_flaws(reply, FlawKind.SHAPE, expected="the API's types")
    return found if isinstance(found, Fail) else fail_on(reply, *kinds, expected="the API's types") or Pass()


@check(
    "messages-event-order",
    "A stream is message_start, the blocks, message_delta and message_stop, in this order.",
    failure="{cases} had an event of the stream missing, twice or in another order",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    source=_STREAMING,
    why="SDKs raise on an event before message_start, and drop what comes after message_delta.",
    fix="Send message_start before the first block, and the stop reason after the last one.",
    example=Example(stream(_PLAIN[1:]), "content_block_start", GOOD),
)
def messages_event_order(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams. Pings may come anywhere; ``stream-complete`` judges a stream that ends early."""
    return _judge_flaws(reply, FlawKind.ORDER, expected="message_start … message_delta, message_stop")


@check(
    "messages-stream-end",
    "A stream ends with message_stop and nothing after it.",
    failure="{cases} had a stream without message_stop at its end, or something after it",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=21,
    source=_STREAMING,
    why="Clients that wait for it report a cut stream; what follows is never read.",
    fix="Send message_stop as the last event, and no [DONE].",
    example=Example(stream(_PLAIN[:-1]), "message_delta", GOOD),
)
def messages_stream_end(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams that are otherwise complete."""
    if not reply.streamed or reply.error is not None or reply.finish is None:
        return None
    if not reply.done:
        return Fail("the stream ends without message_stop", "message_stop", "nothing", last_event(reply))
    return _judge_flaws(reply, FlawKind.END, expected="nothing after message_stop")


@check(
    "messages-blocks",
    "Each block starts with its index from 0, has its deltas while it is open, and stops.",
    failure="{cases} had a block without one start and one stop, or with a wrong index",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    source=_STREAMING,
    why="SDKs put blocks into a list by index: a wrong one raises, or text goes to another block.",
    fix="Count the index up with each block, and send content_block_stop before the next one and before message_delta.",
    explains=("reply-not-empty",),
    example=Example(stream([*_PLAIN[:3], *_PLAIN[4:]]), "message_delta", GOOD),
)
def messages_blocks(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams; one that ends early is not judged for blocks that are still open."""
    return _judge_flaws(reply, FlawKind.BLOCK, expected="start, deltas and stop of each block")


@check(
    "messages-blocks-apart",
    "A block stops before the next one starts.",
    failure="{cases} had a block that starts before the one before it has stopped",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    source=_STREAMING,
    why="Clients that show the current block mix two of them.",
    fix="Send content_block_stop before the next content_block_start.",
    example=Example(
        stream([_PLAIN[0], *_PLAIN[1:3], _PLAIN[1] | {"index": 1}, _PLAIN[3], _PLAIN[3] | {"index": 1}, *_PLAIN[4:]]),
        "content_block_start",
        GOOD,
    ),
)
def messages_blocks_apart(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams."""
    return _judge_flaws(reply, FlawKind.APART, expected="one open block at a time")


@check(
    "messages-delta-type",
    "A delta has a type that fits its block.",
    failure="{cases} had a delta in a block of another type",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    source="https://github.com/BerriAI/litellm/issues/13373",
    why="SDKs leave the text out, and Claude Code ends with 'Content block is not a thinking block'.",
    fix="Stop the open block and start one of the right type before the first delta of that type.",
    example=Example(stream([*_PLAIN[:2], delta(0, "thinking_delta", thinking="hm"), *_PLAIN[2:]]), "hm", GOOD),
)
def messages_delta_type(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams. Blocks and deltas of unknown types are not judged."""
    return _judge_flaws(reply, FlawKind.DELTA, expected="text_delta in text, thinking_delta in thinking, …")


@check(
    "messages-text-once",
    "Each delta of a text or a thought has new text only.",
    failure="{cases} had a stream whose deltas repeat the text that was sent before",
    protocol="messages",
    scope=Scope.COMPLETION,
    engine=True,
    row=10,
    explains=("stream-text-whole", "stream-text-order", "structured-output", "structured-output-bare"),
    source=_STREAMING,
    why="Clients append deltas: the user sees every beginning of the text one after the other.",
    fix="Send the text since the last delta, once.",
    example=Example(
        stream([*_PLAIN[:2], *(delta(0, "text_delta", text="It is cold"[:at]) for at in (2, 5, 8, 10)), *_PLAIN[3:]]),
        "It is cold",
        GOOD,
    ),
)
def messages_text_once(_: Case, reply: Reply) -> CheckResult | None:
    """Fails where each delta begins with the one before, or where each comes twice. Other checks judge calls."""
    if not reply.streamed:
        return None
    blocks: dict[str, list[tuple[str, Span]]] = {}
    for data, span in ((event.data, event.span) for event in reply.events if isinstance(event.data, dict)):
        given = data.get("delta")
        name = _NEW_TEXT.get(str(given.get("type"))) if isinstance(given, dict) else None
        if isinstance(given, dict) and name is not None:
            words = given.get(name)
            if isinstance(words, str) and words:
                blocks.setdefault(repr(data.get("index")), []).append((words, span))
    for pieces in blocks.values():
        if found := repetition_of([words for words, _ in pieces]):
            spans = spans_of(span for _, span in pieces[found.at - 1 : found.at + 1])
            return Fail(found.words, "new text", quote(found.shown), spans)
    return Pass() if blocks else None
