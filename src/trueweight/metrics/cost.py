"""Metrics of cost: USD for each 1,000 of something."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.metrics.table import NOT_RECORDED, Table
from trueweight.statistics import Array
from trueweight.statistics.ratio import LEAST_CASES, ratio_interval
from trueweight.statistics.resample import Interval

_LEAST = 2
"""Cases from which equal costs count as known."""
_SAME = 1e-9
"""Costs are equal up to this share of them: a mean of three equal numbers may differ from them in the last bit."""


def whole_cost(table: Table) -> Array:
    """The whole cost of each trial."""
    return table.cost


def _per_thousand(
    per: Callable[[Sample], Array], none: str, cost_of: Callable[[Table], Array]
) -> Callable[[Sample], Estimate]:
    """1,000 × total cost ÷ the number of trials that ``per`` marks, over the trials whose whole cost is known. A part
    of the cost that is NaN is none."""

    def estimate(sample: Sample) -> Estimate:
        table = sample.own
        started = table.absent != NOT_RECORDED
        known = started & np.isfinite(table.cost)
        of = len(np.unique(table.case))
        if not known.any():
            return Estimate.not_applicable("USD", "no price is declared, or no usage was reported")
        counted = cost_of(table)
        if not (known & np.isfinite(counted)).any():
            return Estimate.not_applicable("USD", none)
        cost = sample.by_case(np.where(known & np.isfinite(counted), counted, 0.0))
        units = sample.by_case(known & per(sample))
        if not units.sum():
            return Estimate.not_applicable("USD", none)
        n = int((sample.by_case(known) > 0).sum())
        counted_cases = sample.by_case(known) > 0
        ends = ratio_interval(cost[counted_cases], units[counted_cases])
        found = None if ends is None else Interval(*(None if end is None else 1000 * end for end in ends))
        unknown = int(started.sum() - known.sum())
        notes = [f"{unknown} trials whose cost is not known are left out"] if unknown else []
        known_cases = units > 0
        each = cost[known_cases] / units[known_cases]
        if found is None and len(cost) >= _LEAST and np.ptp(each) <= _SAME * each.max():
            equal = float(1000 * cost.sum() / units.sum())
            found = Interval(equal, equal)  # no case differs from another: there is nothing to be uncertain of
        if found is None:
            notes.append(f"n = {n}: no interval under {LEAST_CASES} cases")
        return Estimate(
            float(1000 * cost.sum() / units.sum()),
            found.low if found else None,
            found.high if found else None,
            n=n,
            unit="USD",
            method="ratio of totals, Student's t over cases, corrected for skewness (Hall)",
            of=of,
            missing={"cost not known": of - n} if of > n else {},
            note="; ".join(notes),
        )

    return estimate


def cost_metric(
    name: str,
    title: str,
    definition: str,
    per: Callable[[Sample], Array],
    none: str,
    *,
    place: int,
    column: bool = False,
    cost: Callable[[Table], Array] = whole_cost,
    beside: str = "",
    beside_words: str = "{}",
) -> None:
    """Register 1,000 × total cost ÷ the number of trials that ``per`` marks; ``none`` is the note if there are none.

    Args:
        cost: the part of each trial's cost that counts.
    """
    register(
        Metric(
            id=name,
            title=title,
            unit="USD",
            definition=definition,
            source="Own definition: the prices of providers.toml times the token usage that the server reported, or "
            "the cost that it states.",
            method="Ratio of totals over the trials of known cost. 95% interval: Student's t over "
            "cases, corrected for skewness (Hall 1992); none under 30 cases, unless all cost the same.",
            higher_is_better=False,
            place=place,
            estimate=_per_thousand(per, none, cost),
            column=column,
            log=True,
            beside=beside,
            beside_words=beside_words,
        )
    )
