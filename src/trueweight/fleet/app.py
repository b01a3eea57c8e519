"""ASGI: reads requests and plays response scripts. One application serves all providers; the port says which one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from trueweight.fleet.completion import Abort, Drop, Pause, ResponseScript
from trueweight.fleet.provider import LARGEST, FleetProvider, HttpRequest

AsgiScope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class FleetApp:
    """The application behind every port of the fleet."""

    def __init__(self, providers: Mapping[int, FleetProvider]) -> None:
        self._providers = providers

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        provider = self._providers[scope["server"][1]]
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        body = await _body(receive)
        await _play(provider.respond(HttpRequest(scope["method"], scope["path"], headers, body)), send)


async def _body(receive: Receive) -> bytes | None:
    """The whole request body; None if it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(parts)
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts) if size <= LARGEST else None


async def _play(response: ResponseScript, send: Send) -> None:
    """Send the head, then each step. Returning before the body's end makes the server close the connection."""
    headers = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in response.headers]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    last = len(response.steps) - 1
    for at, step in enumerate(response.steps):
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, Drop | Abort):
            # An empty write makes sure that the head is out: what follows is a cut body, not a missing reply.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
            return
        else:
            await send({"type": "http.response.body", "body": step.data, "more_body": at < last})
            await asyncio.sleep(0)  # a long stream must not hold up the other providers
    if not response.steps or isinstance(response.steps[-1], Pause):
        await send({"type": "http.response.body", "body": b""})
