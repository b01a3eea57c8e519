"""The sequential test of products: is the systematic difference larger than honest engines have among each other?

The **systematic difference** d, in nats, is the root of the mean product x of a question (see `places`), where none
counts for more than five times that mean, either way:

    d² = mean of x, each cut off at ±5 d²

Few questions make most of the plain mean, of an honest engine's products and of a quantised file's: three times as many
questions would be needed to tell 8-bit weights from another engine. If all products are alike, d² is their plain mean.
(It is an M-estimate of scale, of products in place of squares: Huber & Ronchetti, Robust Statistics, chapter 5.)

d is at most the tolerance τ exactly if the products, cut off at ±5 τ², have a mean of at most τ². So one bounded score,
x / 5 τ² cut off at ±1, whose mean is at most 1/5, is the null; nothing else is tolerated, measured or calibrated.

Noise adds to products what is 0 on average. The scale that x is divided by is then larger than 5 τ², as past products
show. A larger scale does not raise the mean of the scores, so the same null holds. Below 0 a score is cut off at -1,
and where past products show next to no noise at -0.1, since bets may be larger the less a score can lose.
The e-processes:

- *drift*: the null is "d is at most the tolerance": the mean score is at most 1/5;
- *same*: the null is "d is at least the tolerance": the mean of x, cut off at the scale, is at least τ²;
- *equal*: the null is "the mean of x is 0".

Lists of the likeliest tokens are cut, which leaves noise a bias: a token that reaches the list of a noisy side by luck
comes with that side's noise. It is below 3% of the squared noise in simulation (5 and 20 tokens, up to 0.9 nats on one
side), so that much is tolerated besides.

The limits of d are those tolerances that an asymptotic confidence sequence of the scores' mean does not refute
(Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, proposition 2.5): it may be looked at after every question, and is
exact in the limit of many. Scores of few questions are skewed, so it is widened by what two more of the largest seen
could change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from trueweight.core.estimate import ALPHA
from trueweight.drift.betting import EProcess, Stake
from trueweight.drift.thresholds import Thresholds

Floats = npt.NDArray[np.float64]

TIMES_MEAN: Final = 5.0
"""No product counts for more than this many times the mean. It was chosen on the tuning questions, of 2.5 to 12: with
less, the rare large products of bf16 activations and of 8-bit weights weigh alike; with more, one question decides."""

MEMORY: Final = 64
"""Past products that the scale is made of."""

SHARPEST_AFTER: Final = 30
"""The number of products at which the confidence sequence is narrowest relative to what is possible."""

LEARNED: Final = 2
"""Past products from which their noise is known."""

TAIL: Final = 3.0
"""The cut below 0 is this many times the noise, or the lowest product so far: noise has heavy tails, and some hosts
answer alike nine times in ten and far off the tenth. Cutting only one of the tails would be a bias."""

LOWEST: Final = 0.1
"""The least cut below 0, as a share of the one above."""

STAKES: Final = (Stake(0.97, 0.25), Stake(0.80, 0.25), Stake(0.55, 0.25), Stake(0.35, 0.25))
"""Scores of products vary: most of the weight on the largest stake would lose it to the first small product."""

TIMES_BIAS: Final = 8.0
"""The scale is no less than this many times the bias that is tolerated: it would be most of what a score may be."""

TIMES_PLAIN: Final = 2.0
"""Nothing is called equivalent unless the plain mean of all products is below this many times τ² as well, since the
systematic difference counts rare large differences as five times the mean at most."""

LEAST_PRODUCTS: Final = 6
"""Fewer products have no interval."""

_GRID: Final = np.geomspace(1e-4, 5.0, 600)
"""The tolerances in nats that are refuted or not; steps of 2%."""


class SystematicDifference(NamedTuple):
    """In nats, with its 95% limits; `high` and `resolution` are infinite for fewer than six products.

    Attributes:
        resolution: the smallest difference that so many products at this noise tell from none.
    """

    nats: float
    low: float
    high: float
    resolution: float


class Mean(NamedTuple):
    """The mean of each column, and half the width of its confidence sequence."""

    mean: Floats
    margin: Floats


class SystematicTest:
    """The e-processes of one candidate, and its products so far."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.products: list[float] = []
        self._limit = thresholds.tolerance**2
        self._bias = thresholds.bias
        self._noise: list[float] = []
        self._noise_factor = thresholds.noise_factor
        self._drift = EProcess(least=-1.0, portfolio=STAKES)
        self._same = EProcess(least=-1.0, below=True)
        self._equal = EProcess(least=-1.0, portfolio=STAKES)

    @property
    def e_drift(self) -> float:
        """The e-value against "at most the tolerance"."""
        return self._drift.value

    @property
    def e_same(self) -> float:
        """The e-value against "at least the tolerance"."""
        return self._same.value

    @property
    def e_equal(self) -> float:
        """The e-value against "no systematic difference"."""
        return self._equal.value

    def update(self, value: float, size: float = 0.0) -> None:
        """Take in one product and the product of the sizes of its differences, both in nats²."""
        noise, bias = self._past_noise(), self._past_bias()
        scale = max(TIMES_MEAN * self._limit, noise, TIMES_BIAS * bias)
        least = self._least(scale, noise, bias)
        score = max(least, min(1.0, value / scale))
        self._drift.update(score, 1 / TIMES_MEAN + bias / scale, least=least)
        self._same.update(score, self._limit / scale, least=least)
        self._equal.update(score, bias / scale, least=least)
        self.products.append(value)
        self._noise.append(max(0.0, size - max(0.0, value)))

    def _least(self, scale: float, noise: float, bias: float) -> float:
        """Where scores are cut off below 0.

        At -1 before the noise is known, and where single differences are noisy and products do not stand out from
        them: a few products that are above 0 by chance do not show that there is no noise.
        """
        if len(self.products) < LEARNED or (
            TIMES_BIAS * bias > TIMES_MEAN * self._limit
            and _quartile(self.products[-MEMORY:]) < median(self._noise[-MEMORY:])
        ):
            return -1.0
        return -min(1.0, max(LOWEST, TAIL * noise / scale, -min(self.products) / scale))

    def _past_noise(self) -> float:
        """How large noise makes products, in nats²: past products alone decide, so that scores stay fair.

        Noise is symmetric around 0, so its size shows in the lower quartile, which a true difference raises.
        """
        return max(0.0, -self._noise_factor * _quartile(self.products[-MEMORY:])) if self.products else 0.0

    def _past_bias(self) -> float:
        return self._bias * median(self._noise[-MEMORY:]) if self._noise else 0.0

    def _scores(self, scale: Floats, alpha: float) -> Mean:
        """The mean score at each scale in nats²."""
        return mean_of(np.clip(np.array(self.products)[:, None] / scale, -1.0, 1.0), self._limit / scale, alpha)

    def difference(self, alpha: float = ALPHA) -> SystematicDifference:
        """The systematic difference so far, with its confidence sequence."""
        bias = self._past_bias()
        least = max(self._past_noise(), TIMES_BIAS * bias)
        value = math.sqrt(counted_mean(self.products, least))
        if len(self.products) < LEAST_PRODUCTS:
            return SystematicDifference(value, 0.0, math.inf, math.inf)
        scale = np.maximum(TIMES_MEAN * _GRID**2, least)
        found, needed = self._scores(scale, alpha), _GRID**2 / scale
        too_low = found.mean - found.margin > 1 / TIMES_MEAN + bias / scale
        too_high, unresolved = found.mean + found.margin < needed, found.margin >= needed
        return SystematicDifference(
            value,
            float(_GRID[too_low.argmin() - 1]) if too_low[0] else 0.0,
            _first_after(~too_high),
            _first_after(unresolved),
        )

    def is_below_tolerance(self, alpha: float) -> bool:
        """Whether the upper limit and the resolution are below the tolerance, bets say so too, and so does the mean of
        all products, none cut off."""
        if len(self.products) < LEAST_PRODUCTS:
            return False
        scale = max(TIMES_MEAN * self._limit, self._past_noise(), TIMES_BIAS * self._past_bias())
        found, needed = self._scores(np.array([scale]), alpha), self._limit / scale
        plain = mean_of(np.array(self.products), self._limit, alpha)
        return (
            bool(found.mean[0] + found.margin[0] < needed and found.margin[0] < needed)
            and bool(plain.mean + plain.margin < TIMES_PLAIN * self._limit)
            and self.e_same >= 1.0 / alpha
        )


