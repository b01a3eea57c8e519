"""Exchanges made by hand: the bytes of a reply in, an exchange out. For examples, and for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trueweight.core import Attempt, Exchange, Failure, FailureKind, Mode, RequestRecord, Stamp

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream; charset=utf-8"


def exchange(
    body: bytes,
    *,
    mode: Mode = Mode.PLAIN,
    status: int = 200,
    content_type: str | None = JSON_TYPE,
    headers: Mapping[str, str] | None = None,
    cuts: Sequence[int] = (),
    times: Sequence[int] = (),
    t_send: int = 100,
    t_done: int = 1_000_000,
) -> Exchange:
    """An exchange whose body arrived in chunks that start at 0 and at ``cuts``, at ``times`` (ns)."""
    offsets = [0, *cuts]
    stamps = tuple(Stamp(times[i] if i < len(times) else 1000 * (i + 1), at) for i, at in enumerate(offsets))
    head = dict(headers or {}) | ({"Content-Type": content_type} if content_type else {})
    attempt = Attempt(
        waited=0,
        t_send=t_send,
        t_connected=None,
        t_headers=t_send + 1,
        t_done=t_done,
        status=status,
        headers=tuple(head.items()),
        body=body,
        stamps=stamps,
        failure=Failure(FailureKind.CLIENT_ERROR) if 400 <= status < 500 else None,
    )
    request = RequestRecord("POST", "http://127.0.0.1/v1/chat/completions", (), "{}")
    return Exchange("t" * 20, "p", "s", "c", 0, mode, "2026-01-01T00:00:00.000000Z", request, (attempt,))


def message(finish: str | None = "stop", usage: Any = (10, 5), **fields: Any) -> dict[str, Any]:
    """A healthy plain response with one message."""
    out: dict[str, Any] = {
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


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A chunk with one delta."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }


def usage_chunk(prompt: int = 10, completion: int = 5) -> dict[str, Any]:
    """The last chunk of a stream with ``include_usage``."""
    return chunk() | {"choices": [], "usage": usage_of(prompt, completion)}


def json_bytes(document: Any) -> bytes:
    """JSON in UTF-8, with an escape only where a half code point has no bytes."""
    text = json.dumps(document, ensure_ascii=False)
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in text).encode()


def sse(documents: Iterable[Any], *, done: bool = True) -> bytes:
    """Documents as server-sent events."""
    lines = [b"data: " + json_bytes(document) + b"\n\n" for document in documents]
    return b"".join([*lines, b"data: [DONE]\n\n" if done else b""])


def call(name: str | None = "f", arguments: Any = "{}", **fields: Any) -> dict[str, Any]:
    """One whole tool call."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}} | fields


def plain(document: Any, **how: Any) -> Exchange:
    """An exchange with a JSON body."""
    return exchange(json_bytes(document), **how)


def listed(*models: Any, **changes: Any) -> Exchange:
    """An exchange in which this list of models was fetched."""
    return fetched({"object": "list", "data": list(models)} | changes)


def fetched(document: Any, **how: Any) -> Exchange:
    """An exchange in which the list of models was asked for, and this came."""
    asked = RequestRecord("GET", "http://127.0.0.1/v1/models", (), "")
    return replace(plain(document, **how), request=asked)


def stream(documents: Iterable[Any], *, done: bool = True, **how: Any) -> Exchange:
    """An exchange with a stream."""
    return exchange(sse(documents, done=done), mode=Mode.STREAM, content_type=SSE_TYPE, **how)
