"""Send trials to their providers and hand every exchange to a sink."""

from __future__ import annotations

import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import anyio
import anyio.from_thread

from trueweight.core import Exchange, Trial
from trueweight.wire.background import Background, responsive_loop
from trueweight.wire.deadlines import Deadlines
from trueweight.wire.environment import Environment
from trueweight.wire.health import SelfTest
from trueweight.wire.lane import Lane
from trueweight.wire.ledger import Ledger, SharedLimits
from trueweight.wire.lockstep import Lockstep
from trueweight.wire.redact import LONGEST_DETAIL, Redactor
from trueweight.wire.settings import SendResult, WireEvent, WireSettings
from trueweight.wire.transports import Transports, load_tls
from trueweight.wire.trial_sender import SendContext, WriteQueue


async def send(
    trials: Sequence[Trial],
    *,
    keys: Mapping[str, str],
    sink: Callable[[Exchange], None],
    settings: WireSettings | None = None,
    on_event: Callable[[WireEvent], None] | None = None,
    environment: Environment | None = None,
    interrupt: anyio.Event | None = None,
    handle_signals: bool = False,
    check_client: bool = False,
    limits: SharedLimits | None = None,
    starts: Mapping[str, int] = MappingProxyType({}),
) -> SendResult:
    """Send trials, each provider's in the order given, and record every exchange.

    Args:
        keys: provider name → key, for the providers that need one.
        sink: called once per trial with its exchange, redacted; in another thread if the body is large. Calls do not
            overlap, except after an interrupt.
        on_event: called with progress, in this thread; must be quick.
        environment: clocks, sleep, randomness, transport, proxies; None takes the real ones.
        interrupt: when set, nothing more is sent. Requests under way may finish within ``settings.grace`` seconds;
            after that they are recorded as interrupted.
        handle_signals: SIGINT, SIGTERM or SIGHUP sets ``interrupt``; a second signal ends the grace.
        check_client: test this machine on loopback first; the result is in ``SendResult.health``.
        limits: that this client shares with others, beside its own of ``settings``; None if it sends alone.
        starts: trial → its intended start in an open loop, in monotonic nanoseconds of ``environment``; empty for the
            schedule of ``settings.rate``.

    Raises:
        ConfigError: if a proxy of the environment cannot be used.
        Exception: what ``sink`` or ``on_event`` raised, after everything was stopped.
    """
    run = _Run(
        keys=keys,
        sink=sink,
        settings=settings or WireSettings(),
        on_event=on_event,
        environment=environment or Environment(),
        interrupt=interrupt or anyio.Event(),
        limits=limits,
        starts=starts,
    )
    with responsive_loop():
        return await run.send(trials, handle_signals=handle_signals, check_client=check_client)