def mean_of(values: Floats, unit: Floats | float, alpha: float = ALPHA) -> Mean:
    """The mean along the first axis, with its confidence sequence.

    ``unit`` enters the variance as one value more, off by as much, so that it is never 0.
    """
    n, mean = len(values), values.mean(0)
    variance = (((values - mean) ** 2).sum(0) + unit**2) / n
    return Mean(mean, np.sqrt(variance * spread(n, alpha)) + 2 * np.abs(values).max(0) / n)


def counted_mean(products: Sequence[float], scale: float = 0.0) -> float:
    """The mean of products, each cut off at five times that mean or, if it is more, at ``scale``; at least 0."""
    x = np.array(products)
    mean = float(np.abs(x).max(initial=0.0))
    while True:
        limit = max(scale, TIMES_MEAN * mean)
        found = max(0.0, float(np.clip(x, -limit, limit).mean())) if mean else 0.0
        if found >= mean * (1 - 1e-6):
            return found
        mean = found


def spread(n: int, alpha: float) -> float:
    """The confidence sequence of a mean of n values is the root of this times their variance wide, either way."""
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / SHARPEST_AFTER
    return 2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha)


def _quartile(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 4]


def _first_after(hits: npt.NDArray[np.bool_]) -> float:
    """The tolerance after the last one that is hit; infinite if that is the largest."""
    last = int(np.flatnonzero(hits)[-1]) if hits.any() else -1
    return float(_GRID[last + 1]) if last + 1 < len(_GRID) else math.inf
