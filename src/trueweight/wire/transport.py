"""What carries the requests, behind httpx's transport interface. Chosen by measurement: see ``tests/bench/wire``.

`FastTransport` stamps a chunk in the call of the event loop that brings it, and wakes no task up for it. The next best
found, aiohttp under httpx's interface, takes over half as much again, and stamps later. Where ours cannot go
(HTTP/2, proxies of the environment), httpx's own does the work. The records are the same.
"""

from __future__ import annotations

import asyncio
import socket
import time
import urllib.request
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLContext
from typing import Any, NamedTuple

import aiohappyeyeballs
import anyio
import httpx

from trueweight.core import ConfigError
from trueweight.wire.answer import Answer
from trueweight.wire.connection import CLOSE_TIMEOUT, Connection

KEEPALIVE = 15.0
"""Seconds after which an idle connection is not used again."""

_RESOLVED = 10.0
"""Seconds that the addresses of a host are taken to be known: many connections open at once, and resolvers are slow."""
_NEXT_ADDRESS = 0.25
"""Seconds after which a host's next address is tried beside the one before (RFC 8305, 5)."""


def make_transport(tls: SSLContext, *, http2: bool = False) -> httpx.AsyncBaseTransport:
    """The transport of one provider: any number of connections, no cookies, no redirects, no decompression.

    Args:
        tls: how servers are verified.
        http2: offer HTTP/2 to servers that speak TLS; needs the extra ``http2``.

    Raises:
        ConfigError: if a proxy of the environment cannot be used. Its URL is not shown: passwords stand in them.
    """
    proxies = {"http", "https", "all"} & urllib.request.getproxies().keys()
    if not http2 and not proxies:
        return FastTransport(tls)
    try:
        return HttpxTransport(tls, http2=http2)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"a proxy that the environment names cannot be used ({type(error).__name__})",
            code="proxy",
            where=", ".join(f"{name.upper()}_PROXY" for name in sorted(proxies)),
            hint="Valid: http://host:port; socks5:// needs pip install 'httpx[socks]'. NO_PROXY names exceptions.",
        ) from None


class _Origin(NamedTuple):
    host: str
    port: int
    secure: bool

    @classmethod
    def of(cls, url: httpx.URL) -> _Origin:
        if url.scheme not in ("http", "https") or not url.host:
            raise httpx.UnsupportedProtocol(f"not a URL of HTTP: {url}")
        secure = url.scheme == "https"
        return cls(url.raw_host.decode("ascii"), url.port or (443 if secure else 80), secure)


class FastTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 on kept connections, each with one request at a time; needs an event loop of asyncio.

    Of httpx's extensions it knows ``trace``, told when a connection stands and when a head is about to be sent, and of
    ``timeout`` it knows ``connect``: DNS, TCP and TLS together. One is its own: ``listener``, a
    `trueweight.wire.answer.Listener` that is handed the body as it comes in. The response's stream is empty then, and
    ends when the body does. Without it the stream is the body in one piece.
    """

    def __init__(self, tls: SSLContext) -> None:
        self._tls = tls
        self._open: set[Connection] = set()
        self._kept: defaultdict[_Origin, list[tuple[Connection, float]]] = defaultdict(list)
        self._lookups: dict[_Origin, tuple[asyncio.Future[list[Any]], float]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return when the head of the response is there.

        Raises:
            httpx.TransportError: if there is no connection, or no response.
        """
        origin, stream = _Origin.of(request.url), request.stream
        # What is bytes already need not be read: that would cost as much as writing the head.
        body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
        data = _head(request) + body
        trace = request.extensions.get("trace")
        new, connection = False, self._take_kept(origin)
        if connection is None:
            connection = await self._connect(origin, request.extensions.get("timeout", {}).get("connect"))
            new = True
        gathering = _Gathering()
        try:
            if trace is not None and new:
                await trace("connection.connect_tcp.complete", {})
            if trace is not None:
                await trace("http11.send_request_headers.started", {})
            answer = await connection.ask(data, request.extensions.get("listener", gathering))
        except BaseException:
            connection.close(at_once=True)
            raise

        def done() -> None:
            if connection.release():
                self._kept[origin].append((connection, time.monotonic()))

        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(connection, answer, gathering.pieces, done),
            request=request,
            extensions={"http_version": answer.version.encode(), "reason_phrase": answer.reason},
        )

    async def aclose(self) -> None:
        """Close all connections; requests under way end with a ReadError."""
        self._kept.clear()
        for lookup, _ in self._lookups.values():
            lookup.cancel()
        self._lookups.clear()
        for connection in list(self._open):
            connection.close()
        with anyio.move_on_after(2 * CLOSE_TIMEOUT):
            for connection in list(self._open):
                await connection.lost.wait()

    def _take_kept(self, origin: _Origin) -> Connection | None:
        """The one that was used last, so that no more are used than are needed."""
        kept = self._kept[origin]
        while kept:
            connection, since = kept.pop()
            if connection.idle and time.monotonic() - since < KEEPALIVE:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: _Origin, timeout: float | None) -> Connection:
        connection = Connection(self._open.discard)
        try:
            with anyio.fail_after(timeout):
                await self._open_connection(origin, connection)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection within the limit") from error
        except (OSError, RuntimeError, UnicodeError) as error:  # uvloop has RuntimeErrors of its own
            raise httpx.ConnectError(f"{type(error).__name__}: {error}") from error
        if not connection.lost.is_set():
            self._open.add(connection)
        return connection

    async def _open_connection(self, origin: _Origin, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        addresses = await self._look_up(origin)
        sock = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS, interleave=1)
        # The loop owns the socket from here on: whoever closed it as well might close what has got its number by then.
        plain, _ = await loop.create_connection(lambda: connection, sock=sock)
        if not origin.secure:
            return
        try:
            name = origin.host.rstrip(".")
            secure = await loop.start_tls(plain, connection, self._tls, server_hostname=name)
        except BaseException:
            plain.abort()
            raise
        assert secure is not None
        connection.use(secure)

    async def _look_up(self, origin: _Origin) -> list[Any]:
        """The host's addresses; one lookup for all who want to know at the same time, whatever comes of it."""
        lookup, since = self._lookups.get(origin, (None, 0.0))
        if lookup is None or (lookup.done() and (time.monotonic() - since > _RESOLVED or lookup.exception())):
            loop = asyncio.get_running_loop()
            lookup = asyncio.ensure_future(loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM))
            self._lookups[origin] = lookup, time.monotonic()
        return await asyncio.shield(lookup)


def _head(request: httpx.Request) -> bytes:
    lines = [request.method.encode("ascii") + b" " + request.url.raw_path + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in request.headers.raw]
    head = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count(b"\r") != breaks or head.count(b"\n") != breaks or b"\0" in head:
        raise httpx.LocalProtocolError("a header holds what no header can carry")
    if request.method in ("HEAD", "CONNECT") or b"\ntransfer-encoding:" in head.lower():
        raise httpx.LocalProtocolError("only requests that bring a body, and whose own has a known length")
    return head + b"\r\n\r\n"


class _Gathering:
    """Keeps the body for those who read it from the stream."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def begin(self) -> None:
        """Nothing to do."""

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Nothing to do."""

    def body(self, data: bytes) -> None:
        """Keep."""
        self.pieces.append(data)

    def end(self) -> None:
        """Nothing to do."""


class _Body(httpx.AsyncByteStream):
    """Ends when the body does; closed before that, it takes the connection with it."""

    def __init__(self, connection: Connection, answer: Answer, pieces: list[bytes], done: Callable[[], None]) -> None:
        self._connection = connection
        self._answer = answer
        self._pieces = pieces
        self._done: Callable[[], None] | None = done

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self._connection.end(self._answer)
        if self._pieces:
            yield b"".join(self._pieces)

    async def aclose(self) -> None:
        done, self._done = self._done, None
        if done is not None:
            done()


class HttpxTransport(httpx.AsyncBaseTransport):
    """A whole httpx client: its proxies and its HTTP/2."""

    def __init__(self, tls: SSLContext, *, http2: bool) -> None:
        self._client = httpx.AsyncClient(
            verify=tls,
            http2=http2,
            follow_redirects=False,
            timeout=httpx.Timeout(None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=KEEPALIVE),
        )
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, and return when the head of the response is there."""
        return await self._client.send(request, stream=True, follow_redirects=False)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()
