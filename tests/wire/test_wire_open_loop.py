"""Open loop: starts follow a schedule, not the server; what a slow server or client holds back shows."""

from __future__ import annotations

import itertools
import random

import anyio
import pytest
from fault_servers import Stage, Talk

from trueweight.wire import ArrivalKind
from trueweight.wire.pacing import arrivals


class Clock:
    """Stands still but for deliberate waits."""

    def __init__(self) -> None:
        self.ns = 0

    async def sleep(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)
        await anyio.sleep(0)


async def fine(talk: Talk) -> None:
    await talk.answer()


def test_constant_arrivals_are_evenly_spaced() -> None:
    """Ten a second from the start on, without drift."""
    found = list(itertools.islice(arrivals(10, ArrivalKind.CONSTANT, 5, random.Random(0)), 1001))
    assert found[:3] == [5, 100_000_005, 200_000_005]
    assert found[-1] == pytest.approx(100_000_000_005, abs=10)


def test_poisson_arrivals_are_seeded_and_keep_the_rate() -> None:
    """The same seed gives the same starts; gaps vary as much as they are long, as for independent users."""
    one, same, other = (
        list(itertools.islice(arrivals(50, ArrivalKind.POISSON, 0, random.Random(seed)), 5000)) for seed in (1, 1, 2)
    )
    assert one == same != other
    gaps = [b - a for a, b in itertools.pairwise(one)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(20e6, rel=0.1)
    assert spread == pytest.approx(mean, rel=0.1)


def test_starts_follow_the_schedule(stage: Stage) -> None:
    """Four a second: the waits between starts are a quarter of a second, however fast the server is."""
    clock = Clock()
    environment = stage.environment(clock=lambda: clock.ns, sleep=clock.sleep)
    stage.against(fine, count=5, rate=4, arrivals=ArrivalKind.CONSTANT, environment=environment)
    assert clock.ns == 1_000_000_000
    assert [exchange.final.t_send for exchange in stage.exchanges] == [0] * 5


def test_what_could_not_start_in_time_counts_as_response_time(stage: Stage) -> None:
    """One at a time at a server that takes a second, four starts a second: sends are late by all that queued, and the
    record says how late (coordinated omission would say that each took a second and nothing more)."""
    clock = Clock()

    async def takes_a_second(talk: Talk) -> None:
        clock.ns += 1_000_000_000
        await talk.answer()

    environment = stage.environment(clock=lambda: clock.ns, sleep=clock.sleep)
    stage.against(
        takes_a_second, count=4, rate=4, arrivals=ArrivalKind.CONSTANT, concurrency=1, environment=environment
    )
    late = [exchange.final.t_send / 1e9 for exchange in stage.exchanges]
    service = [(exchange.final.t_done - exchange.final.t_send) / 1e9 for exchange in stage.exchanges]
    assert late == [0.0, 0.75, 1.5, 2.25]
    assert service == [1.0] * 4
    assert [exchange.final.t_done / 1e9 for exchange in stage.exchanges] == [1.0, 1.75, 2.5, 3.25]
