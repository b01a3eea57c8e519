"""One connection of HTTP/1.1, over TCP or TLS: a request goes out, and what comes in is handed on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import anyio
import httpx

from trueweight.wire.answer import Answer, Listener

CLOSE_TIMEOUT = 0.2
"""Seconds that a closing connection waits for the other side."""


class Connection(asyncio.Protocol):
    """Carries one request at a time.

    Attributes:
        lost: set when the connection is closed on this side too.
    """

    def __init__(self, on_lost: Callable[[Connection], None]) -> None:
        """``on_lost`` is called when it is closed; nothing is known of it before that but by whoever made it."""
        self.lost = anyio.Event()
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None

    @property
    def idle(self) -> bool:
        """Whether a request may be sent."""
        transport = self._transport
        return self._answer is None and transport is not None and not transport.is_closing()

    def use(self, transport: asyncio.Transport) -> None:
        """Send over this one from now on: TLS has been put on top."""
        self._transport = transport

    async def ask(self, request: bytes, listener: Listener) -> Answer:
        """Send, and return when the head of the answer is there.

        Raises:
            httpx.RemoteProtocolError: if what came is no answer.
            httpx.ReadError: if the connection broke.
        """
        if self._transport is None or not self.idle:
            raise self._error or httpx.ReadError("the connection was closed before anything could be sent")
        answer = self._answer = Answer(listener)
        self._transport.write(request)
        while not answer.headed:
            await self._change()
        return answer

    async def end(self, answer: Answer) -> None:
        """Return when the answer is complete; raises as `ask` does."""
        while not answer.complete:
            await self._change()

    def release(self) -> bool:
        """Done with the answer: whether the connection can carry another request. If not, it is closed."""
        answer, self._answer = self._answer, None
        # An answer may come before all of the request is sent; the next one would queue behind the rest of it.
        if answer is not None and answer.reusable and self.idle and not self._unsent():
            return True
        self.close(at_once=answer is None or not answer.complete)
        return False

    def close(self, *, at_once: bool = False) -> None:
        """Hand nothing on any more, and close; ``at_once`` without a farewell."""
        self._tell(httpx.ReadError("the connection was closed on this side"))
        self._answer = None
        if self._transport is None:
            return
        if at_once or self._unsent():
            self._transport.abort()
        else:
            self._transport.close()
            asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _unsent(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    async def _change(self) -> None:
        """Return when more is known of the answer."""
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _tell(self, error: Exception | None = None) -> None:
        self._error = self._error or error
        if self._waiter is not None and not self._waiter.done():
            if error is None:
                self._waiter.set_result(None)
            else:
                self._waiter.set_exception(error)

    def _ended(self, error: Exception | None) -> None:
        """The server will send nothing more."""
        answer = self._answer
        if answer is None or answer.complete:
            return
        try:
            if error is not None:
                raise httpx.ReadError(f"{type(error).__name__}: {error}") from error
            answer.finish()
        except httpx.TransportError as failed:
            self._tell(failed)
        else:
            self._tell()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        answer = self._answer
        if answer is None:  # nobody asked: whatever this is, it must not become another request's answer
            self._tell(httpx.RemoteProtocolError("bytes that nobody asked for"))
            self.close(at_once=True)
            return
        headed = answer.headed
        try:
            answer.feed(data)
        except Exception as error:  # of the server's doing, or our own: either way it belongs to whoever asked
            self._tell(error)
            self.close(at_once=True)
            return
        if answer.complete or answer.headed is not headed:
            self._tell()

    def eof_received(self) -> None:
        """The server sends nothing more. Nor do we: what is unsent of the request interests nobody."""
        self._ended(None)
        self._abort()

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed, by the server or by us."""
        self._transport = None
        self._ended(error)
        self._answer = None
        self._on_lost(self)
        self.lost.set()
