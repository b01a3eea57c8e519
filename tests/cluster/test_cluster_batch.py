"""What a worker does with a batch, beside a coordinator in the same process, without Ray."""

from __future__ import annotations

import asyncio
import platform
from collections import Counter
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from cluster_parts import Api, NearLine, coordinator, send, trials

from trueweight.cluster.coordinator import Clock, align
from trueweight.cluster.cut import Batch, schedule
from trueweight.cluster.limits import INTERRUPTED, ProviderLimit
from trueweight.cluster.shards import ShardFolder, latest
from trueweight.wire import ArrivalKind, Reservation, WireSettings

KEY = "sk-cluster-0123456789abcdef"


def batch_of(number: int) -> Batch:
    return Batch("batch", trials(number))


def test_a_batch_is_recorded_once_and_its_worker_is_on_record(tmp_path: Path) -> None:
    """Every trial is in the blocks; the session has the worker, its load and the offset of its clock. A second worker
    that gets the same batch sends nothing."""
    api, batch = Api(), batch_of(6)

    async def run() -> None:
        line = NearLine(coordinator())
        first = await send(batch, str(tmp_path), api, line)
        assert first.error is None
        assert first.recorded == first.result.recorded == len(batch.trials) == len(api.received)
        again = await send(batch, str(tmp_path), api, line)
        assert again.recorded == len(batch.trials) == len(api.received)
        assert line.coordinator.totals().requests == {"ref": 12, "cand": 6}
        assert sum(event.kind == "finished" for event in line.coordinator.take_events()) == 18

    anyio.run(run)
    folder = ShardFolder(str(tmp_path), "run")
    assert latest(folder.exchanges(batch.name)).keys() == {trial.id for trial in batch.trials}
    (session,) = folder.sessions()
    assert session.worker
    assert session.recorded == 18
    assert session.clock_ahead_ms == pytest.approx(0, abs=50)
    assert session.clock_error_ms is not None


class Died(BaseException):
    """The end of a process."""


def test_a_worker_that_takes_over_sends_only_what_is_not_recorded(tmp_path: Path) -> None:
    """The first worker dies in the middle. What it recorded stays, what it did not is sent by the next one, and each
    trial is once in the result."""
    batch = batch_of(12)

    def die(number: int) -> None:
        if number == 20:
            raise Died

    dying, api = Api(before=die), Api()

    async def run() -> None:
        line = NearLine(coordinator())
        with pytest.raises(BaseException) as caught:  # as anyio wraps it
            await send(batch, str(tmp_path), dying, line)
        assert not isinstance(caught.value, Exception) or caught.group_contains(Died)
        before = latest(ShardFolder(str(tmp_path), "run").exchanges(batch.name))
        whole = {name for name, one in before.items() if one.failure is None}
        assert 0 < len(whole) < len(batch.trials)
        after = await send(batch, str(tmp_path), api, line)
        assert after.error is None
        assert after.recorded == len(batch.trials)
        assert len(api.received) == len(batch.trials) - len(whole)

    anyio.run(run)
    found = latest(ShardFolder(str(tmp_path), "run").exchanges(batch.name))
    assert len(found) == len(batch.trials)
    assert all(one.failure is None for one in found.values())


def test_keys_come_from_the_environment_of_the_worker_alone(tmp_path: Path) -> None:
    """The task has no key; a worker without the variable says which one is missing, and no file has the key."""
    batch = batch_of(2)
    keyed = [replace(one, provider=replace(one.provider, api_key_env="CLUSTER_KEY")) for one in batch.trials]
    batch, api = replace(batch, trials=tuple(keyed)), Api()

    async def run() -> None:
        line = NearLine(coordinator())
        missing = await send(batch, str(tmp_path), api, line)
        assert missing.error is not None
        assert missing.error.code == "config-key-missing"
        assert "CLUSTER_KEY" in missing.error.message
        assert missing.error.where.endswith(f", on {platform.node()}")  # the driver may have the variable
        assert "ray start" in missing.error.hint
        assert api.received == []
        assert (await send(batch, str(tmp_path), api, line, {"CLUSTER_KEY": KEY})).error is None

    anyio.run(run)
    assert api.keys == {f"Bearer {KEY}"}
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_another_version_of_the_program_sends_nothing(tmp_path: Path) -> None:
    """Its requests might differ from those of the other nodes."""
    api = Api()

    async def run() -> None:
        found = await send(batch_of(1), str(tmp_path), api, NearLine(coordinator()), code="other")
        assert found.error is not None
        assert found.error.code == "cluster-version"

    anyio.run(run)
    assert api.received == []


