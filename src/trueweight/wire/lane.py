"""One provider's share of a run: its connections, its limits, its trials in the order of the plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLContext

import anyio
import httpx

from trueweight.core import Attempt, FailureKind, Provider, Trial
from trueweight.wire.conversation import Conversation, Gate, Shared
from trueweight.wire.outgoing import outgoing
from trueweight.wire.pacing import Pacer
from trueweight.wire.retry import asked_wait
from trueweight.wire.settings import EventKind, Unsent, WireEvent

_UNREACHABLE = frozenset({FailureKind.DNS, FailureKind.CONNECT, FailureKind.TLS, FailureKind.TIMEOUT_CONNECT})
INTERRUPTED = "interrupted"


class Lane:
    """Workers that take this provider's trials in order, each holding one request at a time."""

    def __init__(
        self, provider: Provider, trials: Iterable[Trial], key: str | None, tls: SSLContext, shared: Shared
    ) -> None:
        self.provider = provider
        self.reason = ""
        self._trials = deque(trials)
        self._key = key
        self._tls = tls
        self._shared = shared
        self._pacer = Pacer(provider.requests_per_minute, shared.world.clock)
        self._stop = anyio.Event()
        self._finished = False
        self._reached = False
        self._unreached_in_a_row = 0

    def stop(self, reason: str) -> None:
        """Send nothing more; what is under way goes on. The first reason stays."""
        if not self._stop.is_set() and not self._finished:
            self.reason = reason
            self._shared.notify(WireEvent(EventKind.STOPPED, self.provider.name, detail=reason))
        self._stop.set()

    def unsent(self) -> list[Unsent]:
        """The trials of which no request was sent."""
        return [Unsent(trial.id, self.provider.name, self.reason or INTERRUPTED) for trial in self._trials]

    async def run(self) -> None:
        """Send all trials, or as many as may be sent."""
        workers = self.provider.concurrency or self._shared.settings.concurrency
        async with self._client(workers) as client, anyio.create_task_group() as group:
            for _ in range(min(workers, len(self._trials))):
                group.start_soon(self._work, client)
        self._finished = True

    def _client(self, workers: int) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=self._shared.world.transport(self.provider),
            verify=self._tls,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=self._shared.settings.connect_timeout),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=workers, keepalive_expiry=15.0),
        )
        # A cookie from one reply would make the next request another request than the plan's.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return client

    async def _work(self, client: httpx.AsyncClient) -> None:
        gate = Gate(self._wait, self._pacer.hold, self._may_send, lambda: self.reason == INTERRUPTED)
        while self._trials and not self._stop.is_set():
            trial = self._trials.popleft()
            sent = False
            try:
                # Serialised before its clock starts; not all at once, because a run's bodies may not fit in memory.
                request = outgoing(trial, self._key, self._shared.redactor)
                await self._wait(0.0)
                sent = self._may_send(trial)
            finally:
                if not sent:
                    self._trials.appendleft(trial)
            if sent:
                self._learn(await Conversation(trial, request, self._shared, gate).hold(client))

    def _may_send(self, trial: Trial) -> bool:
        if self._stop.is_set():
            return False
        refusal = self._shared.ledger.reserve(trial)
        if refusal:
            self._shared.halt(refusal)
        return not refusal

    def _learn(self, final: Attempt) -> None:
        """Stop asking a provider that refuses the key, sends us away for long, or never could be reached."""
        asked = asked_wait(final, self._shared.world.now())
        kind = final.failure.kind if final.failure else None
        if kind is FailureKind.AUTH:
            source = (
                f"the key in {self.provider.api_key_env}" if self.provider.api_key_env else "a request without a key"
            )
            self.stop(f"HTTP {final.status}: it refuses {source}")
        if kind is FailureKind.RATE_LIMITED and asked is not None and asked > self._shared.settings.retry_budget:
            self.stop(f"rate-limited: it asks to wait {asked:.0f} s")
        if kind not in _UNREACHABLE:
            self._reached = self._reached or final.status is not None
            self._unreached_in_a_row = 0
            return
        self._unreached_in_a_row += 1
        if not self._reached and self._unreached_in_a_row >= self._shared.settings.give_up_after and final.failure:
            self.stop(f"unreachable: {final.failure.detail}")

    async def _wait(self, seconds: float) -> None:
        """Wait that long, then for the pace; but not beyond a stop."""
        await self._pause(seconds)
        if not self._stop.is_set():
            await self._pause(self._pacer.take())

    async def _pause(self, seconds: float) -> None:
        if seconds <= 0 or self._stop.is_set():
            return
        async with anyio.create_task_group() as group:

            async def until_stopped() -> None:
                await self._stop.wait()
                group.cancel_scope.cancel()

            group.start_soon(until_stopped)
            await self._shared.world.sleep(seconds)
            group.cancel_scope.cancel()
