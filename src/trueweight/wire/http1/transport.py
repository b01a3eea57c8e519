"""The transport: connections that are kept and used again, each with one request at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from ssl import SSLContext

import anyio
import httpx

from trueweight.wire.http1.connection import CLOSE_TIMEOUT, Connection, ReadTurns
from trueweight.wire.http1.dial import Dialer, Origin
from trueweight.wire.http1.request import RequestHead, write_head
from trueweight.wire.http1.response import BodyBuffer, IncomingResponse, SendListener

KEEPALIVE = 15.0
"""Seconds after which an idle connection is closed instead of used."""
_HEADS = 1000
"""Heads whose bytes are kept; a provider has one for each mode and size of body."""


class Http1Transport(httpx.AsyncBaseTransport):
    """HTTP/1.1 for httpx. Needs an asyncio event loop. Opens as many connections as there are requests at once.

    It reads three of a request's extensions:

    - ``trace``: called with ``connection.connect_tcp.complete`` when a new connection is ready to send, and with
      ``http11.send_request_headers.started`` before the head is sent.
    - ``timeout``: only ``connect``, in seconds, for DNS, TCP, the proxy's tunnel and TLS together.
    - ``listener``: a `trueweight.wire.http1.Listener` that receives the response while it arrives. The response's
      stream is empty then and ends with the body. Without a listener the stream is the body in one piece.

    `carry` does the same for a caller that needs no objects of httpx, which take as long as all the rest.
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
        self._written = lru_cache(_HEADS)(self._write)
        self._open: set[Connection] = set()
        self._kept: defaultdict[Origin, list[tuple[Connection, float]]] = defaultdict(list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return when the head of its response is complete.

        Raises:
            httpx.TransportError: if there is no connection or no response.
        """
        origin, head = self._write(RequestHead(request.method, request.url, request.headers))
        data = head + await request.aread()
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

        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_BodyStream(connection, response, buffer.pieces, lambda: self._release(connection, origin)),
            request=request,
            extensions={"http_version": response.version.encode(), "reason_phrase": response.reason},
        )

    async def carry(self, head: RequestHead, body: bytes, listener: SendListener, connect: float | None) -> None:
        """Send a request, pass its response to the listener, and return when it is complete.

        Args:
            connect: most seconds for DNS, TCP, the proxy's tunnel and TLS together; None for any.

        Raises:
            httpx.TransportError: if there is no connection, or no whole response.
            StoppedError: if the listener stops it.
        """
        origin, data = self._written(head)
        kept = self._take_kept(origin)
        connection = kept or await self._connect(origin, connect)
        try:
            if kept is None:
                listener.connected()
            listener.sending(connection.stop)
            await connection.exchange(data + body, listener)
        except BaseException:
            connection.close(abort=True)
            raise
        self._release(connection, origin)

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

    def _release(self, connection: Connection, origin: Origin) -> None:
        if connection.release():
            self._kept[origin].append((connection, time.monotonic()))

    def _write(self, head: RequestHead) -> tuple[Origin, bytes]:
        """Where a request goes, and the bytes of its head."""
        origin = Origin.of(head.url)
        forwarded = self._dialer.forwards(origin)
        return origin, write_head(head, forwarded=forwarded, credentials=self._dialer.credentials)


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
