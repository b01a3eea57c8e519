"""The results of all workers as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from trueweight.cluster.coordinator import Totals
from trueweight.wire import Health, SendResult


def join_results(results: Sequence[SendResult], totals: Totals, *, interrupted: bool) -> SendResult:
    """The result of a run whose batches ended so.

    Args:
        totals: of the coordinator, which knows what died workers sent too, and nothing of requests that did not ask.
    """
    requests = totals.requests or dict(sum((Counter(one.requests) for one in results), Counter()))
    spent = totals.cost or _sums(one.cost for one in results)
    priced = {name for one in results for name, cost in one.cost.items() if cost is not None}
    stopped = {name: why for one in results for name, why in one.stopped.items()} | dict(totals.stopped)
    return SendResult(
        recorded=sum(one.recorded for one in results),
        requests=requests,
        cost={name: spent.get(name, 0.0) if name in priced else None for name in requests},
        stopped=stopped,
        stopped_apis={name: apis for name, apis in totals.stopped_apis.items() if name not in stopped},
        unsent=tuple(unsent for one in results for unsent in one.unsent),
        interrupted=interrupted,
        limit_reached=totals.limit_reached,
        health=_worst([one.health for one in results]),
        stack=results[0].stack if results else SendResult().stack,
    )


def _sums(found: Iterable[Mapping[str, float | None]]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, cost in (item for one in found for item in one.items()):
        sums[name] = sums.get(name, 0.0) + (cost or 0.0)
    return sums


def _worst(found: Sequence[Health]) -> Health:
    """The health of the worst worker in each respect, with the exchanges of all that were spoiled."""
    return Health(
        samples=sum(one.samples for one in found),
        lag_p50_ms=max((one.lag_p50_ms for one in found), default=0.0),
        lag_p99_ms=max((one.lag_p99_ms for one in found), default=0.0),
        lag_max_ms=max((one.lag_max_ms for one in found), default=0.0),
        stalls=sum(one.stalls for one in found),
        limited=sum(one.limited for one in found),
    )
