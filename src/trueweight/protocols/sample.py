"""Makes exchanges from the bytes of a body, without a server. For the examples of checks, and for tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trueweight.core import DEFAULT_API, Attempt, Case, Exchange, Failure, FailureKind, Mode, RequestRecord, Stamp
from trueweight.core.example import SampleReply
from trueweight.protocols.json_text import escape_lone_surrogates

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
    api: str = DEFAULT_API,
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
    request = RequestRecord("POST", "http://127.0.0.1/v1", (), "{}")
    return Exchange("t" * 20, "p", "s", "c", 0, mode, "2026-01-01T00:00:00.000000Z", request, (attempt,), api=api)


def given_body(reply: SampleReply, api: str) -> Exchange | None:
    """The exchange with the bytes that a sample reply has as its body; None if the API has to write them."""
    if reply.body is None:
        return None
    headers = {"Content-Encoding": reply.encoding} if reply.encoding else None
    head: dict[str, Any] = {"status": reply.status, "content_type": reply.content_type, "headers": headers}
    return exchange(reply.body, mode=reply.mode, api=api, **head)


def json_bytes(document: Any) -> bytes:
    """JSON in UTF-8, with the spaces that Python's ``json`` writes and escapes for lone surrogates only."""
    return escape_lone_surrogates(json.dumps(document, ensure_ascii=False)).encode()


def sse(documents: Iterable[Any], *, done: bool = True) -> bytes:
    """Documents as server-sent events."""
    lines = [b"data: " + json_bytes(document) + b"\n\n" for document in documents]
    return b"".join([*lines, b"data: [DONE]\n\n" if done else b""])


def plain(document: Any, **how: Any) -> Exchange:
    """An exchange with a JSON body."""
    return exchange(json_bytes(document), **how)


def stream(documents: Iterable[Any], *, done: bool = True, **how: Any) -> Exchange:
    """An exchange whose body is a stream of these JSON documents."""
    return exchange(sse(documents, done=done), mode=Mode.STREAM, content_type=SSE_TYPE, **how)


MODELS_CASE = Case("s", "c", {}, api="models")


def listed(*models: Any, **changes: Any) -> Exchange:
    """An exchange in which this list of models was fetched."""
    return fetched({"object": "list", "data": list(models)} | changes)


def fetched(document: Any, **how: Any) -> Exchange:
    """An exchange in which this document is the reply to the request for the list of models."""
    return plain(document, api="models", **how)


WHOLE_LIST = listed({"id": "m", "object": "model", "created": 1_700_000_000, "owned_by": "us"})
