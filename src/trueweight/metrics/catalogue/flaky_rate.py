"""Whether repeats of the same request agree."""

from __future__ import annotations

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.statistics.proportion import clustered


def _estimate(sample: Sample) -> Estimate:
    """Share of cases whose repeats in one mode disagree."""
    table, size = sample.own, sample.resampler.cases
    cell = table.case * 2 + table.stream
    judged = table.passes >= 0
    trials = np.bincount(cell[judged], minlength=2 * size)
    passed = np.bincount(cell[judged & (table.passes == 1)], minlength=2 * size)
    repeated = (trials >= 2).reshape(-1, 2).any(axis=1)
    mixed = ((trials >= 2) & (passed > 0) & (passed < trials)).reshape(-1, 2).any(axis=1)
    of = len(np.unique(table.case))
    n = int(repeated.sum())
    missing = {"judged fewer than twice in any mode": of - n} if of > n else {}
    if not n:
        return Estimate.not_applicable("proportion", "nothing was repeated", of=of, missing=missing)
    interval, method = clustered(mixed.astype(float), repeated.astype(float), sample.resampler)
    value = float(mixed.sum() / n)
    return Estimate(value, *interval, n=n, unit="proportion", method=method, of=of, missing=missing)


register(
    Metric(
        id="flaky_rate",
        title="Flaky cases",
        unit="proportion",
        definition="Of the cases judged at least twice in one mode, the share whose repeats in a mode neither all pass "
        "nor all fail.",
        source="Own definition.",
        method="Cases with mixed repeats ÷ repeated cases; 95% interval: Wilson, or an exact limit.",
        higher_is_better=False,
        place=141,
        estimate=_estimate,
    )
)
