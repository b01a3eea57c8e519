"""CONNECT: asks an HTTP proxy for a tunnel to a server (RFC 9110, 9.3.6)."""

from __future__ import annotations

import asyncio

import httpx

from trueweight.wire.http1.response import BodyBuffer, IncomingResponse


class Tunnel(asyncio.Protocol):
    """Speaks to the proxy until the tunnel is open. TLS to the server takes over the transport afterwards."""

    def __init__(self) -> None:
        self._buffer = BodyBuffer()
        self._response = IncomingResponse(self._buffer)
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._error: Exception | None = None
        self._surplus = False

    async def open(self, transport: asyncio.Transport, authority: str, headers: bytes) -> None:
        """Ask for the tunnel and return when the proxy grants it.

        Args:
            transport: the connection to the proxy, over TCP or TLS.
            authority: ``host:port`` of the server.
            headers: further header lines, each with its line end.

        Raises:
            httpx.ProxyError: if the proxy refuses, or does not speak HTTP.
            httpx.ConnectError: if the proxy could not reach the server (5xx), or closes the connection.
        """
        transport.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n".encode("ascii") + headers + b"\r\n")
        await self._answered
        if self._error is not None:
            raise self._error
        status = self._response.status
        if not 200 <= status < 300:
            words = f"the proxy answered CONNECT with HTTP {status} {self._response.reason.decode('latin-1')}".rstrip()
            raise httpx.ConnectError(words) if status >= 500 else httpx.ProxyError(words)
        if self._surplus or self._response.surplus or self._buffer.pieces:
            raise httpx.ProxyError("the proxy sent bytes before TLS began")
        if transport.is_closing():
            raise httpx.ConnectError("the proxy closed the tunnel at once")

    # Called by the event loop.

    def data_received(self, data: bytes) -> None:
        """Bytes of the proxy's response to CONNECT."""
        if self._answered.done():
            self._surplus = True
            return
        try:
            self._response.feed(data)
        except httpx.RemoteProtocolError as error:
            self._finish(httpx.ProxyError(f"the proxy's response to CONNECT is {error}"))
        else:
            if self._response.headed:
                self._finish(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The proxy closed the connection."""
        if not self._answered.done():
            how = "" if error is None else f" ({type(error).__name__}: {error})"
            words = f"the proxy closed the connection before it answered CONNECT{how}"
            self._finish(httpx.ConnectError(words))

    def _finish(self, error: Exception | None) -> None:
        # Not the future's exception: asyncio reports one that is never read, and TLS to the proxy may fail before.
        self._error = error
        self._answered.set_result(None)
