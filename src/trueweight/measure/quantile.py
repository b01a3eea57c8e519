"""Quantiles (Hyndman–Fan type 7) with the bootstrap interval.

The bootstrap distribution of a quantile is known without resampling: in a resample of n, the k-th smallest value is the
sample's value at rank ⌈n·U⌉ where U is the k-th smallest of n uniform draws, which is Beta(k, n-k+1). So we draw the
two order statistics that type 7 interpolates between, not n × resamples values.
"""

from __future__ import annotations

import numpy as np

from trueweight.measure.resample import CONFIDENCE, Interval, Resampler
from trueweight.measure.table import Array

P99_NEEDS = 100
"""A 99th percentile of fewer requests is an extrapolation."""


def bootstrap_quantiles(ordered: Array, q: float, rng: np.random.Generator, resamples: int) -> Array:
    """Draws from the bootstrap distribution of the type 7 quantile of sorted values."""
    n = len(ordered)
    position = (n - 1) * q
    below = int(np.floor(position))
    weight = position - below
    first = rng.beta(below + 1, n - below, size=resamples)
    low = ordered[np.minimum((first * n).astype(np.int64), n - 1)]
    if weight == 0:
        return np.asarray(low)
    # Given the k-th smallest of n, the next one is the smallest of the n-k that are left above it.
    second = first + (1 - first) * rng.beta(1, n - below - 1, size=resamples)
    high = ordered[np.minimum((second * n).astype(np.int64), n - 1)]
    return np.asarray(low + weight * (high - low))


def quantile(values: Array, q: float, resampler: Resampler) -> tuple[Interval, str]:
    """95% interval of a quantile, and a note where an end is missing.

    An end is missing where the sample is too small to have any value beyond it with 97.5% confidence.

    Raises:
        ValueError: if there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("a quantile needs at least one value")
    tail = (1 - CONFIDENCE) / 2
    draws = bootstrap_quantiles(np.sort(values), q, resampler.rng(), resampler.resamples)
    low, high = np.quantile(draws, [tail, 1 - tail])
    lower = float(low) if (1 - q) ** n <= tail else None
    upper = float(high) if q**n <= tail else None
    if lower is not None and lower == upper:
        return Interval(None, None), "every value is the same: no spread to estimate an interval from"
    few = lower is None or upper is None
    return Interval(lower, upper), f"n = {n} is too few for both ends of an interval" if few else ""
