"""Whether this client was fit to measure: a self-test on loopback before a run, and the event loop's lag during it.

It uses real time, not the clock that is passed in: it measures the machine that the program runs on.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile

import anyio
import httpx

from trueweight.wire.failures import TRANSPORT_ERRORS

PERIOD = 0.01
"""Seconds between two samples of the loop's lag."""

LATE = 0.05
"""Seconds of lag that spoil the trials under way: such a delay may be part of any of their times."""

_TESTS = 50
"""Requests of the self-test."""
_TEST_SECONDS = 3.0
"""Most seconds that the self-test takes."""
_KEPT = 1000
"""Stalls that are remembered: the latest ones."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Times of tiny requests to a server in this process, over loopback. More than a few milliseconds is delay that
    this machine adds to every time that it reports.

    Attributes:
        p50_ms, p99_ms: milliseconds from the request to the end of its response.
        carrier: the name of the transport that carried them, which is the run's.
    """

    requests: int
    p50_ms: float
    p99_ms: float
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """How fit the client was while a run sent requests.

    Attributes:
        self_test: before the first request; None if a server on loopback could not be started.
        samples: number of samples of the lag.
        lag_p50_ms, lag_p99_ms, lag_max_ms: how late the event loop woke up.
        stalls: samples with a lag of at least ``LATE``.
        limited: exchanges with a stall in their time.
    """

    self_test: SelfTest | None = None
    samples: int = 0
    lag_p50_ms: float = 0.0
    lag_p99_ms: float = 0.0
    lag_max_ms: float = 0.0
    stalls: int = 0
    limited: int = 0

    @property
    def fit(self) -> bool:
        """Whether no exchange was spoiled."""
        return self.limited == 0


@dataclass
class LoopWatch:
    """Samples the lag of the event loop, and remembers the latest stalls."""

    late: float = LATE
    limited: int = 0
    _counts: dict[int, int] = field(default_factory=dict)
    _worst: float = 0.0
    _stalls: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _stalled: int = 0
    _due: int | None = None
    _timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Sample until cancelled."""
        # With timers of the loop: a task that sleeps a hundred times a second takes a tenth of this client's time.
        self._wait_for_sample(asyncio.get_running_loop())
        try:
            await anyio.sleep_forever()
        finally:
            assert self._timer is not None
            self._timer.cancel()

    def _wait_for_sample(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.monotonic_ns() + round(PERIOD * 1e9)
        self._timer = loop.call_later(PERIOD, self._sample, loop)

    def _sample(self, loop: asyncio.AbstractEventLoop) -> None:
        assert self._due is not None
        self.take(self._due, time.monotonic_ns())
        self._wait_for_sample(loop)

    def take(self, due: int, woke: int) -> None:
        """Add a sample: when it was due and when the loop woke up, in monotonic nanoseconds."""
        lag = max(0, woke - due) / 1e6
        bucket = int(lag * 10)  # tenths of a millisecond, counted: memory stays small however long the run
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self._worst = max(self._worst, lag)
        if lag >= self.late * 1e3:
            self._stalled += 1
            self._stalls.append((due, woke))

    def spoiled(self, began: int, ended: int) -> bool:
        """Whether the loop stalled between two times in monotonic nanoseconds. A stall that still lasts counts."""
        lasts = self._due is not None and ended - self._due >= self.late * 1e9
        if not lasts and not self._stalls:
            return False
        since = takewhile(lambda stall: stall[1] >= began, reversed(self._stalls))
        found = lasts or any(due <= ended for due, _ in since)
        self.limited += found
        return found

    def late_between(self, began: int, ended: int) -> int:
        """Nanoseconds between two times in which the loop was stalled. A stall that still lasts counts."""
        stalls = takewhile(lambda stall: stall[1] >= began, reversed(self._stalls))
        late = sum(max(0, min(woke, ended) - max(due, began)) for due, woke in stalls)
        if self._due is not None and ended - self._due >= self.late * 1e9:
            late += ended - max(self._due, began)
        return late

    def health(self, tested: SelfTest | None) -> Health:
        """Summarize the samples."""
        samples = sum(self._counts.values())
        p50, p99 = (_quantile(self._counts, q, samples) for q in (0.5, 0.99))
        return Health(tested, samples, p50, p99, round(self._worst, 3), self._stalled, self.limited)


def _quantile(counts: dict[int, int], q: float, total: int) -> float:
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= q * total:
            return bucket / 10
    return 0.0


async def self_test(make_transport: Callable[[], httpx.AsyncBaseTransport], carrier: str) -> SelfTest | None:
    """Send ``_TESTS`` requests, one after the other, to a server in this process; None if that is impossible.

    Args:
        make_transport: makes a transport of the kind that the run uses, without a proxy.
        carrier: its name, for the record.
    """
    took: list[float] = []
    with suppress(*TRANSPORT_ERRORS), anyio.move_on_after(_TEST_SECONDS):
        server = await asyncio.start_server(_answer_each, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            transport = make_transport()
            try:
                for _ in range(_TESTS + 1):
                    began = time.perf_counter()
                    response = await transport.handle_async_request(httpx.Request("POST", url, content=b"{}"))
                    await response.aread()
                    await response.aclose()
                    took.append((time.perf_counter() - began) * 1e3)
            finally:
                await transport.aclose()
    return _summarize(took[1:], carrier)  # the first request opens the connection


async def _answer_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
    writer.close()


def _summarize(took: Sequence[float], carrier: str) -> SelfTest | None:
    if not took:
        return None
    ordered = sorted(took)
    p99 = ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]
    return SelfTest(len(ordered), round(ordered[len(ordered) // 2], 3), round(p99, 3), carrier)
