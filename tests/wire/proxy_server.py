"""An HTTP proxy on loopback: forwards requests with an absolute URL, and opens tunnels for CONNECT."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class LoopbackProxy:
    """Its URL, and the heads of the requests that it received, in order."""

    url: str = ""
    heads: list[str] = field(default_factory=list)
    connections: int = 0


def header(head: str, name: str) -> str | None:
    """A header's value; None if it is absent."""
    lines = (line.partition(":") for line in head.split("\r\n")[1:])
    return next((value.strip() for key, _, value in lines if key.lower() == name.lower()), None)


def says(data: bytes) -> Answer:
    """Answers every request with these bytes, and closes."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return answer


async def never_answers(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Keeps the connection open without a word, until the client closes it."""
    await reader.read()


@contextlib.asynccontextmanager
async def proxying(
    *, user: str = "", answer: Answer | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[LoopbackProxy]:
    """A running proxy.

    Args:
        user: ``name:password`` that it asks for; it repeats other credentials in its refusal, as some do.
        answer: what it does with every request instead of serving it.
        tls: it is an https proxy.
    """
    proxy = LoopbackProxy()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        proxy.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            proxy.heads.append(head)
            if answer is not None:
                await answer(reader, writer)
            elif user and header(head, "proxy-authorization") != f"Basic {base64.b64encode(user.encode()).decode()}":
                words = f"not {header(head, 'proxy-authorization')}"
                lines = (f"HTTP/1.1 407 {words}", "Connection: close", f"Content-Length: {len(words)}", "", words)
                writer.write("\r\n".join(lines).encode())
                await writer.drain()
            elif head.startswith("CONNECT "):
                await _tunnel(head, reader, writer)
            else:
                await _forward(proxy, head, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    proxy.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _tunnel(head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = head.split(" ")[1].rpartition(":")
    there, back = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        writer.write(b"HTTP/1.0 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(reader, back), _pump(there, writer))
    finally:
        back.close()


async def _forward(proxy: LoopbackProxy, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Requests of one client connection go to one server connection, each with its path only."""
    first = urlsplit(head.split(" ")[1])
    there, back = await asyncio.open_connection(first.hostname, first.port)
    answers = asyncio.ensure_future(_pump(there, writer))
    try:
        while True:
            url = urlsplit(head.split(" ")[1])
            lines = [line for line in head.split("\r\n") if not line.lower().startswith("proxy-authorization:")]
            lines[0] = lines[0].replace(f"{url.scheme}://{url.netloc}", "")
            back.write("\r\n".join(lines).encode("latin-1"))
            back.write(await reader.readexactly(int(header(head, "content-length") or 0)))
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            proxy.heads.append(head)
    finally:
        answers.cancel()
        back.close()
