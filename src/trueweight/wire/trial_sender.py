"""Sends one trial, with its retries, and makes the exchange that records it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import anyio
import httpx

from trueweight.core import Attempt, Exchange, FailureKind, Mode, Trial
from trueweight.wire.background import LARGE, MANY_CHUNKS, VERY_LARGE, Background
from trueweight.wire.capture import CUT, Capture
from trueweight.wire.deadlines import Deadlines
from trueweight.wire.environment import Environment
from trueweight.wire.health import LoopWatch
from trueweight.wire.ledger import Ledger, Reservation, SharedLimits, charge_of
from trueweight.wire.lockstep import Lockstep
from trueweight.wire.redact import Redactor
from trueweight.wire.request_builder import Outgoing
from trueweight.wire.retry import asked_wait, wait_before_retry
from trueweight.wire.settings import EventKind, WireEvent, WireSettings


class WriteQueue:
    """Lets one finished exchange be searched for keys and written in each turn of the event loop, or one worker begin.

    Bytes that arrive meanwhile never wait for more than one small exchange before they are stamped. A large one is
    searched and written in a thread, and those behind it wait without stopping the loop.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self.writing = False
        """Whether a large exchange is being written in a thread."""

    async def write(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run ``work``, which writes in a thread, to its end before the next turn."""
        async with self._lock:
            self.writing = True
            try:
                await work()
            finally:
                self.writing = False

    async def wait_turn(self) -> None:
        """Return when it is the caller's turn: after the callers before it, and after the bytes that have arrived."""
        async with self._lock:
            await asyncio.sleep(0)


@dataclass(frozen=True)
class SendContext:
    """What all lanes of a run share.

    Attributes:
        watch: the event loop's lag.
        deadlines: of all requests under way.
        background: threads for what grows with a body.
        sink: keeps an exchange; never raises, and may be called in a thread.
        notify: reports progress; never raises.
        stop_all: stops every lane, for the reason given.
        limits: that this client shares with others; None if it sends alone.
        starts: trial → its intended start in an open loop, monotonic nanoseconds; empty for a schedule of this client.
    """

    settings: WireSettings
    environment: Environment
    ledger: Ledger
    redactor: Redactor
    lockstep: Lockstep
    write_queue: WriteQueue
    watch: LoopWatch
    deadlines: Deadlines
    background: Background
    sink: Callable[[Exchange], None]
    notify: Callable[[WireEvent], None]
    stop_all: Callable[[str], None]
    limits: SharedLimits | None = None
    starts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RetryGate:
    """What a trial needs from its provider's lane.

    Attributes:
        wait: sleeps so many seconds of back-off, then until the pace allows a start; returns early if the lane stops.
        hold: allows the lane no start for so many seconds, because the server asked for it.
        may_send: whether one more request may be sent; if so, it is accounted for.
        interrupted: whether the lane was stopped by an interrupt, so that a resumed run sends this trial again.
    """

    wait: Callable[[float], Awaitable[None]]
    hold: Callable[[float], None]
    may_send: Callable[[Trial], Awaitable[bool]]
    interrupted: Callable[[], bool]


class TrialSender:
    """Sends one trial. The caller has accounted for its first request."""

    def __init__(self, trial: Trial, request: Outgoing, shared: SendContext, gate: RetryGate, *, late: int = 0) -> None:
        """``late``: nanoseconds since its intended start."""
        self._trial = trial
        self._request = request
        self._shared = shared
        self._gate = gate
        self._attempts: list[Attempt] = []
        self._cost: float | None = None
        self._origin = shared.environment.clock() - late
        self._began = 0
        start = shared.environment.now()
        if late:
            start -= timedelta(microseconds=late // 1000)
        self._started_at = start.isoformat(timespec="microseconds")

    async def run(self, transport: httpx.AsyncBaseTransport) -> Attempt:
        """Send until an attempt succeeds or no retry is allowed, and record the exchange. Returns the final attempt.

        If it is cancelled, it records what has arrived as interrupted.
        """
        self._notify(EventKind.STARTED)
        waited = 0
        try:
            while True:
                await self._attempt(transport, waited)
                wait = self._wait_before_next()
                if wait is None:
                    break
                self._notify(EventKind.RETRIED, waited=wait)
                began = self._shared.environment.clock()
                await self._gate.wait(wait)
                waited = self._shared.environment.clock() - began
                if not await self._gate.may_send(self._trial):
                    if self._gate.interrupted():
                        self._cut_before_sending(waited)
                    break
        finally:
            await self._record()
        return self._attempts[-1]

    async def _attempt(self, transport: httpx.AsyncBaseTransport, waited: int) -> None:
        shared = self._shared
        timeout, clock = self._trial.provider.timeout, shared.environment.clock
        capture = Capture(
            shared.settings, timeout, clock, self._origin, waited, watch=shared.watch, deadlines=shared.deadlines
        )
        self._began = time.monotonic_ns()
        try:
            await capture.run(transport, self._request)
            # A plain one is searched and written in less time than the queue would take.
            if self._trial.mode is Mode.STREAM or shared.write_queue.writing:
                await shared.write_queue.wait_turn()
        finally:
            apart = capture.size >= VERY_LARGE or capture.compressed
            search = shared.background.search_of(self._provider) if apart else None

            def finish() -> tuple[Attempt, Attempt]:
                attempt = capture.attempt()
                return attempt, shared.redactor.attempt(attempt, search)

            large = apart or capture.size >= LARGE or capture.chunks >= MANY_CHUNKS
            attempt, redacted = await shared.background.run(self._provider, finish) if large else finish()
            request, charge = Reservation.of(self._trial), charge_of(self._trial, attempt)
            shared.ledger.settle(request, charge)
            if shared.limits is not None:
                shared.limits.settle(request, charge, answered=attempt.status is not None)
            if charge is not None:
                self._cost = charge.usd + (self._cost or 0.0)
            self._attempts.append(redacted)

    def _wait_before_next(self) -> float | None:
        environment, last = self._shared.environment, self._attempts[-1]
        if last.failure is None:
            return None
        now = environment.now()
        wait = wait_before_retry(self._attempts, self._shared.settings, environment.rng, now)
        if wait is not None and last.failure.kind is FailureKind.RATE_LIMITED:
            self._gate.hold(asked_wait(last, now) or 0.0)
        return wait

    def _cut_before_sending(self, waited: int) -> None:
        now = self._shared.environment.clock() - self._origin
        self._attempts.append(
            Attempt(waited, now, None, None, now, failure=replace(CUT, detail="stopped before a retry"))
        )

    @property
    def _provider(self) -> str:
        return self._trial.provider.name

    async def _record(self) -> None:
        trial, shared = self._trial, self._shared
        exchange = Exchange(
            trial=trial.id,
            provider=trial.provider.name,
            suite=trial.case.suite,
            case=trial.case.id,
            repeat=trial.repeat,
            mode=trial.mode,
            started_at=self._started_at,
            request=self._request.record,
            attempts=tuple(self._attempts),
            client_limited=self._shared.watch.spoiled(self._began, time.monotonic_ns()),
            api=trial.api,
            thinking=trial.thinking,
        )
        waited = size = chunks = 0
        for attempt in self._attempts:
            waited += attempt.waited
            size += len(attempt.body)
            chunks += len(attempt.stamps)
        if size < LARGE and chunks < MANY_CHUNKS:
            shared.sink(exchange)
        else:
            keep = partial(shared.sink, exchange)
            with anyio.CancelScope(shield=True):
                await shared.write_queue.write(partial(shared.background.run, self._provider, keep))
        self._notify(EventKind.FINISHED, waited=waited / 1e9)

    def _notify(self, kind: EventKind, *, waited: float = 0.0) -> None:
        failure = self._attempts[-1].failure if self._attempts else None
        self._shared.notify(
            WireEvent(
                kind,
                self._trial.provider.name,
                self._trial.id,
                ok=kind is EventKind.FINISHED and failure is None,
                failure=None if failure is None else failure.kind,
                cost=self._cost,
                waited=waited,
            )
        )
