"""Many workers' results as one: sums, the worst health, and the requests of workers that died."""

from __future__ import annotations

from trueweight.cluster.coordinator import Totals
from trueweight.cluster.results import join_results
from trueweight.wire import Health, SendResult, Unsent

ONE = SendResult(
    recorded=3,
    requests={"p": 4, "q": 1},
    cost={"p": 0.5, "q": None},
    unsent=(Unsent("t", "q", "why"),),
    health=Health(None, 10, 1.0, 2.0, 30.0, 1, 2),
)
OTHER = SendResult(recorded=2, requests={"p": 2}, cost={"p": 0.25}, health=Health(None, 5, 3.0, 4.0, 5.0, 0, 0))


def test_what_the_coordinator_counted_counts() -> None:
    """It has the seventh request too, of a worker that died, and why a provider was stopped for all."""
    totals = Totals({"p": 7, "q": 1}, {"p": 0.8}, {"q": "HTTP 401"}, {"p": {"chat": "gone"}, "q": {"chat": "x"}}, True)
    found = join_results([ONE, OTHER], totals, interrupted=True)
    assert found.recorded == 5
    assert found.requests == {"p": 7, "q": 1}
    assert found.cost == {"p": 0.8, "q": None}
    assert found.stopped == {"q": "HTTP 401"}
    assert found.stopped_apis == {"p": {"chat": "gone"}}
    assert found.unsent == ONE.unsent
    assert found.interrupted
    assert found.limit_reached
    assert found.health == Health(None, 15, 3.0, 4.0, 30.0, 1, 2)


def test_workers_that_did_not_ask_are_added_up() -> None:
    """A measurement of load without a shared limit: the coordinator counted nothing."""
    found = join_results([ONE, OTHER], Totals({}, {}, {}, {}, False), interrupted=False)
    assert found.requests == {"p": 6, "q": 1}
    assert found.cost == {"p": 0.75, "q": None}
    assert not found.limit_reached
    assert join_results([], Totals({}, {}, {}, {}, False), interrupted=False).recorded == 0
