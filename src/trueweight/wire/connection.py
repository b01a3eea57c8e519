"""One connection of HTTP/1.1, over TCP or TLS: a request goes out, and what comes in is handed on at once."""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import anyio
import httpx

from trueweight.wire.answer import Answer, Arrivals


class Connection(asyncio.Protocol):
    """Carries one request at a time.

    Attributes:
        lost: set when the connection is closed on this side too.
    """

    def __init__(self, all_open: set[Connection]) -> None:
        """It stands in ``all_open`` for as long as it is."""
        self.lost = anyio.Event()
        self._all_open = all_open
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None

    @property
    def idle(self) -> bool:
        """Whether a request may be sent."""
        transport = self._transport
        return self._answer is None and transport is not None and not transport.is_closing()

    async def ask(self, request: bytes, arrivals: Arrivals) -> Answer:
        """Send, and return when the head of the answer is there.

        Raises:
            httpx.RemoteProtocolError: if what came is no answer.
            httpx.ReadError: if the connection broke.
        """
        assert self._transport is not None
        answer = self._answer = Answer(arrivals)
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
        if answer is not None and answer.reusable and self.idle:
            return True
        self.close(at_once=answer is None or not answer.complete)
        return False

    def close(self, *, at_once: bool = False) -> None:
        """Hand nothing on any more, and close; ``at_once`` without a farewell."""
        self._answer = None
        if self._transport is not None:
            (self._transport.abort if at_once else self._transport.close)()

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

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport = cast("asyncio.Transport", transport)
        self._all_open.add(self)
        # A request that waits for the acknowledgement of another would be a delay of our own making.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        answer = self._answer
        if answer is None:
            self.close(at_once=True)  # nobody asked: whatever this is, it must not become another request's answer
            return
        headed = answer.headed
        try:
            answer.feed(data)
        except Exception as error:  # of the server's doing, or our own: either way it belongs to whoever asked
            self.close(at_once=True)
            self._tell(error)
            return
        if answer.complete or answer.headed is not headed:
            self._tell()

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed, by the server or by us."""
        answer, self._answer = self._answer, None
        if answer is not None and not answer.complete:
            try:
                if error is not None:
                    raise httpx.ReadError(str(error)) from error
                answer.finish()
            except httpx.TransportError as failed:
                self._tell(failed)
            else:
                self._tell()
        self._all_open.discard(self)
        self.lost.set()
