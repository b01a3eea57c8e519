"""One HTTP/1.1 connection over TCP or TLS: sends a request and passes the response on while it arrives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import anyio
import httpx

from trueweight.wire.http1.response import IncomingResponse, Listener, StoppedError

CLOSE_TIMEOUT = 0.2
"""Seconds that a closing connection waits for the peer's end of the close."""

_MUCH = 128 * 1024
"""Bytes of one read after which other connections are read."""


class ReadTurns:
    """Connections that brought much are read again one by one, one in each turn of the event loop, so that no bytes of
    others wait for more than one large read.

    Without it uvloop reads a fast socket up to 32 times, 8 MB, before it looks at others; and eight such sockets, each
    read once in the same turn, hold up the loop for twelve milliseconds where memory is slow.
    """

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Transport] = deque()

    def wait(self, transport: asyncio.Transport) -> None:
        """Stop reading from a transport until it is its turn."""
        transport.pause_reading()
        self._waiting.append(transport)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._read_next)

    def _read_next(self) -> None:
        while self._waiting:
            transport = self._waiting.popleft()
            if not transport.is_closing():
                transport.resume_reading()
                break
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._read_next)


class Connection(asyncio.Protocol):
    """Carries one request at a time.

    Attributes:
        lost: set when the connection is closed on both sides.
    """

    def __init__(self, on_lost: Callable[[Connection], None], turns: ReadTurns) -> None:
        """Args:
        on_lost: called once, when the connection is closed.
        turns: of the connections that bring much at once.
        """
        self.lost = anyio.Event()
        self._on_lost = on_lost
        self._turns = turns
        self._transport: asyncio.Transport | None = None
        self._response: IncomingResponse | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._wakes_at_head = True
        self._error: Exception | None = None

    @property
    def idle(self) -> bool:
        """Whether a request may be sent."""
        transport = self._transport
        return self._response is None and transport is not None and not transport.is_closing()

    def use_transport(self, transport: asyncio.Transport) -> None:
        """Send over this transport from now on, for example the TLS layer on top of TCP."""
        self._transport = transport

    async def send(self, request: bytes, listener: Listener) -> IncomingResponse:
        """Send a request, and return when the head of its response is complete.

        Raises:
            httpx.RemoteProtocolError: if the bytes that arrive are not a response.
            httpx.ReadError: if the connection breaks.
        """
        response = self._begin(request, listener, wakes_at_head=True)
        while not response.headed:
            await self._wait_for_change()
        return response

    async def exchange(self, request: bytes, listener: Listener) -> None:
        """Send a request, and return when its response is complete; raises as `send` does.

        Raises:
            StoppedError: if `stop` is called before.
        """
        await self.wait_complete(self._begin(request, listener, wakes_at_head=False))

    def stop(self) -> None:
        """End the exchange under way, unless its response is complete. The caller of `exchange` closes the connection.

        A cancelled task would end it too, but the scope that cancels one takes longer than to send its request.
        """
        if self._response is not None and not self._response.complete:
            self._wake(StoppedError())

    def _begin(self, request: bytes, listener: Listener, *, wakes_at_head: bool) -> IncomingResponse:
        transport = self._transport
        if transport is None or self._response is not None or transport.is_closing():
            raise self._error or httpx.ReadError("the connection was closed before anything could be sent")
        self._wakes_at_head = wakes_at_head
        response = self._response = IncomingResponse(listener)
        transport.write(request)
        return response

    async def wait_complete(self, response: IncomingResponse) -> None:
        """Return when the response is complete; raises as `send` does."""
        while not response.complete:
            await self._wait_for_change()

    def release(self) -> bool:
        """End the use by one request. Returns whether another request may follow; if not, the connection is closed."""
        response = self._drop_response()
        # A response may arrive before all of the request is sent; the next request would queue behind the rest.
        if response is not None and response.reusable and self.idle and not self._has_unsent():
            return True
        self.close(abort=response is None or not response.complete)
        return False

    def close(self, *, abort: bool = False) -> None:
        """Close, and pass nothing more on. ``abort`` skips TLS's close and what is unsent."""
        self._wake(httpx.ReadError("the connection was closed on this side"))
        self._drop_response()
        if self._transport is None:
            return
        if abort or self._has_unsent():
            self._transport.abort()
        else:
            self._transport.close()
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._abort)

    def _drop_response(self) -> IncomingResponse | None:
        response, self._response = self._response, None
        if response is not None:
            response.release()
        return response

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _has_unsent(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    async def _wait_for_change(self) -> None:
        """Return when the response has its head or its end; raise when it can have neither."""
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self, error: Exception | None = None) -> None:
        self._error = self._error or error
        if self._waiter is not None and not self._waiter.done():
            if error is None:
                self._waiter.set_result(None)
            else:
                self._waiter.set_exception(error)

    def _finish_response(self, error: Exception | None) -> None:
        """The server sends nothing more."""
        response = self._response
        if response is None or response.complete:
            return
        try:
            if error is not None:
                raise httpx.ReadError(f"{type(error).__name__}: {error}") from error
            response.finish()
        except httpx.TransportError as failed:
            self._wake(failed)
        else:
            self._wake()

    # Called by the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP is connected."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes arrived."""
        response = self._response
        if response is None:  # no request is under way; the bytes must not become the next request's response
            self._wake(httpx.RemoteProtocolError("bytes outside of any response"))
            self.close(abort=True)
            return
        try:
            response.feed(data)
        except Exception as error:  # the server's error or ours: both belong to the request under way
            self._wake(error)
            self.close(abort=True)
            return
        if response.complete or (self._wakes_at_head and response.headed):
            self._wakes_at_head = False
            self._wake()
        if len(data) >= _MUCH:
            self._let_others_read()

    def _let_others_read(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing() and transport.is_reading():
            self._turns.wait(transport)

    def eof_received(self) -> None:
        """The server ended its side. What is unsent of the request is dropped."""
        self._finish_response(None)
        self._abort()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is closed, by the server or by us."""
        self._transport = None
        self._finish_response(error)
        self._drop_response()
        self._on_lost(self)
        self.lost.set()