def concurrency_of(trials: Iterable[Trial], settings: WireSettings) -> dict[str, int]:
    """Concurrent requests per provider.

    A provider with twice the passes gets twice as many, so that each pass runs at a candidate's pace. With fewer it
    would fall behind, and run alone at the end. A limit in ``providers.toml`` stays.
    """
    limits: dict[str, int | None] = {}
    repeats: defaultdict[str, set[int]] = defaultdict(set)
    for trial in trials:
        limits.setdefault(trial.provider.name, trial.provider.concurrency)
        repeats[trial.provider.name].add(trial.repeat)
    least = min(map(len, repeats.values()), default=1)
    return {name: limit or settings.concurrency * len(repeats[name]) // least for name, limit in limits.items()}


class _Run:
    """One call of `send`."""

    def __init__(
        self,
        *,
        keys: Mapping[str, str],
        sink: Callable[[Exchange], None],
        settings: WireSettings,
        on_event: Callable[[WireEvent], None] | None,
        environment: Environment,
        interrupt: anyio.Event,
        limits: SharedLimits | None,
        starts: Mapping[str, int],
    ) -> None:
        self._keys = keys
        self._sink = sink
        self._settings = settings
        self._on_event = on_event
        self._environment = environment
        self._interrupt = interrupt
        self._limits, self._starts = limits, starts
        self._ledger = Ledger(settings)
        self._lanes: list[Lane] = []
        self._recorded = 0
        self._redactor, self._background, self._deadlines = Redactor(()), Background(), Deadlines()
        self._error: Exception | None = None
        self._scope = anyio.CancelScope()
        self._watch = environment.watch()
        self._thread = threading.get_ident()

    async def send(self, trials: Sequence[Trial], *, handle_signals: bool, check_client: bool) -> SendResult:
        providers = {trial.provider.name: trial.provider for trial in trials}
        transports = Transports(
            providers.values(), self._settings, self._environment, load_tls(http2=self._settings.http2)
        )
        tested = await transports.test_client() if check_client and trials else None
        self._lanes = self._make_lanes(trials, transports)
        try:
            await self._run_lanes(handle_signals=handle_signals)
        finally:
            self._background.close()
            self._deadlines.close()
        if self._error is not None:
            raise self._error
        return self._result(tested, transports)

    async def _run_lanes(self, *, handle_signals: bool) -> None:
        with self._scope:
            async with anyio.create_task_group() as watchers:
                watchers.start_soon(self._drain_on_interrupt)
                watchers.start_soon(self._watch.run)
                if handle_signals:
                    watchers.start_soon(self._interrupt_on_signals)
                async with anyio.create_task_group() as group:
                    for lane in self._lanes:
                        group.start_soon(self._run_lane, lane)
                watchers.cancel_scope.cancel()

    async def _run_lane(self, lane: Lane) -> None:
        """Run a lane. What it raises stops this lane alone; its trials stay unsent, for this reason."""
        try:
            await lane.run()
        except Exception as error:
            first = error
            while isinstance(first, ExceptionGroup):
                first = first.exceptions[0]
            lane.stop(self._redactor.text(f"{type(first).__name__}: {first}")[:LONGEST_DETAIL])

    def _make_lanes(self, trials: Sequence[Trial], transports: Transports) -> list[Lane]:
        by_name: dict[str, list[tuple[int, Trial]]] = {}
        for position, trial in enumerate(trials):
            by_name.setdefault(trial.provider.name, []).append((position, trial))
        workers = concurrency_of(trials, self._settings)
        secrets = [*self._keys.values(), *transports.secrets]
        self._redactor, self._background = Redactor(secrets), Background(secrets)
        shared = SendContext(
            self._settings,
            self._environment,
            self._ledger,
            self._redactor,
            self._make_lockstep(sum(workers.values())),
            WriteQueue(),
            self._watch,
            self._deadlines,
            self._background,
            sink=self._record,
            notify=self._notify,
            stop_all=self._stop_all,
            limits=self._limits,
            starts=self._starts,
        )
        return [
            Lane(own[0][1].provider, own, self._keys.get(name), transports.of(name), shared, workers=workers[name])
            for name, own in by_name.items()
        ]

    def _make_lockstep(self, workers: int) -> Lockstep:
        """By default the lead is twice the workers of all lanes, so that no lane runs out of trials to send."""
        settings = self._settings
        lead = 2 * workers if settings.lead is None else settings.lead
        # In an open loop the schedule keeps lanes in step, and waiting would break it.
        return Lockstep(sys.maxsize if settings.rate or self._starts else lead, settings.patience, self._environment)

    def _record(self, exchange: Exchange) -> None:
        if self._guarded(lambda: self._sink(exchange)):
            self._recorded += 1

    def _notify(self, event: WireEvent) -> None:
        if (report := self._on_event) is not None:
            self._guarded(lambda: report(event))

    def _guarded(self, call: Callable[[], None]) -> bool:
        """Call a function of the caller's. If it raises, stop everything: what is sent must be recorded."""
        try:
            call()
        except Exception as error:
            self._error = self._error or error
            # In a thread the loop must be asked: a scope is not safe to use from there.
            if threading.get_ident() == self._thread:
                self._scope.cancel()
            else:
                anyio.from_thread.run_sync(self._scope.cancel)
            return False
        return True

    def _stop_all(self, reason: str) -> None:
        for lane in self._lanes:
            lane.stop(reason)

    async def _drain_on_interrupt(self) -> None:
        await self._interrupt.wait()
        for lane in self._lanes:
            lane.interrupt()
        await self._environment.sleep(self._settings.grace)
        self._scope.cancel()

    async def _interrupt_on_signals(self) -> None:
        hangup = [signal.SIGHUP] if sys.platform != "win32" else []
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, *hangup) as signals:
            async for _ in signals:
                if self._interrupt.is_set():
                    self._scope.cancel()
                self._interrupt.set()

    def _result(self, tested: SelfTest | None, transports: Transports) -> SendResult:
        spent = self._ledger.spent
        priced = {
            lane.provider.name: lane.provider.price is not None or lane.provider.name in spent for lane in self._lanes
        }
        return SendResult(
            recorded=self._recorded,
            requests={name: self._ledger.requests[name] for name in priced},
            cost={name: spent[name] if has else None for name, has in priced.items()},
            stopped={lane.provider.name: lane.reason for lane in self._lanes if lane.reason},
            stopped_apis={lane.provider.name: apis for lane in self._lanes if (apis := lane.stopped_apis)},
            unsent=tuple(unsent for lane in self._lanes for unsent in lane.unsent()),
            interrupted=self._interrupt.is_set(),
            limit_reached=self._ledger.limit_reached,
            health=self._watch.health(tested),
            stack=transports.stack(),
        )
