"""Raw TCP servers on loopback that answer each request by a behaviour, and the stage that sends trials to them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio

from trueweight.core import Case, Exchange, Mode, Provider, Trial
from trueweight.wire import Environment, SendResult, WireEvent, WireSettings, send
from trueweight.wire.health import LoopWatch


@dataclass
class ReceivedRequest:
    """One request as a server received it."""

    head: str
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, None if absent."""
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


@dataclass
class Talk:
    """One request being answered: its number on this server (from 0) and the connection."""

    number: int
    request: ReceivedRequest
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int = 200, body: bytes = b'{"ok":1}', **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    async def start_chunks(self) -> None:
        await self.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reset(self) -> None:
        self.writer.transport.abort()


Behaviour = Callable[[Talk], Awaitable[None]]


@dataclass
class FaultServer:
    """Its address, and the requests that it received, in order."""

    url: str = ""
    received: list[ReceivedRequest] = field(default_factory=list)


async def _read_request(reader: asyncio.StreamReader, *, whole: bool) -> ReceivedRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request = ReceivedRequest(head, b"")
    if whole:
        request.body = await reader.readexactly(int(request.header("content-length") or 0))
    return request


@contextlib.asynccontextmanager
async def serving(
    behaviour: Behaviour, tls: ssl.SSLContext | None = None, *, whole: bool = True
) -> AsyncIterator[FaultServer]:
    """A loopback server that answers each request by a behaviour; it hangs up when the behaviour raises.

    If not ``whole``, it answers when it has a request's head.
    """
    fault = FaultServer()
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while not writer.transport.is_closing():
                request = await _read_request(reader, whole=whole)
                fault.received.append(request)
                await behaviour(Talk(len(fault.received) - 1, request, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=tls)
    fault.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield fault
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def silent_host() -> Iterator[tuple[str, int]]:
    """An address that neither accepts a connection nor refuses it: its backlog is full, as Linux counts it."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()


NEVER_LATE = partial(LoopWatch, late=float("inf"))
"""Makes a watch for tests of deadlines, whose event loop may be late under load."""


class Stage:
    """Fires trials at behaviours and keeps what came of it. Deliberate waits are noted, not waited."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.events: list[WireEvent] = []
        self.slept: list[float] = []

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await anyio.sleep(0)

    def environment(self, **changes: Any) -> Environment:
        return Environment(**({"sleep": self._sleep} | changes))

    def trials(self, url: str, count: int = 1, mode: Mode = Mode.PLAIN, **provider: Any) -> list[Trial]:
        given = Provider(**({"name": "p", "base_url": url, "model": "m"} | provider))
        return [Trial.of(Case("s", f"c{n}", {"max_tokens": 100}), given, 0, mode) for n in range(count)]

    async def send(self, trials: list[Trial], **options: Any) -> SendResult:
        settings = WireSettings(**{k: options.pop(k) for k in list(options) if k in WireSettings.__dataclass_fields__})
        options = {"keys": {}, "environment": self.environment(), "sink": self.exchanges.append} | options
        return await send(trials, settings=settings, on_event=self.events.append, **options)

    def against(self, behaviour: Behaviour, count: int = 1, **options: Any) -> SendResult:
        """Send ``count`` plain trials to a server with this behaviour, one at a time."""
        provider = options.pop("provider", {})

        async def run() -> SendResult:
            async with serving(behaviour) as server:
                self.server = server
                return await self.send(self.trials(server.url, count, **provider), **({"concurrency": 1} | options))

        return anyio.run(run)

    @property
    def only(self) -> Exchange:
        assert len(self.exchanges) == 1
        return self.exchanges[0]

    def kinds(self) -> list[str | None]:
        """Failure kinds of the attempts of the only exchange."""
        return [attempt.failure and attempt.failure.kind.value for attempt in self.only.attempts]
