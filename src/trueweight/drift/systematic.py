"""The sequential test of products: is the systematic difference larger than honest engines have among each other?

A product x (see `product`) is divided by a scale that only past products set, cut off, and bet on. It is cut off at 1
and, where noise is large, at -1; where past products show next to no noise, at -0.1, since bets may be larger the less
a score can lose. The e-processes:

- *drift*: the null is "the mean of the cut-off x is at most that of honest engines", and never more than tolerance²;
- *same*: the null is "the mean of x is at least tolerance²", with x cut off at five times as much;
- *equal*: the null is "the mean of x is 0".

Few questions make most of an honest engine's mean, and of a quantised file's. Cut off low, where honest engines seldom
are, what most questions say decides: the mean itself needs three times as many questions to tell 8-bit weights.

Lists of the likeliest tokens are cut, which leaves noise a bias: a token that reaches the list of a noisy side by luck
comes with that side's noise. It is below 3% of the squared noise in simulation (5 and 20 tokens, up to 0.9 nats on one
side), so that much is tolerated besides.

Beside them stands the mean of x itself with an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy,
Ramdas 2024, proposition 2.5): it may be looked at after every question, and is exact in the limit of many. Products of
few questions are skewed, so it is widened by what two more of the largest seen could change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final, NamedTuple

from trueweight.core.estimate import ALPHA
from trueweight.drift.betting import EProcess, Stake
from trueweight.drift.thresholds import Thresholds

MEMORY: Final = 64
"""Past products that the scale is made of."""

SHARPEST_AFTER: Final = 30
"""The number of products at which the confidence sequence is narrowest relative to what is possible."""

LEARNED: Final = 2
"""Past products from which their noise is known."""

TAIL: Final = 3.0
"""The cut below 0 is this many times the noise, or the lowest product so far but one: noise has heavy tails, and some
hosts answer alike nine times in ten and far off the tenth. Cutting only one of the tails would be a bias."""

LOWEST: Final = 0.1
"""The least cut below 0, as a share of the one above."""

WIDE: Final = 5.0
"""Products are cut off for *same* at this many times the cut for *drift*: a cut mean would hide rare large products."""

STAKES: Final = (Stake(0.97, 0.25), Stake(0.80, 0.25), Stake(0.55, 0.25), Stake(0.35, 0.25))
"""Scores of products vary: most of the weight on the largest stake would lose it to the first small product."""

TIMES_TOLERATED: Final = 8.0
"""Products are cut off at no less than this many times what is tolerated. Behind noise of 0.3 nats the tolerated bias
was half of the cut, so that a difference of 0.25 nats was hardly above it: found in 70% of runs of 240 requests on the
tuning questions, in 100% since."""

MOST: Final = 0.9
"""A limit never leaves a score less room than this above it."""

LEAST_PRODUCTS: Final = 6
"""Fewer products have no interval."""


class MeanProduct(NamedTuple):
    """A mean in nats² with the half width of its confidence sequence; infinite for fewer than six products."""

    mean: float
    margin: float


class SystematicTest:
    """The e-processes of one candidate, and its products so far."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.products: list[float] = []
        self._limit = thresholds.tolerance**2
        self._bias = thresholds.bias
        self._noise: list[float] = []
        self._cut = thresholds.cut
        self._tolerated = thresholds.tolerated_score
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
        noise = self._past_noise()
        bias = self._bias * median(self._noise[-MEMORY:]) if self._noise else 0.0
        scale = max(self._cut, noise, TIMES_TOLERATED * bias)
        least = self._least(scale, noise, bias)
        score = max(least, min(1.0, value / scale))
        limit = min(self._limit / scale, self._tolerated) + bias / scale
        self._drift.update(score, min(limit, MOST), least=least)
        self._equal.update(score, min(bias / scale, MOST), least=least)
        wide = max(WIDE * self._cut, noise, TIMES_TOLERATED * (self._limit + bias))
        least = self._least(wide, noise, bias)
        self._same.update(max(least, min(1.0, value / wide)), min(self._limit / wide, MOST), least=least)
        self.products.append(value)
        self._noise.append(max(0.0, size - max(0.0, value)))

    def _least(self, scale: float, noise: float, bias: float) -> float:
        """Where scores are cut off below 0.

        At -1 before the noise is known, and where single differences are noisy and products do not stand out from
        them: a few products that are above 0 by chance do not show that there is no noise.
        """
        if len(self.products) < LEARNED or (
            TIMES_TOLERATED * bias > self._cut and _quartile(self.products[-MEMORY:]) < median(self._noise[-MEMORY:])
        ):
            return -1.0
        return -min(1.0, max(LOWEST, TAIL * noise / scale, -sorted(self.products)[1] / scale))

    def _past_noise(self) -> float:
        """How large noise makes products, in nats²: past products alone decide, so that scores stay fair.

        Noise is symmetric around 0, so its size shows in the lower quartile, which a true difference raises.
        """
        return max(0.0, -self._noise_factor * _quartile(self.products[-MEMORY:])) if self.products else 0.0

    def interval(self, alpha: float = ALPHA) -> MeanProduct:
        """The mean product and the margin of its confidence sequence."""
        return confidence(self.products, self._limit, alpha)

    def is_below_tolerance(self, alpha: float) -> bool:
        """Whether the whole interval and the resolution are below the tolerance, and the bets say so too."""
        found = self.interval(alpha)
        within = found.mean + found.margin < self._limit and found.margin < self._limit
        return within and self.e_same >= 1.0 / alpha


def _quartile(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 4]


def confidence(products: Sequence[float], unit: float, alpha: float = ALPHA) -> MeanProduct:
    """Mean and margin of products; ``unit``² enters the variance as one observation more, so that it is never 0."""
    n = len(products)
    if not n:
        return MeanProduct(0.0, math.inf)
    mean = fmean(products)
    if n < LEAST_PRODUCTS:
        return MeanProduct(mean, math.inf)
    variance = (math.fsum((x - mean) ** 2 for x in products) + unit**2) / n
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / SHARPEST_AFTER
    spread = 2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha)
    return MeanProduct(mean, math.sqrt(variance * spread) + 2 * max(map(abs, products)) / n)


def root(value: float) -> float:
    """Nats of a number in nats²; 0 for what noise made negative."""
    return math.sqrt(max(0.0, value))