def test_an_interrupted_run_sends_nothing_more_and_says_what_is_left(tmp_path: Path) -> None:
    """A batch that begins after the interrupt has all of its trials unsent."""
    api, batch = Api(), batch_of(3)

    async def run() -> None:
        line = NearLine(coordinator())
        line.coordinator.interrupt()
        found = await send(batch, str(tmp_path), api, line)
        assert found.result.interrupted
        assert {one.reason for one in found.result.unsent} == {INTERRUPTED}
        assert len(found.result.unsent) == len(batch.trials)

    anyio.run(run)
    assert api.received == []


def test_two_workers_keep_one_limit_of_requests(tmp_path: Path) -> None:
    """Ten of 36 requests are allowed in all: ten are sent, the rest is unsent for that reason."""
    api, plan = Api(), trials(12)
    halves = [Batch(name, plan[at::2]) for at, name in enumerate(("one", "two"))]

    async def run() -> None:
        line = NearLine(coordinator(WireSettings(max_requests=10)))
        results = await asyncio.gather(*(send(half, str(tmp_path), api, line) for half in halves))
        reasons = Counter(unsent.reason for one in results for unsent in one.result.unsent)
        assert reasons == {"--max-requests 10 reached": 26}
        assert line.coordinator.totals().limit_reached
        stops = [event.provider for event in line.coordinator.take_events() if event.kind == "stopped"]
        assert sorted(stops) == ["cand", "ref"]  # once each, not once for each worker

    anyio.run(run)
    assert len(api.received) == 10


def test_a_provider_that_refuses_the_key_is_stopped_for_all_workers(tmp_path: Path) -> None:
    """The second worker does not ask it again."""
    api, plan = Api(), trials(4)

    async def run() -> None:
        line = NearLine(coordinator())
        line.coordinator.stop("cand", [], "HTTP 401: it refuses the key", False)
        found = await send(Batch("one", plan), str(tmp_path), api, line)
        assert found.result.stopped == {"cand": "HTTP 401: it refuses the key"}

    anyio.run(run)
    assert {host for host, _ in api.received} == {"ref.test"}


def test_workers_of_an_open_loop_begin_together_and_keep_the_schedule(tmp_path: Path) -> None:
    """Two workers wait for each other; the starts on record are those of the schedule, never earlier."""
    api, plan = Api(), [one for one in trials(10) if one.provider.name == "cand"]
    settings = WireSettings(rate=100, arrivals=ArrivalKind.CONSTANT)
    batches = schedule(plan, 2, settings)

    async def run() -> None:
        line = NearLine(coordinator(settings, together=2))
        results = await asyncio.gather(*(send(one, str(tmp_path), api, line, settings=settings) for one in batches))
        assert [one.error for one in results] == [None, None]

    anyio.run(run)
    folder = ShardFolder(str(tmp_path), "run")
    starts = {}
    for batch in batches:
        own = latest(folder.exchanges(batch.name))
        starts |= {batch.starts[name]: one.started_at for name, one in own.items()}
    ordered = [when for _, when in sorted(starts.items())]
    assert len(ordered) == 10
    assert ordered == sorted(ordered)  # the workers' starts alternate, as they do in the schedule


def test_a_waiting_request_that_is_cancelled_gives_its_place_back() -> None:
    """A worker that is interrupted while it waits leaves no place taken for ever."""
    from trueweight.cluster.coordinator import WorkerLimits

    async def run() -> None:
        kept = coordinator(cand=ProviderLimit(1))
        kept.join("w", "batch")
        limits, asked = WorkerLimits(NearLine(kept), "w"), Reservation("cand", "chat")
        assert await limits.admit(asked) is None
        with anyio.move_on_after(0.01):
            await limits.admit(asked)
        limits.settle(asked, None, answered=True)
        with anyio.fail_after(5):
            assert await limits.admit(asked) is None

    anyio.run(run)


def test_clocks_are_compared_by_the_shortest_round_trip() -> None:
    """An answer that was held up does not move the clock."""

    class Ahead:
        async def ask(self, method: str, *_: object) -> float:
            import time

            self.count = getattr(self, "count", 0) + 1
            if self.count == 1:
                await asyncio.sleep(0.05)
            return time.time() + 100.0

        def tell(self, method: str, *_: object) -> None:
            raise AssertionError

    found = anyio.run(align, Ahead())
    assert isinstance(found, Clock)
    assert found.ahead == pytest.approx(100.0, abs=0.02)
    assert found.error < 0.02
