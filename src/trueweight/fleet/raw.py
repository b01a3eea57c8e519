"""A bare-socket HTTP/1.1 server for one provider: writes its own framing, so that faults can break it."""

from __future__ import annotations

import asyncio
import contextlib
import http
import socket
import struct
from collections.abc import Iterator

from trueweight.fleet.completion import Abort, Drop, Pause, ResponseScript, Step, Write
from trueweight.fleet.provider import LARGEST, FleetProvider, HttpRequest

_HEAD = 64 * 1024


def framed(response: ResponseScript) -> Iterator[Step]:
    """The response as HTTP/1.1 writes it: its head, then each write as one chunk of a chunked body."""
    kept = [(key, value) for key, value in response.headers if key != "content-length"]
    lines = [f"HTTP/1.1 {response.status} {http.HTTPStatus(response.status).phrase}"]
    lines += [f"{key}: {value}" for key, value in (*kept, ("transfer-encoding", "chunked"), ("connection", "close"))]
    yield Write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    for step in response.steps:
        yield Write(b"%x\r\n%s\r\n" % (len(step.data), step.data)) if isinstance(step, Write) else step
    yield Write(b"0\r\n\r\n")


class RawServer:
    """Serves one provider on one listening socket, one request a connection."""

    def __init__(self, provider: FleetProvider, sock: socket.socket) -> None:
        self._provider = provider
        self._sock = sock
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to accept."""
        self._server = await asyncio.start_server(self._serve, sock=self._sock, limit=_HEAD)

    async def stop(self) -> None:
        """Stop accepting, and drop the open connections."""
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            request = await _read(reader)
            await _play(self._provider, self._provider.respond(request), writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> HttpRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    body = None if length > LARGEST else await reader.readexactly(length)
    return HttpRequest(method, path, headers, body)


async def _play(provider: FleetProvider, response: ResponseScript, writer: asyncio.StreamWriter) -> None:
    for step in provider.wire(framed(response)):
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
        elif isinstance(step, Write):
            writer.write(step.data)
            await writer.drain()
        elif isinstance(step, Drop):
            return
        elif isinstance(step, Abort):
            # A linger time of zero closes the socket by a reset.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
