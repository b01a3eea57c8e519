"""A recorded stream as one response: the text of its server-sent events, or a list of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.core import DEFAULT_API, PROTOCOLS, Attempt, Exchange, Mode, Reply, RequestRecord, Stamp
from trueweight.core.json_value import JsonObject

_STARTS: Final = ("data:", "event:", "id:", ": ")


def stream_api(value: Any) -> str:
    """Name of the API of a recorded stream, by its first event; "" if the value is no stream."""
    first: Any = None
    if isinstance(value, str) and value.lstrip("\ufeff \r\n").startswith(_STARTS):
        lines = (line[5:].strip() for line in value.splitlines() if line.startswith("data:"))
        first = _json(next((line for line in lines if line.startswith("{")), ""))
    elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        first = value[0] if value else None
    match first:
        case {"choices": list()} if "messages" not in first:
            return DEFAULT_API
        case {"type": str(kind)} if kind.startswith("response."):
            return "responses"
        case {"type": "message_start" | "ping"}:
            return "messages"
    return ""


def response_of_stream(value: Any) -> JsonObject:
    """The response of a whole stream in the shape of chat completions, with model, choice and usage.

    Empty if the value is no stream, or if the stream has no end or reports an error: what came of its answer would
    count as the answer.
    """
    api = stream_api(value)
    if not api:
        return {}
    text = value if isinstance(value, str) else _written(value)
    reply = _read(text.encode("utf-8", "surrogatepass"), api)
    # A log of parsed chunks has no [DONE]: there the finish reason is the end.
    if reply.error is not None or not (reply.done or reply.finish is not None):
        return {}
    return _as_response(reply)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _written(events: Sequence[Mapping[str, Any]]) -> str:
    """A list of events as the server sent them. Those of Responses and Messages are named by their type."""
    names = (f"event: {one['type']}\n" if isinstance(one.get("type"), str) else "" for one in events)
    return "".join(f"{name}data: {json.dumps(one)}\n\n" for name, one in zip(names, events, strict=True))


def _read(body: bytes, api: str) -> Reply:
    head = (("Content-Type", "text/event-stream"),)
    attempt = Attempt(0, 0, None, 1, 2, 200, headers=head, body=body, stamps=(Stamp(1, 0),))
    request = RequestRecord("POST", "", (), "")
    return PROTOCOLS.get(api).read(Exchange("", "log", "log", "log", 0, Mode.STREAM, "", request, (attempt,), api=api))


def _as_response(reply: Reply) -> JsonObject:
    calls = [{"type": "function", "function": {"name": one.name, "arguments": one.arguments}} for one in reply.calls]
    message: JsonObject = {"role": "assistant", "content": reply.content, "tool_calls": calls}
    out: JsonObject = {"model": reply.model, "choices": [{"index": 0, "message": message}]}
    if reply.usage is None or (tokens := reply.usage.bill) is None:
        return out
    details = {"cached_tokens": tokens.cached, "cache_write_tokens": tokens.cache_write}
    usage = {"prompt_tokens": tokens.input, "prompt_tokens_details": details, "completion_tokens": tokens.output}
    return {**out, "usage": {**usage, **({} if tokens.cost is None else {"cost": tokens.cost})}}
