"""The limits of all providers, kept in one place for all workers of a cluster: pace, concurrency, requests, budget."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from trueweight.wire import Charge, Ledger, Pacer, Refusal, RefusalOf, Reservation, WireSettings

SILENCE: Final = 20.0
"""Seconds after which a worker that says nothing is taken for dead, and its requests under way for lost."""
REPLACED: Final = "another worker has taken over this batch"
INTERRUPTED: Final = "interrupted"


@dataclass(frozen=True, slots=True)
class ProviderLimit:
    """The limits of one provider over all workers.

    Attributes:
        concurrency: most requests under way.
        requests_per_minute: most requests started in any minute; None is no limit.
    """

    concurrency: int
    requests_per_minute: float | None = None


@dataclass
class _Worker:
    """A worker that is at work on a batch.

    Attributes:
        last_call: when it last called, monotonic nanoseconds.
        under_way: its requests under way.
    """

    batch: str
    last_call: int
    under_way: Counter[Reservation] = field(default_factory=Counter)


class ClusterLimits:
    """Decides whether a worker may send a request now.

    A worker that takes over a batch replaces the one before it, which is refused everything from then on. What a dead
    worker had under way is charged its highest cost, because the provider may have billed it.
    """

    def __init__(
        self, settings: WireSettings, providers: Mapping[str, ProviderLimit], clock: Callable[[], int]
    ) -> None:
        """``clock`` returns monotonic nanoseconds."""
        self._clock, self._settings = clock, settings
        self._limits = providers
        self._pacers = {name: Pacer(one.requests_per_minute, clock) for name, one in providers.items()}
        self._under_way: Counter[str] = Counter()
        self._answered: set[tuple[str, str]] = set()
        self._workers: dict[str, _Worker] = {}
        self.ledger = Ledger(settings)
        self.stopped: dict[str, str] = {}
        self.stopped_apis: dict[tuple[str, str], str] = {}
        self.interrupted = False

    def join(self, worker: str, batch: str) -> None:
        """A worker begins with a batch. One that had it before is replaced."""
        for name in [name for name, one in self._workers.items() if one.batch == batch]:
            self._lose(name)
        self._workers[worker] = _Worker(batch, self._clock())

    def is_current(self, worker: str) -> bool:
        """Whether the worker still has its batch. That it asks shows that it is alive."""
        found = self._workers.get(worker)
        if found is not None:
            found.last_call = self._clock()
        return found is not None

    def leave(self, worker: str) -> None:
        """A worker has ended its batch."""
        self._lose(worker)

    def admit(self, worker: str, request: Reservation) -> Refusal | float:
        """Whether a request may be sent now: 0.0 if so, and then it is under way until `settle` or `forget`.

        Returns:
            Seconds after which to ask again, infinite for the next change; or why it must not be sent.
        """
        self._lose_silent()
        current = self._workers.get(worker)
        if current is None:
            return Refusal(REPLACED)
        if (stopped := self._stopped(request)) is not None:
            return stopped
        provider = request.provider
        if self._under_way[provider] >= self._limits[provider].concurrency:
            return math.inf
        pacer = self._pacers[provider]
        if (left := pacer.left()) > 0:
            return left
        if refusal := self.ledger.reserve(request):
            return Refusal(refusal)
        pacer.take()
        self._under_way[provider] += 1
        current.under_way[request] += 1
        return 0.0

    def _stopped(self, request: Reservation) -> Refusal | None:
        provider, api, _ = request
        if self.interrupted:
            return Refusal(INTERRUPTED)
        if provider in self.stopped:
            return Refusal(self.stopped[provider], RefusalOf.PROVIDER)
        reason = self.stopped_apis.get((provider, api))
        return None if reason is None else Refusal(reason, RefusalOf.API)

    def settle(self, worker: str, request: Reservation, charge: Charge | None, *, answered: bool) -> None:
        """A request has ended. That of a worker that was taken for dead was settled then."""
        if answered:
            self._answered.add((request.provider, request.api))
        if self._release(worker, request):
            self.ledger.settle(request, charge)

    def forget(self, worker: str, request: Reservation) -> None:
        """A request that was admitted is not sent after all."""
        if self._release(worker, request):
            self.ledger.forget(request)

    def hold(self, provider: str, seconds: float) -> None:
        """Allow no start for so many seconds; stop a provider that asks for too much, as one client does."""
        pacer = self._pacers[provider]
        pacer.hold(seconds)
        if reason := pacer.held_too_long(self._settings.lane_wait):
            self.stop(provider, (), reason)

    def stop(self, provider: str, apis: Sequence[str], reason: str, *, unless_answered: bool = False) -> None:
        """Send nothing more through these APIs, without any to the provider. The first reason is kept."""
        if not apis:
            self.stopped.setdefault(provider, reason)
        for api in apis:
            if not (unless_answered and (provider, api) in self._answered):
                self.stopped_apis.setdefault((provider, api), reason)

    def _release(self, worker: str, request: Reservation) -> bool:
        current = self._workers.get(worker)
        if current is None or not current.under_way[request]:
            return False
        current.under_way[request] -= 1
        self._under_way[request.provider] -= 1
        return True

    def _lose_silent(self) -> None:
        oldest = self._clock() - round(SILENCE * 1e9)
        for name in [name for name, one in self._workers.items() if one.last_call < oldest]:
            self._lose(name)

    def _lose(self, worker: str) -> None:
        current = self._workers.pop(worker, None)
        for request, number in () if current is None else current.under_way.items():
            self._under_way[request.provider] -= number
            charge = Charge(request.ceiling, False) if request.ceiling else None
            for _ in range(number):
                self.ledger.settle(request, charge)
