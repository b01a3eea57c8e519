"""What it costs: for what is asked, and for what is of use."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.metrics.table import NOT_RECORDED
from trueweight.statistics.array import Array
from trueweight.statistics.resample import bca


def _per_thousand(per: Callable[[Sample], Array], none: str) -> Callable[[Sample], Estimate]:
    """1,000 × total cost ÷ the number of trials that ``per`` marks."""

    def estimate(sample: Sample) -> Estimate:
        table = sample.own
        started = table.absent != NOT_RECORDED
        known = started & np.isfinite(table.cost)
        of = len(np.unique(table.case))
        if not known.any():
            return Estimate.not_applicable("USD", "no price is declared, or no usage was reported")
        cost = sample.by_case(np.where(known, table.cost, 0.0))
        units = sample.by_case(known & per(sample))
        if not units.sum():
            return Estimate.not_applicable("USD", none)
        n = int((sample.by_case(known) > 0).sum())
        found = bca(sample.resampler.bootstrap(np.column_stack([cost, units]), lambda s: 1000 * s[..., 0] / s[..., 1]))
        unknown = int(started.sum() - known.sum())
        notes = [f"{unknown} trials whose cost is not known are left out"] if unknown else []
        if found is None:
            notes.append("costs vary too little, or cases are too few, for an interval")
        return Estimate(
            float(1000 * cost.sum() / units.sum()),
            found.low if found else None,
            found.high if found else None,
            n=n,
            unit="USD",
            method=f"ratio of totals, BCa bootstrap over cases, {sample.resampler.resamples} resamples",
            of=of,
            missing=(("cost not known", of - n),) if of > n else (),
            note="; ".join(notes),
        )

    return estimate


register(
    Metric(
        "cost_per_1000",
        "USD",
        "Cost of 1,000 trials, every attempt counted, by the declared prices and the usage that the server reported.",
        False,
        _per_thousand(lambda sample: np.ones(len(sample.own), dtype=bool), "nothing was asked"),
    )
)
register(
    Metric(
        "cost_per_1000_valid_calls",
        "USD",
        "Cost of all trials, whether they offer tools or not, for each 1,000 replies whose tool calls are all valid.",
        False,
        _per_thousand(lambda sample: sample.own.calls_valid == 1, "no reply had valid tool calls"),
    )
)
