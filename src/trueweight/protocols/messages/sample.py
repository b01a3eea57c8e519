"""Messages without a server: sample replies as bytes, and the pieces to write other bodies by hand.

For the examples of checks, and for tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trueweight.core import Exchange, Finish, Mode
from trueweight.core.example import SampleCall, SampleReply
from trueweight.core.json_value import JsonObject
from trueweight.protocols.sample import SSE_TYPE, exchange, given_body, json_bytes, plain

API: Final = "messages"
_REASONS: Final[Mapping[str, str]] = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.CALLS: "tool_use",
    Finish.FILTER: "refusal",
}


def message(*blocks: JsonObject, stop: str | None = "end_turn", usage: Any = (10, 5), **fields: Any) -> JsonObject:
    """A healthy plain response with these blocks."""
    out: JsonObject = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
    }
    counts = usage_of(*usage) if isinstance(usage, tuple) else usage
    return out | ({} if counts is None else {"usage": counts}) | fields


def usage_of(read: int, written: int, *, cached: int | None = None, thought: int | None = None) -> JsonObject:
    """A usage object. ``cached`` of ``read`` came from the cache, and ``thought`` of ``written`` are of the thought;
    None reports neither."""
    counts: JsonObject = {"input_tokens": read - (cached or 0), "output_tokens": written}
    counts |= {} if cached is None else {"cache_read_input_tokens": cached}
    return counts | ({} if thought is None else {"output_tokens_details": {"thinking_tokens": thought}})


def text(words: str) -> JsonObject:
    """A text block."""
    return {"type": "text", "text": words}


def thinking(words: str, **fields: Any) -> JsonObject:
    """A thinking block with a signature."""
    return {"type": "thinking", "thinking": words, "signature": "c2ln"} | fields


def tool_use(name: str | None = "weather", given: Any = None, **fields: Any) -> JsonObject:
    """A call."""
    return {"type": "tool_use", "id": "toolu_1", "name": name, "input": {} if given is None else given} | fields


def events(
    *blocks: JsonObject, stop: str | None = "end_turn", usage: tuple[int, int] | JsonObject | None = (10, 5)
) -> list[JsonObject]:
    """The events of a stream with these blocks, each of whose texts comes in one delta."""
    counts = usage_of(*usage) if isinstance(usage, tuple) else usage
    head = message(stop=None, usage=None if counts is None else counts | {"output_tokens": 1})
    end: JsonObject = {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}}
    end |= {} if counts is None else {"usage": {key: counts[key] for key in counts if key.startswith("output")}}
    inner = [event for at, block in enumerate(blocks) for event in _of_block(at, block)]
    return [{"type": "message_start", "message": head}, *inner, end, {"type": "message_stop"}]


def delta(index: int, kind: str, **fields: Any) -> JsonObject:
    """One delta of a block."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def _of_block(at: int, block: JsonObject) -> Iterator[JsonObject]:
    kind = block["type"]
    empty = {
        name: {} if name == "input" else "" for name in ("text", "thinking", "signature", "input") if name in block
    }
    yield {"type": "content_block_start", "index": at, "content_block": {**block, **empty}}
    if kind == "tool_use":
        pieces = block["input"] if isinstance(block["input"], tuple) else (json.dumps(block["input"]),)
        yield from (delta(at, "input_json_delta", partial_json=piece) for piece in pieces)
    elif kind == "thinking":
        yield delta(at, "thinking_delta", thinking=block["thinking"])
        yield delta(at, "signature_delta", signature=block["signature"])
    else:
        yield delta(at, "text_delta", text=block["text"])
    yield {"type": "content_block_stop", "index": at}


def sse(documents: Iterable[JsonObject]) -> bytes:
    """Events, each with its type as its name."""
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(one["type"]).encode(), json_bytes(one)) for one in documents)


def stream(documents: Iterable[JsonObject], **how: Any) -> Exchange:
    """An exchange whose body is a stream of these events."""
    return raw_stream(sse(documents), **how)


def raw_stream(body: bytes, **how: Any) -> Exchange:
    """An exchange with a stream of these bytes."""
    return exchange(body, **({"mode": Mode.STREAM, "content_type": SSE_TYPE, "api": API} | how))


def answered(*blocks: JsonObject, **fields: Any) -> Exchange:
    """An exchange with a plain response of these blocks."""
    return plain(message(*blocks, **fields), api=API)


def refused(status: int, document: Any) -> Exchange:
    """An exchange that was refused with this body."""
    return plain(document, status=status, api=API)


def write_sample(reply: SampleReply) -> Exchange:
    """The exchange in which a server of this API sends this reply."""
    if (given := given_body(reply, API)) is not None:
        return given
    error = {"type": "error", "error": {"type": "api_error", "message": reply.error}}
    stop = None if reply.finish is None else _REASONS.get(reply.finish, reply.finish)
    read, written = reply.usage or (0, 0)
    counts = usage_of(read, written, cached=reply.cached, thought=reply.thought_tokens)
    usage = None if reply.usage is None else counts
    if not reply.is_stream:
        document = error if reply.error is not None else message(*_blocks(reply), stop=stop, usage=usage)
        return plain(document, mode=reply.mode, status=reply.status, api=API)
    sent = events(*_blocks(reply, streamed=True), stop=stop, usage=usage)
    if reply.error is not None or stop is None:
        sent = [*sent[:-2], *([error] if reply.error is not None else [])]
    return stream(sent, mode=reply.mode, status=reply.status)


def _blocks(reply: SampleReply, *, streamed: bool = False) -> list[JsonObject]:
    out = [] if reply.reasoning is None else [thinking(reply.reasoning)]
    out += [] if reply.content is None else [text(reply.content)]
    return [*out, *(_call(at, one, streamed=streamed) for at, one in enumerate(reply.calls))]


def _call(at: int, one: SampleCall, *, streamed: bool) -> JsonObject:
    given: Any = one.pieces if streamed else _input("".join(map(str, one.pieces)))
    return tool_use(one.name, given, id=f"toolu_{at}" if one.id == "" else one.id)


def _input(arguments: str) -> Any:
    """The object that arguments are the JSON text of; the text itself if they are none, as a careless server sends."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments
