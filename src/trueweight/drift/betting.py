"""E-processes: sequential tests by betting.

Scores ``x`` lie in [least, 1]. The null is "each score's mean, given the past, is at most ``bound``". A score
multiplies the process by ``1 + λ (x - bound)``. Under the null this factor has mean at most 1, and it is never negative
for λ ≤ 1 / (bound - least). So the product is an e-process: by Ville's inequality it reaches 1/α with probability at
most α, at *any* stopping time (Shafer 2021; Waudby-Smith & Ramdas 2024).

The least score limits the factor: with scores from -1 one score at most doubles the e-value, with scores from -½ (see
`scoring.triangle`) it nearly trebles it.

The best λ depends on the unknown alternative: a provider that always differs needs a λ near its maximum, one that
differs on every tenth prompt needs a small one. The sum of a fixed portfolio of stakes is again an e-process. It is
behind the best of its members by a constant, the logarithm of that member's weight.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trueweight.core.estimate import ALPHA

Floats = npt.NDArray[np.float64]

LEAST_SCORE = -0.5
"""The least score that three answers can get."""


class Stake(NamedTuple):
    """A share of the portfolio, with its λ as a fraction of the largest valid λ."""

    fraction: float
    weight: float


PORTFOLIO: tuple[Stake, ...] = (
    Stake(0.99, 0.60),
    Stake(0.80, 0.12),
    Stake(0.55, 0.08),
    Stake(0.35, 0.06),
    Stake(0.20, 0.06),
    Stake(0.10, 0.04),
    Stake(0.05, 0.02),
    Stake(0.02, 0.02),
)
"""Most of the weight is on "it differs nearly always": if that is wrong it costs log(1/0.4) once, if it is right the
test ends after four paid requests. The smaller stakes are for providers that differ rarely, and for noisy
references."""

RARE_EVENTS: tuple[Stake, ...] = (Stake(0.60, 1 / 3), Stake(0.35, 1 / 3), Stake(0.15, 1 / 3))
"""For scores that are large and rare: a large λ would lose nearly everything before the first of them."""

_FRACTIONS: Floats = np.array([stake.fraction for stake in PORTFOLIO])
_LOG_WEIGHTS: Floats = np.log([stake.weight for stake in PORTFOLIO])


@dataclass(slots=True)
class EProcess:
    """An e-process against "no score's mean exceeds its bound"; starts at 1.

    Attributes:
        below: the null is "no score's mean is less than its bound" instead.
        least: the smallest possible score.
        portfolio: the stakes and their weights.
    """

    below: bool = False
    least: float = LEAST_SCORE
    portfolio: tuple[Stake, ...] = PORTFOLIO
    _fractions: Floats = field(init=False)
    _logs: Floats = field(init=False)

    def __post_init__(self) -> None:
        self._fractions = np.array([stake.fraction for stake in self.portfolio])
        self._logs = np.log([stake.weight for stake in self.portfolio])

    def update(self, score: float, bound: float = 0.0, *, least: float | None = None) -> float:
        """Take in one score and return the e-value after it.

        Args:
            bound: of this score's mean; it must not depend on this score or a later one.
            least: the smallest possible value of this score, likewise, if it is not that of all.

        Raises:
            ValueError: if the score is not in [least, 1], where the guarantee would be lost.
        """
        least = self.least if least is None else least
        if not least <= score <= 1.0:
            raise ValueError(f"a score must lie in [{least:g}, 1], got {score!r}")
        stakes = self._fractions / ((1.0 - bound) if self.below else (bound - least))
        self._logs = self._logs + np.log1p(stakes * ((bound - score) if self.below else (score - bound)))
        return self.value

    @property
    def log(self) -> float:
        """Natural logarithm of the e-value."""
        peak = float(self._logs.max())
        return peak + math.log(float(np.exp(self._logs - peak).sum()))

    @property
    def value(self) -> float:
        """The e-value so far (at most e^690, so that JSON can hold it)."""
        return math.exp(min(self.log, 690.0))


def confidence_sequence(scores: Sequence[float], alpha: float = ALPHA, *, grid: int = 601) -> tuple[float, float]:
    """Interval for the mean of scores in [-½, 1] that holds at all times with probability at least ``1 - alpha``.

    It is the set of all means m against which neither "at most m" nor "at least m" has been refuted at α/2.
    No score yet: [-½, 1].
    """
    if not len(scores):
        return LEAST_SCORE, 1.0
    means = np.linspace(LEAST_SCORE, 1.0, grid)[1:-1]
    up, down = (np.tile(_LOG_WEIGHTS, (len(means), 1)) for _ in range(2))
    rise, fall = _FRACTIONS / (means - LEAST_SCORE)[:, None], _FRACTIONS / (1.0 - means)[:, None]
    for score in scores:
        gap = (score - means)[:, None]
        up += np.log1p(rise * gap)
        down += np.log1p(-fall * gap)
    limit = math.log(2.0 / alpha)
    too_low = np.logaddexp.reduce(up, axis=1) >= limit
    too_high = np.logaddexp.reduce(down, axis=1) >= limit
    low = float(means[too_low].max()) if too_low.any() else LEAST_SCORE
    high = float(means[too_high].min()) if too_high.any() else 1.0
    return low, high


def rejected_e_values(e_values: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which nulls the e-BH procedure rejects (Wang & Ramdas 2022).

    False discovery rate at most ``alpha`` under *any* dependence between the e-values, such as that of candidates
    which share the reference's draws, and at any stopping time when they come from e-processes.
    """
    count = len(e_values)
    order = sorted(range(count), key=lambda i: e_values[i], reverse=True)
    last = max((rank for rank, i in enumerate(order, 1) if e_values[i] >= count / (alpha * rank)), default=0)
    rejected = set(order[:last])
    return tuple(i in rejected for i in range(count))
