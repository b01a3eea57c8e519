"""The smallest fault that a paired comparison would have found, by simulation with its own test and its own cases."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from trueweight.statistics import Array
from trueweight.statistics.consensus import (
    RateTable,
    agrees,
    make_table,
    worse_than_one,
    worse_than_others,
    worse_than_reference,
)

TEN_POINTS: Final = 0.1
SIMULATIONS: Final = 100
_FAULTS: Final = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Falls of the pass rate that are tried, smallest first."""
ENOUGH: Final = 0.8
"""Power with which a fault counts as one that would have been found."""


def power(rates: Array, fall: float, level: float, seed: int, steps: int, *, referred: bool = False) -> float:
    """The probability that a provider is found worse whose pass rate falls by ``fall``.

    A healthy provider is drawn by exchanging the providers of each case at random. Then it fails as many cases
    altogether as its rate is to fall: a fault of some feature, which is harder to find than one that touches each case
    a little. The test is that of the comparison: of two providers with each other, of more leave-one-out, or, with a
    reference, of both kinds.

    Args:
        rates: cases by providers, finite.
        level: of the one-sided test.
        steps: grid of the rates.
        referred: one of the providers is a reference.
    """
    rng = np.random.default_rng([seed, 11])
    size = len(rates)
    if not size:
        return 0.0
    share = fall / max(float(rates.mean()), fall)
    found = 0
    for _ in range(SIMULATIONS):
        drawn = rng.permuted(rates, axis=1) if rates.shape[1] > 1 else rates.copy()
        drawn[rng.random(size) < share, 0] = 0.0
        found += _p(make_table(drawn, steps), level, referred=referred) <= level
    return found / SIMULATIONS


def _p(table: RateTable, level: float, *, referred: bool) -> float:
    """The p-value of the first provider, in which a second one is the reference."""
    several = table.rates.shape[1] > 2
    if several and not referred:
        return worse_than_others(table, 0)
    alone = worse_than_one(table, 0, 1)
    found = worse_than_reference(alone, table, 0, agreed=False)
    if found <= level or not several:
        return found
    return worse_than_reference(alone, table, 0, agreed=agrees(table, 1))


class _Question(NamedTuple):
    """The arguments of `power`, hashable."""

    data: bytes
    columns: int
    fall: float
    level: float
    seed: int
    steps: int
    referred: bool


@lru_cache(maxsize=256)
def _answer(asked: _Question) -> float:
    rates = np.frombuffer(asked.data).reshape(-1, asked.columns)
    return power(rates, asked.fall, asked.level, asked.seed, asked.steps, referred=asked.referred)


class Power(NamedTuple):
    """What a comparison could have found.

    Attributes:
        of_ten: the probability that a provider whose pass rate is 10 points lower is found worse.
        smallest: the smallest fall, of those tried, that is found with a probability of 80%; None if none is.
    """

    of_ten: float
    smallest: float | None


def power_of(rates: Array, level: float, seed: int, steps: int, *, referred: bool = False) -> Power:
    """The power of a comparison, in the arguments of `power`."""
    rates = np.ascontiguousarray(rates, dtype=float)

    def found(fall: float) -> float:
        return _answer(_Question(rates.tobytes(), rates.shape[1], fall, level, seed, steps, referred))

    first = bisect_left(_FAULTS, True, key=lambda fall: found(fall) >= ENOUGH)
    return Power(found(TEN_POINTS), _FAULTS[first] if first < len(_FAULTS) else None)
