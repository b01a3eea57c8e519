"""Sends the trials of a run on a cluster. Ray places the batches on nodes, and starts them again where a node dies.

This module alone imports Ray, which takes seconds to import and is an extra.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import anyio
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from trueweight.cluster.batch import BatchResult, BatchTask, send_batch
from trueweight.cluster.coordinator import Coordinator, Totals
from trueweight.cluster.cut import Batch, cut, deal, schedule
from trueweight.cluster.limits import ProviderLimit
from trueweight.cluster.record import make_durable, require_same_run, take_over, take_over_all
from trueweight.cluster.results import join_results
from trueweight.cluster.shards import ShardFolder, run_name
from trueweight.core import ConfigError, InfrastructureError, Shard, Trial, TrueweightError
from trueweight.redaction import for_people
from trueweight.store import RunDir, pending
from trueweight.wire import SendResult, WireEvent, WireSettings, concurrency_of, run_loop
from trueweight.workflow.client import add_sessions
from trueweight.workflow.judge.fingerprint import own_code

_RETRIES: Final = 20
"""Times that Ray starts a batch again after its node or its process died."""
_CONNECT: Final = 10.0
"""Seconds until a host that does not answer is taken for unreachable."""
_LOOK: Final = 0.2
"""Seconds between two looks for batches that have ended."""


@contextmanager
def cluster() -> Iterator[None]:
    """This process is connected to a cluster during the block: that of ``RAY_ADDRESS``, else one that runs on this
    machine, else a new one of this machine alone, which ends with the block.

    Raises:
        InfrastructureError: ``cluster-unreachable`` if the cluster of ``RAY_ADDRESS`` is not there.
        KeyboardInterrupt: at a SIGTERM.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing of a run is reported to Ray's makers
    before = signal.getsignal(signal.SIGTERM)
    try:
        _require_listener(os.environ.get("RAY_ADDRESS", ""))
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="error")
    except (OSError, RuntimeError, ValueError) as error:
        lines = for_people(str(error)).strip().splitlines() or [type(error).__name__]
        raise InfrastructureError(
            f"the cluster cannot be reached: {lines[0]}",
            code="cluster-unreachable",
            where=f"RAY_ADDRESS={os.environ.get('RAY_ADDRESS', '')}",
            hint="Valid: HOST:PORT that `ray start --head` printed, called on a node of that cluster; "
            "or none for this machine alone.",
        ) from None
    except SystemExit:  # Ray's own handler of SIGTERM
        raise KeyboardInterrupt from None
    try:
        if threading.current_thread() is threading.main_thread():  # Ray set its handler in this thread alone
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        yield
    finally:
        ray.shutdown()
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _require_listener(address: str) -> None:
    """Raise an OSError or a ValueError if no process listens there: Ray would try for minutes."""
    if "://" in address:
        raise ValueError("a URL of Ray's client, which has no node on this machine")
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT).close()


def connect(stack: ExitStack) -> None:
    """Connect this process to a cluster, if it is not, until the stack is closed; see `cluster`."""
    if not ray.is_initialized():
        stack.enter_context(cluster())


