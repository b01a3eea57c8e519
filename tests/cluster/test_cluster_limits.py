"""The limits of all workers together: none is crossed by any worker, and nothing is lost when a worker dies."""

from __future__ import annotations

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from trueweight.cluster.limits import REPLACED, SILENCE, ClusterLimits, ProviderLimit
from trueweight.wire import Charge, Refusal, RefusalOf, Reservation, WireSettings


class Clock:
    """Moves when the test moves it."""

    def __init__(self) -> None:
        self.ns = 0

    def pass_(self, seconds: float) -> None:
        self.ns += round(seconds * 1e9)

    def __call__(self) -> int:
        return self.ns


def to(provider: str, ceiling: float) -> Reservation:
    return Reservation(provider, "chat", ceiling)


def limits(clock: Clock, settings: WireSettings | None = None, **of: ProviderLimit) -> ClusterLimits:
    made = ClusterLimits(settings or WireSettings(), of or {"p": ProviderLimit(2)}, clock)
    for worker in "ab":
        made.join(worker, f"batch of {worker}")
    return made


def test_concurrency_is_of_all_workers_together() -> None:
    """Two requests of one worker use up both places; a place that is given back is the other worker's."""
    kept = limits(Clock())
    assert [kept.admit("a", to("p", 0.0)), kept.admit("a", to("p", 0.0))] == [0.0, 0.0]
    assert kept.admit("b", to("p", 0.0)) == math.inf
    kept.settle("a", to("p", 0.0), None, answered=True)
    assert kept.admit("b", to("p", 0.0)) == 0.0


def test_the_pace_is_of_all_workers_together() -> None:
    """Sixty a minute: one each second, whichever worker asks; a wait that a provider asks for holds for all."""
    clock = Clock()
    kept = limits(clock, p=ProviderLimit(100, 60.0))
    starts = []
    while clock.ns < 10e9:
        for worker in "ab":
            if kept.admit(worker, to("p", 0.0)) == 0.0:
                starts.append(clock.ns / 1e9)
        clock.pass_(0.25)
    assert starts == [float(second) for second in range(10)]
    kept.hold("p", 30.0)
    left = kept.admit("b", to("p", 0.0))
    assert isinstance(left, float)
    assert 29 <= left <= 30


def test_a_dead_worker_gives_back_its_places_and_is_charged() -> None:
    """After twenty silent seconds its place is free; the cost that it reserved counts, because it may be billed. What
    it says afterwards changes nothing."""
    clock = Clock()
    kept = limits(clock, WireSettings(budget_usd=3.0), p=ProviderLimit(1))
    assert kept.admit("a", to("p", 1.0)) == 0.0
    clock.pass_(SILENCE - 1)
    assert kept.is_current("b")
    assert kept.admit("b", to("p", 1.0)) == math.inf
    clock.pass_(2)
    assert kept.is_current("b")
    assert kept.admit("b", to("p", 1.0)) == 0.0
    assert kept.ledger.spent["p"] == 1.0
    kept.settle("a", to("p", 1.0), Charge(0.2, True), answered=True)
    assert kept.ledger.spent["p"] == 1.0
    assert kept.admit("a", to("p", 0.0)) == Refusal(REPLACED)


def test_the_worker_that_takes_over_a_batch_is_the_only_one_that_sends_it() -> None:
    """The first one is refused everything from then on: Ray may take a node for dead that is only cut off."""
    kept = limits(Clock())
    assert kept.admit("a", to("p", 0.0)) == 0.0
    kept.join("c", "batch of a")
    assert kept.admit("a", to("p", 0.0)) == Refusal(REPLACED)
    assert not kept.is_current("a")
    assert [kept.admit("c", to("p", 0.0)), kept.admit("c", to("p", 0.0))] == [0.0, 0.0]


def test_a_provider_that_one_worker_cannot_reach_is_not_stopped_for_all() -> None:
    """A refused key stops it for all; no connection does only if no worker ever had an answer."""
    kept = limits(Clock(), p=ProviderLimit(9), q=ProviderLimit(9))
    assert kept.admit("a", to("p", 0.0)) == 0.0
    kept.settle("a", to("p", 0.0), None, answered=True)
    for name in "pq":
        kept.stop(name, ["chat"], "unreachable: no route", unless_answered=True)
    assert kept.admit("b", to("p", 0.0)) == 0.0
    assert kept.admit("b", to("q", 0.0)) == Refusal("unreachable: no route", RefusalOf.API)
    kept.stop("p", [], "HTTP 401: it refuses the key")
    assert kept.admit("a", to("p", 0.0)) == Refusal("HTTP 401: it refuses the key", RefusalOf.PROVIDER)


@given(
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["send", "end", "die"]), st.floats(0, 1))),
    budget=st.floats(1.0, 20.0),
)
def test_no_order_of_events_crosses_a_limit(steps: list[tuple[str, str, float]], budget: float) -> None:
    """Workers send, end and die in any order: never more than four under way, never more spent than the budget, and at
    the end every place is free again."""
    clock = Clock()
    kept = limits(clock, WireSettings(budget_usd=budget), p=ProviderLimit(4))
    kept.join("c", "batch of c")
    under_way: Counter[str] = Counter()
    for worker, step, part in steps:
        if step == "send" and kept.admit(worker, to("p", 1.0)) == 0.0:
            under_way[worker] += 1
        elif step == "end" and under_way[worker]:
            under_way[worker] -= 1
            kept.settle(worker, to("p", 1.0), Charge(part, True), answered=True)
        elif step == "die":
            under_way[worker] = 0
            kept.join(worker, f"batch of {worker}")
        assert under_way.total() <= 4
        assert kept.ledger.spent["p"] + under_way.total() <= budget * (1 + 1e-6)
    for worker in "abc":
        kept.leave(worker)
    kept.join("d", "the rest")
    free = [kept.admit("d", to("p", 0.0)) for _ in range(5)]
    assert free == [0.0] * 4 + [math.inf]
