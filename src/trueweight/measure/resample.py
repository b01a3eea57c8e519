"""One set of resampled cases for a whole run, shared by every metric and every provider.

All our statistics are functions of sums over cases, so one resample is a row of weights and every provider's sums under
it are one matrix product. Sharing the weights makes each comparison paired by case without further work, and leaving a
case out is a subtraction, so the jackknife of BCa costs O(n) where ``scipy.stats.bootstrap`` builds an n × n array
(0.3 s and more for one number at 4,000 cases). The interval itself is scipy's: a test feeds scipy the same
resamples and asks for the same ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from trueweight.measure.table import Array

CONFIDENCE = 0.95
RESAMPLES = 2000
_CHUNK = 8_000_000  # weights drawn or multiplied at once: bounds the peak at some 64 MB

Statistic = Callable[[Array], Array]
"""Sums over cases, ``(…, columns)`` → the statistic, ``(…)``. NaN where it is not defined."""


class Interval(NamedTuple):
    """Ends of an interval; None where only a one-sided limit is honest."""

    low: float | None
    high: float | None


class Bootstrap(NamedTuple):
    """A statistic, its bootstrap distribution, and what it is when each case is left out."""

    value: float
    draws: Array
    jackknife: Array


class Resampler:
    """Draws of cases with replacement, fixed by a seed.

    Args:
        cases: how many cases the run has.
        seed: the manifest's.
    """

    def __init__(self, cases: int, seed: int, resamples: int = RESAMPLES) -> None:
        self.cases = cases
        self.seed = seed
        self.resamples = resamples
        rng = np.random.default_rng([seed, cases])
        self._step = max(1, _CHUNK // max(cases, 1))
        # A case is drawn about once; 255 times is beyond reach for any n above 255, and impossible below.
        self._weights = np.zeros((resamples, cases), dtype=np.uint8)
        for start in range(0, resamples if cases else 0, self._step):
            size = min(self._step, resamples - start)
            drawn = rng.integers(0, cases, size=(size, cases)) + np.arange(size)[:, None] * cases
            counts = np.bincount(drawn.ravel(), minlength=size * cases)
            self._weights[start : start + size] = counts.reshape(size, cases)

    def rng(self) -> np.random.Generator:
        """A fresh generator for draws that are not of cases; the same one every time, so order never matters."""
        return np.random.default_rng([self.seed, 7])

    def sums(self, columns: Array) -> Array:
        """``(cases, k)`` → ``(resamples, k)``: the columns' sums in each resample."""
        steps = range(0, self.resamples, self._step)
        return np.concatenate([self._weights[i : i + self._step].astype(float) @ columns for i in steps])

    def bootstrap(self, columns: Array, statistic: Statistic) -> Bootstrap:
        """Bootstrap a statistic of the sums of some columns over cases."""
        total = columns.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return Bootstrap(float(statistic(total)), statistic(self.sums(columns)), statistic(total - columns))


def bca(boot: Bootstrap, confidence: float = CONFIDENCE) -> Interval | None:
    """Bias-corrected and accelerated interval (Efron 1987); None if it is not defined or has no width."""
    draws, jackknife = boot.draws, boot.jackknife
    if len(jackknife) < 2 or not (np.isfinite(draws).all() and np.isfinite(jackknife).all()):
        return None
    below = ((draws < boot.value).sum() + (draws <= boot.value).sum()) / (2 * len(draws))
    if not 0 < below < 1:
        return None
    influence = (len(jackknife) - 1) * (jackknife.mean() - jackknife)
    spread = float((influence**2).sum())
    if spread <= 0:
        return None
    acceleration = float((influence**3).sum()) / (6 * spread**1.5)
    z0 = float(ndtri(below))
    tails = z0 + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    low, high = np.quantile(draws, ndtr(z0 + tails / (1 - acceleration * tails)))
    return Interval(float(low), float(high)) if high > low else None


def bootstrap_p(boot: Bootstrap, null: float = 0.0) -> float:
    """Two-sided p-value that the statistic is ``null``: the level at which the percentile interval just holds it."""
    count = len(boot.draws) + 1
    below, above = ((boot.draws <= null).sum() + 1) / count, ((boot.draws >= null).sum() + 1) / count
    return float(min(1.0, 2 * min(below, above)))
