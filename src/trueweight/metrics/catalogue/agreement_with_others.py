"""How far candidates without a reference agree with each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from trueweight.core import Estimate
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import Sample
from trueweight.statistics import Array
from trueweight.statistics.proportion import clustered

AGREEMENT_WITH_OTHERS: Final = register(
    Metric(
        id="agreement_with_others",
        title="Agreement with others",
        unit="proportion",
        definition="Mean over cases of 1 less the distance of its pass rate from the mean pass rate of the other "
        "candidates, over MUST and SHOULD checks. Only in runs without a reference.",
        source="Own definition: what self-agreement is in runs with a reference, leave-one-out.",
        method="95% interval with the case as the unit: an exact limit, or a BCa bootstrap over cases.",
        higher_is_better=True,
        place=119,
        column=True,
    )
)


def agreement_with_others(samples: Mapping[str, Sample]) -> dict[str, Estimate]:
    """Provider → its agreement with the mean of all others; empty with fewer than two providers."""
    rates = {name: _rates(sample) for name, sample in samples.items()}
    if len(rates) < 2:
        return {}
    return {
        name: _agreement(own, np.array([other for key, other in rates.items() if key != name]), samples[name])
        for name, own in rates.items()
    }


def _rates(sample: Sample) -> Array:
    """Pass rate of each case; NaN for a case without a reply to judge."""
    judged = sample.by_case(sample.own.passes >= 0)
    passed = sample.by_case(sample.own.passes == 1)
    rates: Array = np.divide(passed, judged, out=np.full(len(judged), np.nan), where=judged > 0)
    return rates


def _agreement(own: Array, others: Array, sample: Sample) -> Estimate:
    known = np.isfinite(others)
    count = known.sum(axis=0)
    mean = np.where(known, others, 0.0).sum(axis=0) / np.maximum(count, 1)
    both = np.isfinite(own) & (count > 0)
    of, n = len(np.unique(sample.own.case)), int(both.sum())
    missing = {"not answered by it and another": of - n} if of > n else {}
    if not n:
        note = "no case was answered by it and another"
        return Estimate.not_applicable("proportion", note, of=of, missing=missing)
    agreed = np.where(both, 1 - np.abs(own - mean), 0.0)
    agreed = np.rint(agreed * 1e9) / 1e9  # equal means of different sums may differ in the last bit
    # Two half units a case: an agreement is a fraction, and the limits of single trials are for yes and no.
    interval, method = clustered(2 * agreed, 2.0 * both, sample.resampler)
    value = float(agreed.sum() / n)
    return Estimate(value, *interval, n=n, unit="proportion", method=f"leave-one-out, {method}", of=of, missing=missing)
