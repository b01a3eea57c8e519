"""Whether what breaks a client stays away."""

from __future__ import annotations

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.metrics.share import Share, share_metric
from trueweight.statistics.proportion import clustered


@share_metric(
    "must_pass_rate",
    "Replies in which every MUST check that applies holds ÷ replies to which one applies and that do not say cleanly "
    "that the feature is unsupported.",
)
def must_pass_rate(sample: Sample) -> Share:
    table = sample.own
    nothing = "nothing was asked"
    return Share(table.case >= 0, table.must_passes >= 0, table.must_passes == 1, "no MUST check applies", nothing)


def _flaky(sample: Sample) -> Estimate:
    """Share of cases whose repeats in one mode disagree."""
    table, size = sample.own, sample.resampler.cases
    cell = table.case * 2 + table.stream
    judged = table.passes >= 0
    asked = np.bincount(cell[judged], minlength=2 * size)
    passed = np.bincount(cell[judged & (table.passes == 1)], minlength=2 * size)
    repeated = (asked >= 2).reshape(-1, 2).any(axis=1)
    mixed = ((asked >= 2) & (passed > 0) & (passed < asked)).reshape(-1, 2).any(axis=1)
    of = len(np.unique(table.case))
    n = int(repeated.sum())
    missing = (("judged fewer than twice in any mode", of - n),) if of > n else ()
    if not n:
        return Estimate(None, None, None, 0, "proportion", "n/a", of=of, missing=missing, note="nothing was repeated")
    interval, method = clustered(mixed.astype(float), repeated.astype(float), sample.resampler)
    value = float(mixed.sum() / n)
    return Estimate(value, *interval, n=n, unit="proportion", method=method, of=of, missing=missing)


register(
    Metric(
        "flaky_rate",
        "proportion",
        "Cases whose repeats in one mode do not all pass and do not all fail ÷ cases judged at least twice in a mode.",
        False,
        _flaky,
    )
)
