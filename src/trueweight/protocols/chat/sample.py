"""Chat completions without a server: sample replies as bytes, and the pieces to write other bodies by hand.

For the examples of checks, and for tests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trueweight.core import DEFAULT_API, Exchange, Mode
from trueweight.core.example import SampleCall, SampleReply
from trueweight.core.json_value import JsonObject
from trueweight.core.request import WORD_OF_FINISH
from trueweight.protocols.sample import SSE_TYPE, exchange, given_body, plain, sse, stream


def message(finish: str | None = "stop", usage: Any = (10, 5), **fields: Any) -> JsonObject:
    """A healthy plain response with one message."""
    out: JsonObject = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": None} | fields, "finish_reason": finish},
        ],
    }
    return out | ({"usage": usage_of(*usage) if isinstance(usage, tuple) else usage} if usage is not None else {})


def usage_of(prompt: int, completion: int) -> dict[str, int]:
    """A usage object that adds up."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def chunk(finish: str | None = None, **delta: Any) -> JsonObject:
    """A chunk with one delta."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def usage_chunk(prompt: int = 10, completion: int = 5) -> JsonObject:
    """The last chunk of a stream with ``include_usage``."""
    return chunk() | {"choices": [], "usage": usage_of(prompt, completion)}


def call(name: str | None = "f", arguments: Any = "{}", **fields: Any) -> JsonObject:
    """One whole tool call."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}} | fields


def fragment(index: int | None, name: str | None, arguments: str, **fields: Any) -> JsonObject:
    """One fragment of a streamed tool call."""
    function = {"arguments": arguments} | ({} if name is None else {"name": name})
    return ({} if index is None else {"index": index}) | fields | {"function": function}


def parts(*fragments: JsonObject) -> Exchange:
    """A stream of tool-call fragments."""
    return stream([*(chunk(tool_calls=[one]) for one in fragments), chunk("tool_calls"), usage_chunk()])


def raw_stream(body: bytes) -> Exchange:
    """A stream of these bytes."""
    return exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE)


STREAMED_CALL = parts(
    fragment(0, "weather", "", id="a", type="function"),
    fragment(0, None, '{"city":'),
    fragment(0, None, '"Oslo","x":"' + "y" * 60 + '"}'),
)


def write_sample(reply: SampleReply) -> Exchange:
    """The exchange in which a server of chat completions sends this reply."""
    if (given := given_body(reply, DEFAULT_API)) is not None:
        return given
    finish = None if reply.finish is None else WORD_OF_FINISH.get(reply.finish, reply.finish)
    if reply.is_stream:
        how: JsonObject = {"mode": reply.mode, "content_type": SSE_TYPE, "status": reply.status, "times": reply.arrives}
        return exchange(sse(_chunks(reply, finish)), **how)
    if reply.error is not None:
        return plain({"error": {"message": reply.error}}, mode=reply.mode, status=reply.status)
    fields: JsonObject = {"content": reply.content}
    fields |= {"reasoning_content": reply.reasoning} if reply.reasoning is not None else {}
    fields |= {"tool_calls": [_call(at, one) for at, one in enumerate(reply.calls)]} if reply.calls else {}
    return plain(message(finish, usage=_usage(reply), **fields), mode=reply.mode, status=reply.status)


def _chunks(reply: SampleReply, finish: str | None) -> Iterable[JsonObject]:
    yield chunk(role="assistant")
    if reply.reasoning is not None:
        yield chunk(reasoning_content=reply.reasoning)
    if reply.content is not None:
        yield chunk(content=reply.content)
    for at, one in enumerate(reply.calls):
        first = {"index": at, **_call(at, one), "function": {"name": one.name, "arguments": one.pieces[0]}}
        yield chunk(tool_calls=[first])
        for piece in one.pieces[1:]:
            yield chunk(tool_calls=[{"index": at, "function": {"arguments": piece}}])
    if reply.error is not None:
        yield {"error": {"message": reply.error}}
    if finish is not None:
        yield chunk(finish)
    if reply.usage is not None:
        yield chunk() | {"choices": [], "usage": _usage(reply)}


def _call(at: int, one: SampleCall) -> JsonObject:
    return call(one.name, one.whole, id=f"call_{at}" if one.id == "" else one.id)


def _usage(reply: SampleReply) -> JsonObject | None:
    if reply.usage is None:
        return None
    counts: JsonObject = {**usage_of(*reply.usage)}
    if reply.total is not None:
        counts["total_tokens"] = reply.total
    if reply.cached is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": reply.cached}
    if reply.thought_tokens is not None:
        counts["completion_tokens_details"] = {"reasoning_tokens": reply.thought_tokens}
    return counts
