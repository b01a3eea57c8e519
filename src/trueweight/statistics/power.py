"""The smallest fault that a paired comparison would have found, by simulation with its own test and its own cases."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from trueweight.statistics import Array
from trueweight.statistics.permutation import lowest_of, sign_flip

TEN_POINTS: Final = 0.1
SIMULATIONS: Final = 100
_FAULTS: Final = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Falls of the pass rate that are tried, smallest first."""
ENOUGH: Final = 0.8
"""Power with which a fault counts as one that would have been found."""


def power(rates: Array, fall: float, level: float, seed: int, steps: int) -> float:
    """The probability that a provider is found worse whose pass rate falls by ``fall``.

    A healthy provider is drawn by exchanging the providers of each case at random. Then it fails as many cases
    altogether as its rate is to fall: a fault of some feature, which is harder to find than one that touches each case
    a little. The test is that of the comparison: sign flips for two columns, leave-one-out for more.

    Args:
        rates: cases by providers, finite.
        level: of the one-sided test.
        steps: grid of the rates.
    """
    rng = np.random.default_rng([seed, 11])
    size = len(rates)
    if not size:
        return 0.0
    share = fall / max(float(rates.mean()), fall)
    columns = np.arange(rates.shape[1])
    found = 0
    for _ in range(SIMULATIONS):
        drawn = rng.permuted(rates, axis=1) if len(columns) > 1 else rates.copy()
        drawn[rng.random(size) < share, 0] = 0.0
        if len(columns) == 2:
            found += sign_flip(drawn[:, 0] - drawn[:, 1], steps).lower <= level
        else:
            found += lowest_of(drawn, 0, steps) <= level
    return found / SIMULATIONS


class _Question(NamedTuple):
    """The arguments of `power`, hashable."""

    data: bytes
    columns: int
    fall: float
    level: float
    seed: int
    steps: int


@lru_cache(maxsize=256)
def _answer(asked: _Question) -> float:
    rates = np.frombuffer(asked.data).reshape(-1, asked.columns)
    return power(rates, asked.fall, asked.level, asked.seed, asked.steps)


class Power(NamedTuple):
    """What a comparison could have found.

    Attributes:
        of_ten: the probability that a provider whose pass rate is 10 points lower is found worse.
        smallest: the smallest fall, of those tried, that is found with a probability of 80%; None if none is.
    """

    of_ten: float
    smallest: float | None


def power_of(rates: Array, level: float, seed: int, steps: int) -> Power:
    """The power of a comparison, in the arguments of `power`."""
    rates = np.ascontiguousarray(rates, dtype=float)

    def found(fall: float) -> float:
        return _answer(_Question(rates.tobytes(), rates.shape[1], fall, level, seed, steps))

    first = bisect_left(_FAULTS, True, key=lambda fall: found(fall) >= ENOUGH)
    return Power(found(TEN_POINTS), _FAULTS[first] if first < len(_FAULTS) else None)
