"""One attempt: send, and stamp bytes as they arrive. Nothing is parsed here (law 1)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from itertools import accumulate
from typing import Any, cast

import anyio
import httpx

from trueweight.core import Attempt, Failure, FailureKind, Protocol, Stamp
from trueweight.core.exchange import TIMEOUTS
from trueweight.wire.deadlines import Deadlines
from trueweight.wire.failures import TRANSPORT_ERRORS, failure_of_error, failure_of_status
from trueweight.wire.health import PERIOD, LoopWatch
from trueweight.wire.http1 import Http1Transport, StoppedError
from trueweight.wire.request_builder import Outgoing
from trueweight.wire.settings import WireSettings

CUT = Failure(FailureKind.INTERRUPTED, "the run was stopped")
MOST_CHUNKS = 250_000
"""Most chunks of one body: each needs some 200 bytes of memory, however small it is."""


class Capture:
    """Records one attempt while it happens. `attempt` may be called at any moment. It is a listener of `http1`.

    Attributes:
        size: bytes of the body so far.
    """

    def __init__(
        self,
        settings: WireSettings,
        timeout: float,
        clock: Callable[[], int],
        origin: int,
        waited: int,
        *,
        watch: LoopWatch,
        deadlines: Deadlines,
    ) -> None:
        """Args:
        timeout: seconds for the whole attempt.
        clock: monotonic nanoseconds.
        origin: the trial's scheduled start, by that clock; all times are relative to it.
        waited: nanoseconds of deliberate waiting before this attempt.
        watch: knows when the event loop was late.
        deadlines: of all requests under way.
        """
        self._settings = settings
        self._clock = clock
        self._origin = origin
        self._waited = waited
        self._watch = watch
        self._t_send = self._elapsed()
        self._t_connected: int | None = None
        self._kept = False
        self._t_headers: int | None = None
        self._t_done: int | None = None
        self._status: int | None = None
        self._version: str | None = None
        self._headers: tuple[tuple[str, str], ...] = ()
        self._chunks: list[bytes] = []
        self._arrivals: list[int] = []
        self.size = 0
        self._begun = self._whole = False
        self._failure = CUT
        self._protocol: Protocol | None = None
        self._deadlines = deadlines
        self._end = time.monotonic() + timeout
        self._stop: Callable[[], None] | None = None
        self._stopped = False
        self._limit = FailureKind.TIMEOUT_TOTAL
        self._move_after = 0
        # What each chunk needs of the settings, at hand: the way to it takes as long as a stamp.
        self._most_bytes = settings.max_response_bytes
        self._move_every = round(min(settings.stall_timeout, timeout) * 1e8)  # a user may set no limit: infinity

    def _elapsed(self) -> int:
        return self._clock() - self._origin

    async def run(self, transport: httpx.AsyncBaseTransport, outgoing: Outgoing) -> None:
        """Make the attempt. Failures are recorded; only a cancellation from outside is raised."""
        self._protocol = outgoing.protocol
        began = time.monotonic_ns()
        try:
            self._t_send = self._elapsed()
            self._deadlines.set(self, self._end)
            if isinstance(transport, Http1Transport):
                await self._carry(transport, outgoing)
            else:
                await self._send_and_receive(transport, outgoing)
        except StoppedError:
            self._failure = Failure(self._limit, f"no end within the limit ({self.size} bytes arrived)")
        except TRANSPORT_ERRORS as error:
            failure = failure_of_error(error)
            self._failure = replace(failure, kind=self._kind_of_end(failure.kind))
        finally:
            self._deadlines.remove(self)
        if self._t_done is None:
            self._t_done = self._elapsed()
        if self._failure.kind in TIMEOUTS and (late := self._late(began)):
            words = f"this client was {late:.2f} s late when the deadline passed ({self._failure.kind})"
            self._failure = Failure(FailureKind.CLIENT_LIMIT, words)

    def _late(self, began: int) -> float:
        """Seconds by which the event loop was late in this attempt, if that may have let the deadline pass; else 0.

        It may have if the loop was late at the deadline, or for a tenth of the attempt: a response that arrived in time
        would then have been read too late.
        """
        now = time.monotonic_ns()
        late = self._watch.late_between(began, now)
        at_deadline = self._watch.late_between(now - round(2 * PERIOD * 1e9), now)
        return late / 1e9 if at_deadline or late * 10 >= now - began else 0.0

    async def _carry(self, transport: Http1Transport, outgoing: Outgoing) -> None:
        connect, left = self._settings.connect_timeout, self._end - time.monotonic()
        try:
            await transport.carry(outgoing.head, outgoing.body, self, min(connect, left))
        except httpx.ConnectTimeout as error:
            if left < connect:
                raise StoppedError from error
            raise

    async def _send_and_receive(self, transport: httpx.AsyncBaseTransport, outgoing: Outgoing) -> None:
        """Through any other transport, which only a cancellation of this task can stop."""
        with anyio.CancelScope() as scope:
            self._stop = scope.cancel
            await self._listen(transport, outgoing)
        if scope.cancelled_caught:
            raise StoppedError

    async def _listen(self, transport: httpx.AsyncBaseTransport, outgoing: Outgoing) -> None:
        limits = {"connect": self._settings.connect_timeout}
        request = outgoing.build({"trace": self._trace, "timeout": limits, "listener": self})
        response = await transport.handle_async_request(request)
        try:
            if self._status is None:
                self.head(response.status_code, response.http_version, response.headers.raw)
            if not self._whole:  # else all of it came with the head, and was listened to
                stream = cast("AsyncGenerator[bytes, None]", aiter(cast("AsyncIterable[bytes]", response.stream)))
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        self.body(chunk)
                self.end()
        finally:
            # The response's own `aclose` only adds the request to errors, and takes as long as a stamp of ten chunks.
            await cast("httpx.AsyncByteStream", response.stream).aclose()

    # Called while bytes arrive: by `Http1Transport`, and by others that know the extension ``listener``. Else by `run`.

    def connected(self) -> None:
        """A new connection is ready."""
        self._t_connected = self._elapsed()

    def sending(self, stop: Callable[[], None]) -> None:
        """The request is about to be written."""
        if self._stopped:
            raise StoppedError
        self._stop = stop
        self._note_sending()

    def _note_sending(self) -> None:
        if self._settings.first_byte_timeout is not None:
            self._allow(self._settings.first_byte_timeout, FailureKind.TIMEOUT_FIRST_BYTE)
        if self._t_connected is None:
            # No new connection was reported, so a kept one is used; the time until now was spent on preparations.
            self._kept = True
            self._t_send = self._elapsed()

    def begin(self) -> None:
        """The first byte of the response arrived."""
        self._begun = True

    def head(self, status: int, version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """The head arrived."""
        self._note_head()
        self._status, self._version = status, version
        self._headers = tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])
        self._expect_more()

    @property
    def chunks(self) -> int:
        """Chunks of the body so far."""
        return len(self._arrivals)

    @property
    def compressed(self) -> bool:
        """Whether the body may be larger than its bytes, so that its size does not bound the work on it."""
        begin = self._chunks[0][:2] if self._chunks else b""
        return begin == b"\x1f\x8b" or any(name.lower() == "content-encoding" for name, _ in self._headers)

    def body(self, data: bytes) -> None:
        """Bytes of the body arrived."""
        now = self._clock() - self._origin
        # Whole numbers here, and `Stamp`s when all have arrived: Python searches only objects for reference cycles.
        self._arrivals.append(now)
        self._chunks.append(data)
        self.size += len(data)
        if self._too_large():
            self.cancel()
        # Moving a deadline costs more than a stamp, so it moves when a tenth of the stall time-out is used up.
        elif now > self._move_after:
            self._expect_more()

    def end(self) -> None:
        """The body is complete."""
        if self._t_done is None:
            self._t_done = self._elapsed()
            self._whole = True

    def _too_large(self) -> bool:
        return self.size > self._most_bytes or len(self._arrivals) > MOST_CHUNKS

    def _note_head(self) -> None:
        self._begun = True
        if self._t_headers is None:
            self._t_headers = self._elapsed()

    def _expect_more(self) -> None:
        self._move_after = self._elapsed() + self._move_every
        self._allow(self._settings.stall_timeout * 1.1, FailureKind.TIMEOUT_STALL)

    def _allow(self, seconds: float, kind: FailureKind) -> None:
        if self._stopped:  # bytes that arrive before the task has ended must not change which limit ended it
            return
        limit = time.monotonic() + seconds
        self._limit = kind if limit < self._end else FailureKind.TIMEOUT_TOTAL
        self._deadlines.set(self, min(limit, self._end))

    def cancel(self) -> None:
        """End the attempt early: a limit is reached. While a connection is made, `_carry` has a limit for that."""
        self._stopped = True
        if self._stop is not None:
            self._stop()

    def _kind_of_end(self, kind: FailureKind) -> FailureKind:
        """The kind for a connection that ended. After the head it is ``truncated``, whether by a reset or a close."""
        if kind not in (FailureKind.RESET, FailureKind.TLS):
            return kind
        if self._status is not None:
            return FailureKind.TRUNCATED
        stale = kind is FailureKind.RESET and self._kept and not self._begun
        return FailureKind.STALE_CONNECTION if stale else kind

    async def _trace(self, name: str, _: dict[str, Any]) -> None:
        if name.endswith("receive_response_headers.complete"):
            self._note_head()
        elif name in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self.connected()
        elif name.endswith("send_request_headers.started"):
            self._note_sending()

    def attempt(self) -> Attempt:
        """The attempt as recorded so far."""
        body = b"".join(self._chunks)
        failure: Failure | None = self._failure
        if self._too_large():
            large = self.size > self._settings.max_response_bytes
            limit = f"{self._settings.max_response_bytes} bytes" if large else f"{MOST_CHUNKS} chunks"
            failure = Failure(FailureKind.TOO_LARGE, f"more than {limit}; rest not read")
        # A complete response counts, also if the run was stopped right after its last byte.
        elif self._status is not None and self._whole:
            if 200 <= self._status < 300:
                failure = self._late_error(body)
            else:
                failure = failure_of_status(self._status, self._location())
        return Attempt(
            waited=self._waited,
            t_send=self._t_send,
            t_connected=self._t_connected,
            t_headers=self._t_headers,
            t_done=self._elapsed() if self._t_done is None else self._t_done,
            status=self._status,
            http_version=self._version,
            headers=self._headers,
            body=body,
            stamps=self._stamps(),
            failure=failure,
        )

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(map(Stamp, self._arrivals, accumulate(map(len, self._chunks), initial=0)))

    def _late_error(self, body: bytes) -> Failure | None:
        """The failure that the body of a success status reports: the server failed after it had sent the status."""
        message = None if self._protocol is None else self._protocol.error_in(body)
        return None if message is None else Failure(FailureKind.ERROR_IN_BODY, message)

    def _location(self) -> str | None:
        return next((value for name, value in self._headers if name.lower() == "location"), None)
