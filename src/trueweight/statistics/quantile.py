"""Quantiles (Hyndman–Fan type 7) with the bootstrap interval.

The bootstrap distribution of a quantile is known without resampling: in a resample of n, the k-th smallest value is the
sample's value at rank ⌈n·U⌉ where U is the k-th smallest of n uniform draws, which is Beta(k, n-k+1). So we draw the
two order statistics that type 7 interpolates between, not n × resamples values. If a case has several values, the cases
are independent and the values are not. Then cases are resampled: resampling values would make the interval too narrow.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from trueweight.statistics import Array
from trueweight.statistics.resample import CONFIDENCE, Interval, Resampler

P99_NEEDS = 100
"""A 99th percentile of fewer requests is an extrapolation."""

_TAIL = (1 - CONFIDENCE) / 2
_BLOCK = 250
"""Resamples drawn at once. It bounds the memory."""


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


def no_quantile(n: int, q: float) -> str:
    """Why ``n`` requests have no such quantile; "" if they have."""
    if not n:
        return "no request defines it"
    return f"n = {n}: no 99th percentile under {P99_NEEDS}" if q >= 0.99 and n < P99_NEEDS else ""


def quantile(values: Array, q: float, resampler: Resampler, case: Array | None = None) -> tuple[Interval, str]:
    """95% interval of a quantile, and a note if it lacks an end, else "".

    An end is None if the sample is so small that it may have no value beyond the quantile (at 97.5% confidence).

    Args:
        case: the case of each value; None if each value is a separate case. Cases are resampled, not values.

    Raises:
        ValueError: if there are no values.
    """
    n = len(values)
    if n == 0:
        raise ValueError("a quantile needs at least one value")
    units: float = n
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    if case is None or len(np.unique(case)) == n:
        draws = bootstrap_quantiles(ordered, q, resampler.rng(), resampler.resamples)
        low, high = np.quantile(draws, [_TAIL, 1 - _TAIL])
    else:
        clusters = _Clusters(ordered, np.unique(case, return_inverse=True)[1][order], q, resampler)
        units = clusters.effective()
        low, high = clusters.end(_TAIL), clusters.end(1 - _TAIL)
    lower = float(low) if (1 - q) ** units <= _TAIL else None
    upper = float(high) if q**units <= _TAIL else None
    if lower is not None and lower == upper:
        return Interval(None, None), "every value is the same: no spread to estimate an interval from"
    few = lower is None or upper is None
    return Interval(lower, upper), f"n = {n} is too few for both ends of an interval" if few else ""


class _Clusters:
    """Values in ascending order, and the number of the case (from 0) of each.

    The quantile of a resample is at most x if the share of its values up to x is at least q. That share is a ratio of
    sums over cases, which is cheap to resample. So each end is found by bisection over the values.
    """

    def __init__(self, ordered: Array, case: Array, q: float, resampler: Resampler) -> None:
        self._ordered, self._case, self._q = ordered, case, q
        self._of = np.bincount(case)
        self._resampler = resampler

    def _up_to(self, count: int) -> Array:
        """The number of values of each case among the first ``count`` values."""
        return np.bincount(self._case[:count], minlength=len(self._of))

    def effective(self) -> float:
        """The effective sample size: n divided by the design effect of the clusters."""
        n = len(self._ordered)
        excess = self._up_to(max(1, round(n * self._q))) - self._q * self._of
        return float(n / max(1.0, (excess**2).sum() / (n * self._q * (1 - self._q))))

    def end(self, level: float) -> float:
        """The smallest value that the quantile of a resample does not exceed with probability ``level``."""

        def reached(index: int) -> bool:
            up_to, of = self._drawn(self._up_to(index + 1))
            return bool((up_to >= self._q * of).mean() >= level)

        found = bisect_left(range(len(self._ordered) - 1), True, key=reached)
        return float(self._ordered[found])

    def _drawn(self, up_to: Array) -> tuple[Array, Array]:
        """For each resample, the sum over cases of ``up_to`` and of the values. Equal cases are drawn together."""
        most = int(self._of.max()) + 1
        kinds, cases = np.unique(up_to * most + self._of, return_counts=True)
        rng = np.random.default_rng([self._resampler.seed, len(self._of)])
        share, sums = cases / len(self._of), np.column_stack([kinds // most, kinds % most]).astype(float)
        left = range(self._resampler.resamples, 0, -_BLOCK)
        drawn = [rng.multinomial(len(self._of), share, size=min(_BLOCK, n)).astype(float) @ sums for n in left]
        parts = np.concatenate(drawn)
        return parts[:, 0], parts[:, 1]
