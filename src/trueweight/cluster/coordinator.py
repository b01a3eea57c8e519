"""What all workers of a cluster ask and tell: one object on the driver's machine, which Ray runs as an actor."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

from trueweight.cluster.limits import ClusterLimits, ProviderLimit
from trueweight.wire import Charge, EventKind, Refusal, Reservation, SharedLimits, WireEvent, WireSettings

_TOGETHER = 60.0
"""Most seconds that workers wait for each other before they begin together."""
_AHEAD = 0.3
"""Seconds between the moment when all are ready and the beginning: each must know it before."""
_LOOK = 5.0
"""Most seconds after which a waiting request is decided again: a worker may have died, which changes nothing here."""


class Totals(NamedTuple):
    """What all workers sent.

    Attributes:
        requests, cost: by provider; the cost in USD, of those that were charged.
        stopped: provider → why nothing more was sent to it; ``stopped_apis``: provider → API → why.
    """

    requests: Mapping[str, int]
    cost: Mapping[str, float]
    stopped: Mapping[str, str]
    stopped_apis: Mapping[str, Mapping[str, str]]
    limit_reached: bool


class Coordinator:
    """Keeps the limits, the common clock, the common beginning, and the events for the driver."""

    def __init__(self, settings: WireSettings, providers: Mapping[str, ProviderLimit], together: int = 0) -> None:
        """``together``: so many workers wait for each other before they begin; 0: each begins by itself."""
        self._limits = ClusterLimits(settings, providers, time.monotonic_ns)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._changed = asyncio.Event()
        self._together = together
        self._ready: set[str] = set()
        self._all_ready = asyncio.Event()
        self._beginning: float | None = None
        self._events: list[WireEvent] = []
        self._stops: set[WireEvent] = set()

    def join(self, worker: str, batch: str) -> None:
        """A worker begins with a batch; see `ClusterLimits.join`."""
        self._limits.join(worker, batch)
        self._notify()

    def leave(self, worker: str) -> None:
        """A worker has ended its batch."""
        self._limits.leave(worker)
        self._notify()

    def now(self) -> float:
        """The clock to which all workers align theirs: seconds since 1970."""
        return time.time()

    async def begin(self, batch: str) -> float:
        """When to begin, by `now`: in an instant, or together with the other workers. A worker that takes over a batch
        after the beginning begins in an instant."""
        if self._together and self._beginning is None:
            self._ready.add(batch)
            if len(self._ready) >= self._together:
                self._all_ready.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_ready.wait(), _TOGETHER)
            self._all_ready.set()
            if self._beginning is None:
                self._beginning = time.time() + _AHEAD
            return self._beginning
        return time.time() + (_AHEAD if self._together else 0.0)

    async def admit(self, worker: str, request: Reservation) -> Refusal | None:
        """Wait, in the order of the asking, until a request may be sent; None if it may."""
        async with self._turns[request.provider]:
            while True:
                changed = self._changed
                found = self._limits.admit(worker, request)
                if isinstance(found, Refusal):
                    return found
                if found <= 0:
                    return None
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(found, _LOOK))

    def settle(self, worker: str, request: Reservation, charge: Charge | None, answered: bool) -> None:
        """A request has ended."""
        self._limits.settle(worker, request, charge, answered=answered)
        self._notify()

    def forget(self, worker: str, request: Reservation) -> None:
        """A request is not sent after all."""
        self._limits.forget(worker, request)
        self._notify()

    def hold(self, provider: str, seconds: float) -> None:
        """A provider asked to wait."""
        self._limits.hold(provider, seconds)
        self._notify()

    def stop(self, provider: str, apis: Sequence[str], reason: str, unless_answered: bool) -> None:
        """A worker saw why nothing more should be sent to a provider, or through some of its APIs."""
        self._limits.stop(provider, apis, reason, unless_answered=unless_answered)
        self._notify()

    def report(self, worker: str, events: Sequence[WireEvent]) -> bool:
        """What happened at a worker. Returns whether it goes on: not after an interrupt, or if it was replaced.

        Workers report the stop of a provider with every batch; the driver gets it once.
        """
        for event in events:
            if event in self._stops:
                continue
            if event.kind in (EventKind.STOPPED, EventKind.API_STOPPED):
                self._stops.add(event)
            self._events.append(event)
        return self._limits.is_current(worker) and not self._limits.interrupted

    def interrupt(self) -> None:
        """Let all workers end what is under way, and send nothing more."""
        self._limits.interrupted = True
        self._all_ready.set()
        self._notify()

    def take_events(self) -> list[WireEvent]:
        """The events since the last call."""
        found, self._events = self._events, []
        return found

    def totals(self) -> Totals:
        """What was sent until now."""
        limits, ledger = self._limits, self._limits.ledger
        apis: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for (provider, api), reason in limits.stopped_apis.items():
            apis[provider][api] = reason
        requests, spent = dict(ledger.requests), dict(ledger.spent)
        return Totals(requests, spent, dict(limits.stopped), dict(apis), ledger.limit_reached)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class Line(Protocol):
    """A worker's line to the coordinator."""

    async def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method and return its result."""

    def tell(self, method: str, *arguments: Any) -> None:
        """Call a method without waiting for it. Calls arrive in their order."""


class WorkerLimits(SharedLimits):
    """The coordinator's limits, as one worker asks for them."""

    def __init__(self, line: Line, worker: str) -> None:
        self._line, self._worker = line, worker

    async def admit(self, request: Reservation) -> Refusal | None:
        """See `trueweight.wire.SharedLimits`. If it is cancelled, what is granted later is given back."""
        answer = asyncio.ensure_future(self._line.ask("admit", self._worker, request))

        def give_back(done: asyncio.Future[Refusal | None]) -> None:
            if not done.cancelled() and done.exception() is None and done.result() is None:
                self.forget(request)

        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            answer.add_done_callback(give_back)
            raise

    def settle(self, request: Reservation, charge: Charge | None, *, answered: bool) -> None:
        """See `trueweight.wire.SharedLimits`."""
        self._line.tell("settle", self._worker, request, charge, answered)

    def forget(self, request: Reservation) -> None:
        """See `trueweight.wire.SharedLimits`."""
        self._line.tell("forget", self._worker, request)

    def hold(self, provider: str, seconds: float) -> None:
        """See `trueweight.wire.SharedLimits`."""
        self._line.tell("hold", provider, seconds)

    def stop(self, provider: str, apis: Sequence[str], reason: str, *, unless_answered: bool = False) -> None:
        """See `trueweight.wire.SharedLimits`."""
        self._line.tell("stop", provider, tuple(apis), reason, unless_answered)


class Clock(NamedTuple):
    """A worker's wall clock against the coordinator's.

    Attributes:
        ahead: seconds that the coordinator's clock is ahead; negative if it is behind.
        error: most seconds by which that is wrong: half of the shortest round trip.
    """

    ahead: float
    error: float


async def align(line: Line, times: int = 9) -> Clock:
    """Compare the clocks as NTP does: by the round trip that took the shortest time (RFC 5905, section 8)."""
    best = Clock(0.0, math.inf)
    for _ in range(times):
        sent, began = time.time(), time.monotonic()
        theirs = await line.ask("now")
        took = time.monotonic() - began
        best = min(best, Clock(theirs - (sent + took / 2), took / 2), key=lambda one: one.error)
    return best
