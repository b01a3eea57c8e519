"""One trial, from its first attempt to its last, and the exchange that comes of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx

from trueweight.core import Attempt, Exchange, FailureKind, Mode, Trial
from trueweight.wire.capture import CUT, Capture
from trueweight.wire.environment import Environment
from trueweight.wire.health import LoopWatch
from trueweight.wire.ledger import Ledger
from trueweight.wire.lockstep import Lockstep
from trueweight.wire.redact import Redactor
from trueweight.wire.request_builder import Outgoing
from trueweight.wire.retry import asked_wait, wait_before_retry
from trueweight.wire.settings import EventKind, WireEvent, WireSettings
from trueweight.wire.write_queue import WriteQueue


@dataclass(frozen=True)
class Shared:
    """What all of a run shares. ``sink`` and ``notify`` never raise; ``halt`` stops every provider."""

    settings: WireSettings
    environment: Environment
    ledger: Ledger
    redactor: Redactor
    step: Lockstep
    desk: WriteQueue
    watch: LoopWatch
    sink: Callable[[Exchange], None]
    notify: Callable[[WireEvent], None]
    halt: Callable[[str], None]


@dataclass(frozen=True)
class Gate:
    """What a trial asks of its provider's lane.

    Attributes:
        wait: seconds of back-off, then the pace; ends early when the lane stops.
        hold: a wait that the server asked for concerns every trial of the lane.
        may_send: whether one more request may go out; accounts for it.
        interrupted: whether the lane stopped for a reason that leaves this trial to be sent another day.
    """

    wait: Callable[[float], Awaitable[None]]
    hold: Callable[[float], None]
    may_send: Callable[[Trial], bool]
    interrupted: Callable[[], bool]


class Conversation:
    """A trial being asked. Its first request is accounted for already."""

    def __init__(self, trial: Trial, request: Outgoing, shared: Shared, gate: Gate, *, late: int = 0) -> None:
        """``late``: nanoseconds since it was meant to start."""
        self._trial = trial
        self._request = request
        self._shared = shared
        self._gate = gate
        self._attempts: list[Attempt] = []
        self._cost: float | None = None
        self._origin = shared.environment.clock() - late
        self._began = 0
        start = shared.environment.now() - timedelta(microseconds=late // 1000)
        self._started_at = start.isoformat(timespec="microseconds")

    async def hold(self, transport: httpx.AsyncBaseTransport) -> Attempt:
        """Ask until there is an answer or no sense in asking; record it; the final attempt.

        Cancelled half-way, it records what came so far as interrupted, so that not even a cut attempt is lost.
        """
        self._say(EventKind.STARTED)
        waited = 0
        try:
            while True:
                await self._attempt(transport, waited)
                wait = self._wait_before_next()
                if wait is None:
                    break
                self._say(EventKind.RETRIED, waited=wait)
                began = self._shared.environment.clock()
                await self._gate.wait(wait)
                waited = self._shared.environment.clock() - began
                if not self._gate.may_send(self._trial):
                    if self._gate.interrupted():
                        self._cut_before_sending(waited)
                    break
            if self._trial.mode is Mode.STREAM:  # a plain one is written in less time than its turn would take
                await self._shared.desk.turn()
        finally:
            self._record()
        return self._attempts[-1]

    async def _attempt(self, transport: httpx.AsyncBaseTransport, waited: int) -> None:
        shared = self._shared
        capture = Capture(shared.settings, self._trial.provider.timeout, shared.environment.clock, self._origin, waited)
        self._began = time.monotonic_ns()
        try:
            await capture.run(transport, self._request)
        finally:
            attempt = capture.attempt()
            charge = shared.ledger.settle(self._trial, attempt)
            if charge is not None:
                self._cost = charge + (self._cost or 0.0)
            self._attempts.append(shared.redactor.attempt(attempt))

    def _wait_before_next(self) -> float | None:
        environment, last = self._shared.environment, self._attempts[-1]
        now = environment.now()
        wait = wait_before_retry(self._attempts, self._shared.settings, environment.rng, now)
        if wait is not None and last.failure is not None and last.failure.kind is FailureKind.RATE_LIMITED:
            self._gate.hold(asked_wait(last, now) or 0.0)
        return wait

    def _cut_before_sending(self, waited: int) -> None:
        now = self._shared.environment.clock() - self._origin
        self._attempts.append(
            Attempt(waited, now, None, None, now, failure=replace(CUT, detail="stopped before a retry"))
        )

    def _record(self) -> None:
        trial = self._trial
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
        )
        self._shared.sink(exchange)
        self._say(EventKind.FINISHED, waited=sum(attempt.waited for attempt in self._attempts) / 1e9)

    def _say(self, kind: EventKind, *, waited: float = 0.0) -> None:
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
