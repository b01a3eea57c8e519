"""One attempt: send, and stamp bytes as they arrive. Nothing is parsed here (law 1)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from typing import Any, cast

import anyio
import httpx

from trueweight.core import Attempt, Failure, FailureKind, Stamp
from trueweight.wire.failures import TRANSPORT_ERRORS, failure_of_error, failure_of_status
from trueweight.wire.late_error import failure_of_body
from trueweight.wire.outgoing import Outgoing
from trueweight.wire.settings import WireSettings


class Capture:
    """The record of one attempt while it is being made; what is there can be taken at any moment."""

    def __init__(self, clock: Callable[[], int], origin: int, waited: int) -> None:
        self._clock = clock
        self._origin = origin
        self._waited = waited
        self._t_send = self._elapsed()
        self._t_connected: int | None = None
        self._kept = False
        self._t_headers: int | None = None
        self._t_done: int | None = None
        self._response: httpx.Response | None = None
        self._chunks: list[bytes] = []
        self._stamps: list[Stamp] = []
        self._size = 0
        self._scope = anyio.CancelScope()
        self._limit = FailureKind.TIMEOUT_TOTAL

    def _elapsed(self) -> int:
        return self._clock() - self._origin

    async def run(
        self, transport: httpx.AsyncBaseTransport, outgoing: Outgoing, settings: WireSettings, timeout: float
    ) -> Failure | None:
        """Make the attempt; its failure, or None. Only cancellation from outside is raised."""
        end = anyio.current_time() + timeout
        try:
            # Of aiohttp's time-outs "pool" is the one that covers DNS, TCP and TLS together.
            connect = {"connect": settings.connect_timeout, "pool": settings.connect_timeout}
            request = outgoing.build({"trace": self._trace, "timeout": connect})
            self._t_send = self._elapsed()
            with self._scope:
                self._allow(settings.first_byte_timeout, FailureKind.TIMEOUT_FIRST_BYTE, end)
                response = await transport.handle_async_request(request)
                try:
                    self._response = response
                    self._t_headers = self._t_headers or self._elapsed()
                    failure = await self._receive(response, settings, end)
                finally:
                    await response.aclose()
        except TRANSPORT_ERRORS as error:
            failure = failure_of_error(error)
            if failure.kind is FailureKind.RESET:
                failure = Failure(self._kind_of_end(), failure.detail)
        else:
            if self._scope.cancelled_caught:
                failure = Failure(self._limit, f"no end within the limit ({self._size} bytes came)")
        self._t_done = self._elapsed()
        return failure

    def _kind_of_end(self) -> FailureKind:
        """What it is when the peer went away: aiohttp tells no reset from a close once a body has begun."""
        if self._response is not None:
            return FailureKind.TRUNCATED
        return FailureKind.STALE_CONNECTION if self._kept and self._t_headers is None else FailureKind.RESET

    async def _receive(self, response: httpx.Response, settings: WireSettings, end: float) -> Failure | None:
        stall = settings.stall_timeout
        moved = self._t_headers or 0
        self._allow(stall * 1.1, FailureKind.TIMEOUT_STALL, end)
        stream = cast("AsyncGenerator[bytes, None]", aiter(cast("AsyncIterable[bytes]", response.stream)))
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                now = self._clock() - self._origin
                self._stamps.append(Stamp(now, self._size))
                self._chunks.append(chunk)
                self._size += len(chunk)
                if self._size > settings.max_response_bytes:
                    return Failure(
                        FailureKind.TOO_LARGE, f"more than {settings.max_response_bytes} bytes; rest not read"
                    )
                # Moving a deadline costs more than a stamp, so it moves when a tenth of it is used up.
                if now - moved > stall * 1e8:
                    moved = now
                    self._allow(stall * 1.1, FailureKind.TIMEOUT_STALL, end)
        failed = failure_of_status(response.status_code, response.headers.get("location"))
        return failed or failure_of_body(b"".join(self._chunks))

    def _allow(self, seconds: float | None, kind: FailureKind, end: float) -> None:
        limit = end if seconds is None else anyio.current_time() + seconds
        self._limit = kind if limit < end else FailureKind.TIMEOUT_TOTAL
        self._scope.deadline = min(limit, end)

    async def _trace(self, name: str, _: dict[str, Any]) -> None:
        if name.endswith("receive_response_headers.complete"):
            self._t_headers = self._elapsed()
        elif name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._t_connected = self._elapsed()
        elif name.endswith("send_request_headers.started") and self._t_connected is None:
            # On a kept connection nothing but our own preparations came before this; a new one counts from its start.
            self._kept = True
            self._t_send = self._elapsed()

    def attempt(self, failure: Failure | None) -> Attempt:
        """What is on record so far, ended by this failure."""
        response = self._response
        raw = response.headers.raw if response is not None else ()
        return Attempt(
            waited=self._waited,
            t_send=self._t_send,
            t_connected=self._t_connected,
            t_headers=self._t_headers,
            t_done=self._elapsed() if self._t_done is None else self._t_done,
            status=None if response is None else response.status_code,
            http_version=None if response is None else response.http_version,
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw),
            body=b"".join(self._chunks),
            stamps=tuple(self._stamps),
            failure=failure,
        )
