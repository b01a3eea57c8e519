"""The transport: connections that are kept and used again, each with one request at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from ssl import SSLContext

import anyio
import httpx

from trueweight.wire.http1.connection import CLOSE_TIMEOUT, Connection, ReadTurns
from trueweight.wire.http1.dial import Dialer, Origin
from trueweight.wire.http1.response import BodyBuffer, IncomingResponse

KEEPALIVE = 15.0
"""Seconds after which an idle connection is closed instead of used."""


class Http1Transport(httpx.AsyncBaseTransport):
    """HTTP/1.1 for httpx. Needs an asyncio event loop. Opens as many connections as there are requests at once.

    It reads three of a request's extensions:

    - ``trace``: called with ``connection.connect_tcp.complete`` when a new connection is ready to send, and with
      ``http11.send_request_headers.started`` before the head is sent.
    - ``timeout``: only ``connect``, in seconds, for DNS, TCP, the proxy's tunnel and TLS together.
    - ``listener``: a `trueweight.wire.http1.Listener` that receives the response while it arrives. The response's
      stream is empty then and ends with the body. Without a listener the stream is the body in one piece.
    """

    def __init__(self, tls: SSLContext, proxy: httpx.Proxy | None = None, turns: ReadTurns | None = None) -> None:
        """Send over ``proxy``, an http or https one, if it is given: by CONNECT to https servers, else by absolute URL.

        Args:
            turns: that the connections of several transports share; None if those of this one have their own.

        Raises:
            httpx.UnsupportedProtocol: if the proxy has another scheme.
        """
        self._dialer = Dialer(tls, proxy)
        self._turns = turns or ReadTurns()
        self._open: set[Connection] = set()
        self._kept: defaultdict[Origin, list[tuple[Connection, float]]] = defaultdict(list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return when the head of its response is complete.

        Raises:
            httpx.TransportError: if there is no connection or no response.
        """
        origin, stream = Origin.of(request.url), request.stream
        # A body that is bytes need not be read: reading it costs as much as writing the head.
        body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
        data = self._head(request, origin) + body
        trace = request.extensions.get("trace")
        new, connection = False, self._take_kept(origin)
        if connection is None:
            connection = await self._connect(origin, request.extensions.get("timeout", {}).get("connect"))
            new = True
        buffer = BodyBuffer()
        try:
            if trace is not None and new:
                await trace("connection.connect_tcp.complete", {})
            if trace is not None:
                await trace("http11.send_request_headers.started", {})
            response = await connection.send(data, request.extensions.get("listener", buffer))
        except BaseException:
            connection.close(abort=True)
            raise

        def release() -> None:
            if connection.release():
                self._kept[origin].append((connection, time.monotonic()))

        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_BodyStream(connection, response, buffer.pieces, release),
            request=request,
            extensions={"http_version": response.version.encode(), "reason_phrase": response.reason},
        )

    async def aclose(self) -> None:
        """Close all connections. Requests under way end with a ReadError."""
        self._kept.clear()
        self._dialer.close()
        for connection in list(self._open):
            connection.close()
        with anyio.move_on_after(2 * CLOSE_TIMEOUT):
            for connection in list(self._open):
                await connection.lost.wait()

    def _take_kept(self, origin: Origin) -> Connection | None:
        """The connection that was used last, so that no more stay open than are needed."""
        kept = self._kept[origin]
        while kept:
            connection, since = kept.pop()
            if connection.idle and time.monotonic() - since < KEEPALIVE:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin, timeout: float | None) -> Connection:
        connection = Connection(self._open.discard, self._turns)
        try:
            with anyio.fail_after(timeout):
                await self._dialer.connect(origin, connection)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection within the limit") from error
        except (OSError, RuntimeError, UnicodeError) as error:
            raise httpx.ConnectError(f"{type(error).__name__}: {error}") from error
        if not connection.lost.is_set():
            self._open.add(connection)
        return connection

    def _head(self, request: httpx.Request, origin: Origin) -> bytes:
        forwarded = self._dialer.forwards(origin)
        target = b"http://" + request.url.netloc if forwarded else b""
        lines = [request.method.encode("ascii") + b" " + target + request.url.raw_path + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in request.headers.raw]
        head = b"\r\n".join(lines)
        breaks = len(lines) - 1
        if head.count(b"\r") != breaks or head.count(b"\n") != breaks or b"\0" in head:
            raise httpx.LocalProtocolError("a header holds a line break or a NUL")
        if request.method in ("HEAD", "CONNECT") or b"\ntransfer-encoding:" in head.lower():
            raise httpx.LocalProtocolError("HEAD, CONNECT and requests of undeclared length are not supported")
        return head + b"\r\n" + (self._dialer.credentials if forwarded else b"") + b"\r\n"


class _BodyStream(httpx.AsyncByteStream):
    """Ends with the body. Closed before that, it closes the connection."""

    def __init__(
        self,
        connection: Connection,
        response: IncomingResponse,
        pieces: list[bytes],
        release: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._response = response
        self._pieces = pieces
        self._release: Callable[[], None] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self._connection.wait_complete(self._response)
        if self._pieces:
            yield b"".join(self._pieces)

    async def aclose(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()
