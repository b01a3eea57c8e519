"""One provider's part of a run: its connections, its limits, its trials in the order of the plan."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import anyio
import httpx

from trueweight.core import PROTOCOLS, Attempt, FailureKind, Provider, Trial
from trueweight.wire.continued import Continued
from trueweight.wire.failures import OutOfResources
from trueweight.wire.ledger import RefusalOf, Reservation, SharedLimits
from trueweight.wire.pacing import Pacer
from trueweight.wire.request_builder import Outgoing, RequestBuilder
from trueweight.wire.retry import asked_wait
from trueweight.wire.settings import EventKind, Unsent, WireEvent
from trueweight.wire.stopped_apis import StoppedApis
from trueweight.wire.trial_sender import RetryGate, SendContext, TrialSender

_UNREACHABLE = frozenset(
    {FailureKind.DNS, FailureKind.CONNECT, FailureKind.PROXY, FailureKind.TLS, FailureKind.TIMEOUT_CONNECT}
)
_INTERRUPTED = "interrupted"


class _Ready(NamedTuple):
    """A trial to be sent now, ``late`` nanoseconds after its intended start."""

    trial: Trial
    request: Outgoing
    late: int


class Lane:
    """Workers that take this provider's trials in order, each with one request at a time."""

    def __init__(
        self,
        provider: Provider,
        trials: Iterable[tuple[int, Trial]],
        key: str | None,
        transport: httpx.AsyncBaseTransport,
        shared: SendContext,
        *,
        workers: int,
    ) -> None:
        """Args:
        trials: with their positions in the plan, in its order.
        transport: carries the requests; the lane closes it.
        workers: most requests at once.
        """
        self.provider = provider
        self.reason = ""
        self._trials = deque(trials)
        self._builder = RequestBuilder(provider, key, shared.redactor)
        self._continued = Continued(trial for _, trial in self._trials)
        self._skipped: list[Unsent] = []
        self._transport = transport
        self._limit = workers
        self._shared = shared
        self._pacer = Pacer(provider.requests_per_minute, shared.environment.clock)
        self._stop = anyio.Event()
        self._finished = self._interrupted = False
        self._apis = StoppedApis(provider, (trial for _, trial in self._trials))
        self._until = math.inf
        self._next_lock = anyio.Lock(fast_acquire=True)
        self._workers = self._pausing = 0
        self._starts: Iterator[int] | None = None
        self._limits = shared.limits
        self._lockstep = shared.lockstep
        self._cursor = shared.lockstep.join(self._front())

    def _front(self) -> int | None:
        return self._trials[0][0] if self._trials else None

    def stop(self, reason: str) -> None:
        """Send nothing more. Requests under way go on. The first reason is kept."""
        if not self._stop.is_set() and not self._finished:
            self.reason = reason
            self._shared.notify(WireEvent(EventKind.STOPPED, self.provider.name, detail=reason))
        self._stop.set()
        self._lockstep.move(self._cursor, None)

    @property
    def stopped_apis(self) -> Mapping[str, str]:
        """API that nothing more is sent through, though others go on → why; empty if the lane stopped."""
        return {} if self.reason else self._apis.stopped

    def _stop_apis(self, apis: Iterable[str], reason: str) -> None:
        """Send nothing more through these APIs; where nothing is left, stop the lane."""
        fresh = self._apis.stop(apis, reason)
        if not self._apis.left:
            self.stop(reason)
        elif fresh and not self._stop.is_set():
            titles = " and ".join(PROTOCOLS.get(api).title for api in fresh)
            detail = f"{titles}: {reason}; its other APIs go on"
            self._shared.notify(WireEvent(EventKind.API_STOPPED, self.provider.name, detail=detail))

    def interrupt(self) -> None:
        """Stop because the run was interrupted, unless the lane has stopped for another reason."""
        self._interrupted = not self._stop.is_set()
        self.stop(_INTERRUPTED)

    def unsent(self) -> list[Unsent]:
        """The trials of which no request was sent."""
        left = [Unsent(trial.id, self.provider.name, self.reason or _INTERRUPTED) for _, trial in self._trials]
        return [*self._skipped, *left]

    async def run(self) -> None:
        """Send all trials, or as many as may be sent."""
        workers, settings, environment = self._limit, self._shared.settings, self._shared.environment
        if settings.lane_time is not None:
            self._until = environment.clock() + settings.lane_time * 1e9
        if settings.rate and not self._shared.starts:
            self._starts = settings.starts_of(self.provider.name, environment.clock())
        try:
            async with anyio.create_task_group() as group:
                for _ in range(min(workers, len(self._trials))):
                    # One by one: each opens a connection, and bytes of others would wait for all of them.
                    await self._shared.write_queue.wait_turn()
                    group.start_soon(self._work, self._transport)
        finally:
            with anyio.CancelScope(shield=True):
                await self._transport.aclose()
        self._finished = True

    async def _work(self, transport: httpx.AsyncBaseTransport) -> None:
        gate = RetryGate(self._wait_to_retry, self._hold, self._may_send, lambda: self._interrupted)
        self._workers += 1
        while ready := await self._next():
            sender = TrialSender(ready.trial, ready.request, self._shared, gate, late=ready.late)
            final = await sender.run(transport)
            self._continued.take(ready.trial, final)
            self._stop_if_hopeless(ready.trial, final)
            if isinstance(final.failure, OutOfResources):
                # One request less at once: what the others hold may be enough for them.
                if self._workers > 1:
                    break
                self.stop(final.failure.detail)
        self._workers -= 1
        self._update_resting()

    async def _next(self) -> _Ready | None:
        """The next trial, when it may be sent, accounted for; None if nothing more may be sent.

        One worker at a time, so that trials start in the plan's order.
        """
        async with self._next_lock:
            while True:
                previous = await self._skip_what_cannot_be_sent()
                if not self._trials or self._stop.is_set():
                    return None
                trial = self._trials[0][1]
                # Serialised before its clock starts, and one by one: the bodies of a run may not fit in memory.
                request = self._builder.outgoing(trial, previous)
                await self._lockstep.wait(self._cursor)
                start = await self._keep_schedule(trial)
                await self._keep_pace()
                if await self._may_send(trial):
                    break  # else the lane was stopped, or this API, and others may go on
            self._trials.popleft()
            self._lockstep.move(self._cursor, self._front())
            return _Ready(trial, request, 0 if start is None else max(0, self._shared.environment.clock() - start))

    async def _skip_what_cannot_be_sent(self) -> str:
        """Wait for the response that the next trial continues or is sent after. Returns the id of the one that it
        continues, or "". Trials that would continue a response that did not come are left out, and so are those through
        an API that is stopped."""
        while self._trials and not self._stop.is_set():
            trial = self._trials[0][1]
            reason = self._apis.reasons.get(trial.api)
            if reason is None:
                if trial.follows is None:
                    if trial.behind is not None:
                        await self._continued.wait_for(trial.behind)
                    return ""
                if previous := await self._continued.id_of(trial.follows):
                    return previous
                reason = f"{trial.follows.case} brought no response"
            self._trials.popleft()
            self._lockstep.move(self._cursor, self._front())
            self._continued.take(trial, None)
            self._skipped.append(Unsent(trial.id, self.provider.name, reason))
        return ""

    async def _may_send(self, trial: Trial) -> bool:
        if self._shared.environment.clock() > self._until:
            self.stop(f"slow: its requests took longer than {self._shared.settings.lane_time:g} s")
        if self._stop.is_set():
            return False
        request = Reservation.of(trial)
        refusal = self._shared.ledger.reserve(request)
        if refusal:
            self._shared.stop_all(refusal)
        return not refusal and (self._limits is None or await self._is_admitted(request, self._limits))

    async def _is_admitted(self, request: Reservation, limits: SharedLimits) -> bool:
        """Whether the limits that several clients share allow the request, which this client's own limits allow. If
        not, the lane is stopped, or the request's API."""
        self._lockstep.set_resting(self._cursor, True)
        try:
            refusal = await limits.admit(request)
        except BaseException:
            self._shared.ledger.forget(request)
            raise
        self._update_resting()
        if refusal is None and not self._stop.is_set():
            return True
        self._shared.ledger.forget(request)
        if refusal is None:  # the lane was stopped while it waited
            limits.forget(request)
        elif refusal.of is RefusalOf.ALL:
            self._shared.stop_all(refusal.reason)
        elif refusal.of is RefusalOf.PROVIDER:
            self.stop(refusal.reason)
        else:
            self._stop_apis([request.api], refusal.reason)
        return False

    def _stop_if_hopeless(self, trial: Trial, final: Attempt) -> None:
        """Stop an API that refuses the key or was never reached, and a provider that asks for a long wait."""
        asked = asked_wait(final, self._shared.environment.now())
        kind = final.failure.kind if final.failure else None
        # A key may be allowed to ask a model and not to list models, so a refused list is no reason to stop.
        if kind is FailureKind.AUTH and trial.protocol.completions:
            source = (
                f"the key in {self.provider.api_key_env}" if self.provider.api_key_env else "a request without a key"
            )
            self._stop_for_all([trial.api], f"HTTP {final.status}: it refuses {source}")
        if kind is None and asked:
            # The provider's own limit is used up until then: an earlier request would be refused.
            self._hold(min(asked, self._shared.settings.retry_budget))
        if kind is FailureKind.RATE_LIMITED and asked is not None and asked > self._shared.settings.retry_budget:
            self._stop_for_all((), f"rate-limited: it asks to wait {asked:.0f} s")
        address = trial.protocol.base_url(self.provider)
        if kind not in _UNREACHABLE:
            self._apis.answered(address, final)
        elif self._apis.missed(address) >= self._shared.settings.give_up_after and final.failure:
            self._stop_for_all(self._apis.at(address), f"unreachable: {final.failure.detail}", unless_answered=True)

    def _stop_for_all(self, apis: Sequence[str], reason: str, *, unless_answered: bool = False) -> None:
        """Stop these APIs, or without any the lane, and let the clients that share this one's limits do so too."""
        if self._limits is not None:
            self._limits.stop(self.provider.name, apis, reason, unless_answered=unless_answered)
        if apis:
            self._stop_apis(apis, reason)
        else:
            self.stop(reason)

    def _hold(self, seconds: float) -> None:
        """Allow no start for so many seconds, because the server asked for it; stop a server that asks for too much."""
        self._pacer.hold(seconds)
        if self._limits is not None and seconds > 0:
            self._limits.hold(self.provider.name, seconds)
        if reason := self._pacer.held_too_long(self._shared.settings.lane_wait):
            self.stop(reason)

    async def _wait_to_retry(self, seconds: float) -> None:
        """Wait so long, then until the pace allows a start; return early if the lane stops."""
        self._pausing += 1
        self._update_resting()
        await self._pause(seconds)
        if not self._stop.is_set():
            await self._pause(self._pacer.take())
        self._pausing -= 1
        self._update_resting()

    async def _keep_schedule(self, trial: Trial) -> int | None:
        """In an open loop, wait for the intended start of the next trial and return it; else None."""
        start = next(self._starts) if self._starts is not None else self._shared.starts.get(trial.id)
        if start is None:
            return None
        await self._pause((start - self._shared.environment.clock()) / 1e9)
        return start

    async def _keep_pace(self) -> None:
        seconds = self._pacer.take()
        if seconds > 0:
            self._lockstep.set_resting(self._cursor, True)
            await self._pause(seconds)
            self._update_resting()

    def _update_resting(self) -> None:
        """A lane rests while all of its workers back off."""
        self._lockstep.set_resting(self._cursor, 0 < self._workers <= self._pausing)

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0 or self._stop.is_set():
            return
        async with anyio.create_task_group() as group:

            async def until_stopped() -> None:
                await self._stop.wait()
                group.cancel_scope.cancel()

            group.start_soon(until_stopped)
            await self._shared.environment.sleep(seconds)
            group.cancel_scope.cancel()