class _ActorLine:
    """A worker's line to the coordinator, which is an actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def ask(self, method: str, *arguments: Any) -> Any:
        return await getattr(self._actor, method).remote(*arguments)

    def tell(self, method: str, *arguments: Any) -> None:
        getattr(self._actor, method).remote(*arguments)


def _work(task: BatchTask, actor: Any) -> BatchResult:
    """The task that Ray runs on a node."""
    return run_loop(partial(send_batch, task, _ActorLine(actor), os.environ))


@dataclass(frozen=True, slots=True)
class RaySender:
    """Sends what a run does not have yet, as `trueweight.workflow.send.send_pending` does, on a cluster.

    Attributes:
        stack: ends the connection to the cluster, which begins with the first trial to be sent.
        place: URL of the blocks; "" for the run directory, which all nodes must have then.
        together: a measurement of load, whose levels are a run each: all workers send during the whole run, and each
            may have as many requests under way as one machine in an open loop. Else a worker takes one batch after
            another.
        fresh: what an earlier run left at the URL is deleted.
    """

    stack: ExitStack
    place: str = ""
    together: bool = False
    fresh: bool = False

    async def __call__(
        self,
        run: RunDir,
        trials: Sequence[Trial],
        *,
        keys: Mapping[str, str],  # noqa: ARG002 - workers read theirs
        settings: WireSettings,
        on_event: Callable[[WireEvent], None] | None = None,
        retry_errors: bool = False,
    ) -> SendResult:
        """Send the trials that neither the run nor the blocks at the URL have, and record them in the run.

        Raises:
            ConfigError, InfrastructureError: of a worker, after all have ended. What is recorded is kept.
        """
        folder = self._folder(run)
        take_over_all(run, folder)
        todo = pending(trials, run, retry_errors=retry_errors)
        if not todo:
            return SendResult()
        connect(self.stack)  # first: a place that has a manifest is taken
        if self.place:
            folder.put_head(run.path)
        sending = _Sending(self, run, folder, settings, on_event or (lambda _: None))
        result = await sending.send(todo)
        add_sessions(run, folder.sessions())
        if not self.place:
            make_durable(run)
            folder.delete()
        return result

    def _folder(self, run: RunDir) -> ShardFolder:
        place = f"{self.place}/{run.path.name}" if self.place and self.together else self.place
        folder = ShardFolder(place or str(run.path.absolute()), run_name(run.manifest))
        if self.fresh and not run.trials():
            folder.delete(of_all_runs=True)
        elif place:
            require_same_run(place, run.manifest)
        return folder

    def batches(self, trials: Sequence[Trial], settings: WireSettings) -> tuple[Batch, ...]:
        """The batches for the cluster as it is now; nodes that join later take waiting ones."""
        workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        if settings.rate:
            return schedule(trials, workers, settings)
        if self.together:
            return deal(trials, min(workers, *concurrency_of(trials, settings).values()))
        return cut(trials, workers)


class _Sending:
    """One call of a `RaySender`."""

    def __init__(
        self,
        sender: RaySender,
        run: RunDir,
        folder: ShardFolder,
        settings: WireSettings,
        on_event: Callable[[WireEvent], None],
    ) -> None:
        self._sender, self._run, self._folder = sender, run, folder
        self._settings, self._on_event = settings, on_event
        self._results: list[BatchResult] = []
        self._error: TrueweightError | None = None
        self._signals = 0

    async def send(self, trials: Sequence[Trial]) -> SendResult:
        batches = self._sender.batches(trials, self._settings)
        limits = _limits(trials, self._settings, len(batches) if self._sender.together and self._settings.rate else 1)
        at_once = bool(self._settings.rate) or self._sender.together
        actor = self._coordinator(limits, len(batches) if at_once else 0)
        try:
            waiting = self._submit(batches, limits, actor)
            async with anyio.create_task_group() as group:
                group.start_soon(self._heed_signals, actor, waiting)
                totals = await self._wait(waiting, actor)
                group.cancel_scope.cancel()
        finally:
            ray.kill(actor)
        if self._error is not None or totals is None:
            raise self._error or _failed("the cluster is lost", "")
        return join_results([one.result for one in self._results], totals, interrupted=self._signals > 0)

    def _coordinator(self, limits: Mapping[str, ProviderLimit], together: int) -> Any:
        """The actor, on this machine: while the driver lives, so does it."""
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        made = ray.remote(num_cpus=0, max_concurrency=10_000, scheduling_strategy=here)(Coordinator)
        return made.remote(self._settings, limits, together)

    def _submit(self, batches: Sequence[Batch], limits: Mapping[str, ProviderLimit], actor: Any) -> dict[Any, Batch]:
        """Hand all batches to Ray. Returns Ray's reference → the batch."""
        settings = replace(
            self._settings,
            budget_usd=None,
            max_requests=None,
            rate=self._settings.rate and self._settings.rate / len(batches),
        )
        work = ray.remote(num_cpus=1, max_retries=_RETRIES, scheduling_strategy="SPREAD")(_work)
        place, run, code = self._folder.place, self._folder.run, own_code()
        # The same trials may be sent again later, with --retry-errors: that is another batch.
        sending = secrets.token_hex(4)
        waiting = {}
        for number, batch in enumerate(batches, 1):
            part = Shard(number, len(batches) if self._sender.together else 1)
            concurrency = {name: part.part_of(one.concurrency) for name, one in limits.items()}
            named = replace(batch, name=f"{batch.name}-{sending}")
            task = BatchTask(named, place, run, concurrency, settings, code, self._asks(limits))
            waiting[work.remote(task, actor)] = named
        return waiting

    def _asks(self, limits: Mapping[str, ProviderLimit]) -> bool:
        """Whether requests ask the coordinator first. For a measurement of load they do so only if they must: its
        levels are divided, and the asking is not to bound them."""
        paced = any(one.requests_per_minute is not None for one in limits.values())
        counted = self._settings.budget_usd is not None or self._settings.max_requests is not None
        return paced or counted or not self._sender.together

    async def _wait(self, waiting: dict[Any, Batch], actor: Any) -> Totals | None:
        """Record what the batches bring until all have ended. None if the coordinator is lost, and with it the run."""
        try:
            while waiting:
                ended, _ = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
                for event in await actor.take_events.remote():
                    self._on_event(event)
                for reference in ended:
                    await self._take(reference, waiting.pop(reference), actor)
                if not ended:
                    await anyio.sleep(_LOOK)
            for event in await actor.take_events.remote():
                self._on_event(event)
            totals: Totals = await actor.totals.remote()
        except ray.exceptions.RayError as error:
            self._error = self._error or _failed("the coordinator of the workers is lost", str(error))
            return None
        return totals

    async def _take(self, reference: Any, batch: Batch, actor: Any) -> None:
        """Record what a batch brought, or end the run because of its error."""
        try:
            result: BatchResult = await reference
            if result.error is not None:
                raise result.error.raised()
            if take_over(self._run, self._folder, batch.name) < result.recorded:
                raise _not_visible(self._folder.place)
            self._results.append(result)
        except TrueweightError as error:
            self._fail(error, actor)
        except ray.exceptions.RayError as error:
            if not self._signals:
                self._fail(_failed("a batch failed", f"{type(error).__name__}: {error}"), actor)

    def _fail(self, error: TrueweightError, actor: Any) -> None:
        self._error = self._error or error
        actor.interrupt.remote()

    async def _heed_signals(self, actor: Any, waiting: Mapping[Any, Batch]) -> None:
        """The first signal ends the run as on one machine; the second one ends the workers at once."""
        hangup = [signal.SIGHUP] if sys.platform != "win32" else []
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, *hangup) as signals:
            async for _ in signals:
                self._signals += 1
                actor.interrupt.remote()
                for reference in list(waiting) if self._signals > 1 else ():
                    ray.cancel(reference, force=True)


def _limits(trials: Sequence[Trial], settings: WireSettings, times: int) -> dict[str, ProviderLimit]:
    """The limits of all workers: those of one machine, but ``times`` as many concurrent requests."""
    pace = {trial.provider.name: trial.provider.requests_per_minute for trial in trials}
    return {name: ProviderLimit(most * times, pace[name]) for name, most in concurrency_of(trials, settings).items()}


def _failed(what: str, why: str) -> InfrastructureError:
    lines = for_people(why).strip().splitlines()
    first_and_last = " … ".join([*lines[:1], *lines[1:][-1:]])
    return InfrastructureError(
        f"{what}: {first_and_last}" if lines else what,
        code="cluster-failed",
        where="--engine ray",
        hint="What is recorded is kept. Run the same command again to resume.",
    )


def _not_visible(place: str) -> ConfigError:
    return ConfigError(
        "what a worker recorded is not visible on this machine",
        code="shards-not-visible",
        where=place,
        hint="Valid: --shards with a URL that all nodes reach, e.g. s3://…, or a directory that all nodes share.",
    )
