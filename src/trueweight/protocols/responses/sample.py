"""Responses without a server: sample replies as bytes, and the pieces to write other bodies by hand.

For the examples of checks, and for tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trueweight.core import Exchange, Mode
from trueweight.core.example import SampleCall, SampleReply
from trueweight.core.json_value import JsonObject
from trueweight.protocols.sample import SSE_TYPE, exchange, given_body, json_bytes, plain

API = "responses"
_STATUS = {"stop": "completed", "calls": "completed", "length": "incomplete"}


def message(text: str | None = "hello", **changes: Any) -> JsonObject:
    """A message item with one text."""
    part: JsonObject = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    content = [] if text is None else [part]
    out = {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": content}
    return out | changes


def function_call(name: str | None = "weather", arguments: Any = "{}", at: int = 0, **changes: Any) -> JsonObject:
    """A call item."""
    out = {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", "status": "completed"}
    return out | {"name": name, "arguments": arguments} | changes


def reasoning(text: str = "hm", **changes: Any) -> JsonObject:
    """A reasoning item with the thought itself."""
    content = [{"type": "reasoning_text", "text": text}]
    return {"type": "reasoning", "id": "rs_1", "status": "completed", "summary": [], "content": content} | changes


def usage_of(
    read: int, written: int, total: int | None = None, *, cached: int | None = None, thought: int | None = None
) -> JsonObject:
    """A usage object that adds up, unless ``total`` says otherwise. ``cached`` of ``read`` came from the cache, and
    ``thought`` of ``written`` are of the thought."""
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": cached or 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": thought or 0},
        "total_tokens": read + written if total is None else total,
    }


def response(*output: JsonObject, **changes: Any) -> JsonObject:
    """A healthy response with these items."""
    out: JsonObject = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "m",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "store": False,
        "usage": usage_of(10, 5),
    }
    return out | changes


def incomplete(*output: JsonObject, reason: str = "max_output_tokens", **changes: Any) -> JsonObject:
    """A response that a limit cut; its last item is incomplete."""
    items = [*output[:-1], *({**one, "status": "incomplete"} for one in output[-1:])]
    return response(*items, status="incomplete", incomplete_details={"reason": reason}, **changes)


def events(final: JsonObject, pieces: Sequence[Sequence[str]] = ()) -> list[JsonObject]:
    """The events of a healthy stream that ends in a response; ``pieces`` are the deltas of each of its items."""
    begun = {**final, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None, "error": None}
    out: list[JsonObject] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for at, item in enumerate(final["output"]):
        out += _of_item(item, at, pieces[at] if at < len(pieces) else None)
    out.append({"type": f"response.{final['status']}", "response": final})
    return numbered(out)


def numbered(parts: Iterable[JsonObject]) -> list[JsonObject]:
    """The events with sequence numbers from 0."""
    return [{**one, "sequence_number": at} for at, one in enumerate(parts)]


def _of_item(item: JsonObject, at: int, pieces: Sequence[str] | None) -> Iterator[JsonObject]:
    where = {"item_id": item["id"], "output_index": at}
    kind = item["type"]
    emptied: JsonObject = {"arguments": ""} if kind == "function_call" else {"content": []}
    begun = {**item, "status": "in_progress", **emptied}
    yield {"type": "response.output_item.added", "output_index": at, "item": begun}
    if kind == "function_call":
        named = "response.function_call_arguments"
        for piece in pieces if pieces is not None else [item["arguments"]]:
            yield {"type": f"{named}.delta", **where, "delta": piece}
        yield {"type": f"{named}.done", **where, "name": item["name"], "arguments": item["arguments"]}
    for place, part in enumerate(item.get("content", ())):
        yield from _of_part(part, {**where, "content_index": place}, pieces)
    yield {"type": "response.output_item.done", "output_index": at, "item": item}


def _of_part(part: JsonObject, where: JsonObject, pieces: Sequence[str] | None) -> Iterator[JsonObject]:
    named = f"response.{part['type']}"
    more: JsonObject = {"logprobs": []} if part["type"] == "output_text" else {}
    yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
    for piece in pieces if pieces is not None else [part["text"]]:
        yield {"type": f"{named}.delta", **where, "delta": piece, **more}
    yield {"type": f"{named}.done", **where, "text": part["text"], **more}
    yield {"type": "response.content_part.done", **where, "part": part}


def sse_of(parts: Iterable[JsonObject], *, names: bool = True) -> bytes:
    """Events as server-sent events, each named by its type."""
    frames = []
    for one in parts:
        name = f"event: {one.get('type')}\n".encode() if names else b""
        frames.append(name + b"data: " + json_bytes(one) + b"\n\n")
    return b"".join(frames)


def streamed(parts: Iterable[JsonObject], **how: Any) -> Exchange:
    """An exchange whose body is a stream of these events."""
    return exchange(sse_of(parts), mode=Mode.STREAM, content_type=SSE_TYPE, api=API, **how)


def answered(document: Any, **how: Any) -> Exchange:
    """An exchange with a JSON body."""
    return plain(document, api=API, **how)


def write_sample(reply: SampleReply) -> Exchange:
    """The exchange in which a server of Responses sends this reply."""
    if (given := given_body(reply, API)) is not None:
        return given
    whole = _response(reply)
    if not reply.is_stream:
        document = {"error": {"message": reply.error}} if reply.error is not None else whole
        return answered(document, mode=reply.mode, status=reply.status)
    parts = events(whole, [_pieces(reply, one) for one in whole["output"]])
    if reply.error is not None:
        parts = numbered([*parts[:-1], {"type": "error", "code": None, "message": reply.error, "param": None}])
    elif reply.finish is None:
        parts = parts[:-1]
    return exchange(sse_of(parts), mode=reply.mode, content_type=SSE_TYPE, status=reply.status, api=API)


def _response(reply: SampleReply) -> JsonObject:
    output = [reasoning(reply.reasoning)] if reply.reasoning is not None else []
    output += [message(reply.content)] if reply.content is not None else []
    output += [_call(at, one) for at, one in enumerate(reply.calls)]
    read, written = reply.usage or (0, 0)
    counts = usage_of(read, written, reply.total, cached=reply.cached, thought=reply.thought_tokens)
    usage = None if reply.usage is None else counts
    if reply.finish == "length":
        return incomplete(*output, usage=usage)
    return response(*output, status=_STATUS.get(reply.finish or "stop", reply.finish), usage=usage)


def _call(at: int, one: SampleCall) -> JsonObject:
    item = function_call(one.name, one.whole, at)
    named = {} if one.id is None else {"call_id": one.id or f"call_{at}"}
    return {key: value for key, value in item.items() if key != "call_id"} | named


def _pieces(reply: SampleReply, item: JsonObject) -> Sequence[str]:
    if item["type"] != "function_call":
        return [item["content"][0]["text"]]
    return reply.calls[int(item["id"].removeprefix("fc_"))].pieces
