"""What a worker does with a batch: read what an earlier worker recorded of it, send the rest, record it in blocks."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio
from msgspec.structs import replace as with_fields

from trueweight.cluster.coordinator import Clock, Line, WorkerLimits, align
from trueweight.cluster.cut import Batch
from trueweight.cluster.limits import INTERRUPTED
from trueweight.cluster.shards import BlockWriter, ShardFolder, latest
from trueweight.config import keys_for
from trueweight.core import ConfigError, InfrastructureError, Trial, TrueweightError
from trueweight.store import not_done
from trueweight.wire import Environment, SendResult, Unsent, WireEvent, WireSettings, send
from trueweight.workflow.client import session_of
from trueweight.workflow.judge.fingerprint import own_code

_BEAT: Final = 1.0
"""Seconds between two reports to the coordinator."""


@dataclass(frozen=True, slots=True)
class BatchTask:
    """A batch as it travels to a worker. It has no key: a worker reads the keys from its environment.

    Attributes:
        place, run: where the blocks go, see `ShardFolder`.
        concurrency: provider → most concurrent requests of this worker.
        settings: of the wire; limits of all workers are the coordinator's.
        code: digest of the driver's program, which must be the worker's too.
        asks: whether each request asks the coordinator first; not if no limit is shared.
    """

    batch: Batch
    place: str
    run: str
    concurrency: Mapping[str, int]
    settings: WireSettings
    code: str
    asks: bool = True


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How a batch ended.

    Attributes:
        recorded: whole exchanges of its trials that are in the shards now.
        error: why it could not be sent; None if it was.
    """

    batch: str
    recorded: int = 0
    result: SendResult = field(default_factory=SendResult)
    error: BatchError | None = None


@dataclass(frozen=True, slots=True)
class BatchError:
    """An error for the user, as it travels back; ``usage`` says whether it is a mistake in a file or an option."""

    message: str
    code: str
    where: str
    hint: str
    usage: bool

    def raised(self) -> TrueweightError:
        """The error, to be raised here."""
        kind = ConfigError if self.usage else InfrastructureError
        return kind(self.message, code=self.code, where=self.where, hint=self.hint)


async def send_batch(
    task: BatchTask, line: Line, environ: Mapping[str, str], environment: Environment | None = None
) -> BatchResult:
    """Send the trials of a batch that no worker has recorded yet.

    Args:
        environ: the worker's environment variables, with the keys.
        environment: as for `trueweight.wire.send`; its wall clock is replaced by the coordinator's.

    Returns:
        The result; an error for the user is in it.
    """
    worker = f"{platform.node() or 'worker'}-{os.getpid()}-{secrets.token_hex(3)}"
    await line.ask("join", worker, task.batch.name)
    try:
        return await _send(task, line, worker, environ, environment or Environment())
    except TrueweightError as error:
        where = f"{error.where}, on {platform.node() or worker}"
        found = BatchError(error.message, error.code, where, error.hint, isinstance(error, ConfigError))
        return BatchResult(task.batch.name, error=found)
    finally:
        line.tell("leave", worker)


async def _send(
    task: BatchTask, line: Line, worker: str, environ: Mapping[str, str], environment: Environment
) -> BatchResult:
    _require_same_code(task.code)
    batch, folder = task.batch, ShardFolder(task.place, task.run)
    before = {trial for trial, one in latest(folder.exchanges(batch.name)).items() if not one.interrupted}
    todo = not_done(batch.trials, before)
    if not todo:
        return BatchResult(batch.name, len(before))
    if not await line.ask("report", worker, []):
        unsent = tuple(Unsent(trial.id, trial.provider.name, INTERRUPTED) for trial in todo)
        return BatchResult(batch.name, len(before), SendResult(unsent=unsent, interrupted=True))
    keys = _keys(todo, environ)
    clock = await align(line)
    beginning = await line.ask("begin", batch.name) - clock.ahead
    writer = BlockWriter(folder, batch.name, worker)
    reports, started_at = _Reports(line, worker), _now(clock).isoformat(timespec="microseconds")
    try:
        async with reports.running():
            await anyio.sleep(max(0.0, beginning - time.time()))
            result = await send(
                [_alone(trial, task.concurrency) for trial in todo],
                keys=keys,
                sink=writer.append,
                settings=task.settings,
                on_event=reports.take,
                environment=replace(environment, now=lambda: _now(clock)),
                interrupt=reports.interrupt,
                check_client=True,
                limits=WorkerLimits(line, worker) if task.asks else None,
                starts=_starts(batch, todo, beginning),
            )
    finally:
        writer.close()
    await reports.send()
    session = session_of(result, task.settings, started_at)
    ahead, error = round(clock.ahead * 1e3, 3), round(clock.error * 1e3, 3)
    session = with_fields(session, worker=worker, clock_ahead_ms=ahead, clock_error_ms=error)
    folder.put_session(session, batch.name, worker)
    not_sent = {one.trial for one in result.unsent}
    return BatchResult(batch.name, sum(one.id not in not_sent for one in batch.trials), result)


def _keys(trials: Iterable[Trial], environ: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return keys_for([trial.provider for trial in trials], environ)
    except ConfigError as error:
        if error.code == "config-key-missing":
            error.hint = "Set it where `ray start` is called on that node, and start the node again."
        raise


def _require_same_code(code: str) -> None:
    if code != own_code():
        raise ConfigError(
            "this worker has another version of trueweight, of Python or of a library than the driver",
            code="cluster-version",
            where="--engine ray",
            hint="Valid: the same versions on all nodes, for example one container image.",
        )


def _now(clock: Clock) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=clock.ahead)


def _alone(trial: Trial, concurrency: Mapping[str, int]) -> Trial:
    """The trial for this worker's own limits: the pace of all is the coordinator's."""
    provider = trial.provider
    return replace(trial, provider=replace(provider, requests_per_minute=None, concurrency=concurrency[provider.name]))


def _starts(batch: Batch, todo: tuple[Trial, ...], beginning: float) -> dict[str, int]:
    """Trial → its intended start by this machine's monotonic clock.

    A worker that takes over a batch, or resumes one, goes on with the rest of its schedule at once: the gaps stay.
    """
    if not batch.starts:
        return {}
    zero = time.monotonic_ns() + round((beginning - time.time()) * 1e9)
    skipped = min(batch.starts[trial.id] for trial in todo) if len(todo) < len(batch.trials) else 0.0
    return {trial.id: zero + round((batch.starts[trial.id] - skipped) * 1e9) for trial in todo}


class _Reports:
    """Tells the coordinator of this worker's events, and so that it is alive; learns from it whether to go on."""

    def __init__(self, line: Line, worker: str) -> None:
        self.interrupt = anyio.Event()
        self._line, self._worker = line, worker
        self._events: list[WireEvent] = []

    def take(self, event: WireEvent) -> None:
        self._events.append(event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Report again and again, to the end of the block. If the coordinator is gone, nothing more is sent."""
        beats = asyncio.create_task(self._run())
        try:
            yield
        finally:
            beats.cancel()
            await asyncio.wait([beats])
        if not beats.cancelled():
            beats.result()

    async def _run(self) -> None:
        try:
            while True:
                await self.send()
                await asyncio.sleep(_BEAT)
        finally:
            self.interrupt.set()

    async def send(self) -> None:
        events, self._events = self._events, []
        if not await self._line.ask("report", self._worker, events):
            self.interrupt.set()
