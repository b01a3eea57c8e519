"""Enough data: the smallest fault that a paired comparison would have found, by simulation with its own test and
its own cases; and the repeats of a case that keep the noise of sampling small."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Final, NamedTuple

import numpy as np
from scipy.special import ndtri

from trueweight.statistics import Array
from trueweight.statistics.consensus import (
    agrees,
    make_ways_table,
    pair_table,
    worse_than_others,
    worse_than_reference,
)

TEN_POINTS: Final = 0.1
SIMULATIONS: Final = 100
_FAULTS: Final = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5)
"""Falls of the pass rate that are tried, smallest first."""
ENOUGH: Final = 0.8
"""Power with which a fault counts as one that would have been found."""
_NEEDED: Final = math.ceil(ENOUGH * SIMULATIONS)


class TrialsByWay(NamedTuple):
    """Passed and judged trials: cases by providers by ways."""

    passed: Array
    judged: Array


def simulations(counts: TrialsByWay, fall: float, level: float, seed: int, *, referred: bool = False) -> Iterator[bool]:
    """For each of 100 simulations, whether a provider is found worse whose pass rate falls by ``fall``.

    A healthy provider is drawn by exchanging the providers of each case at random. Then it fails as many cases
    altogether as its rate is to fall: a fault of some feature, which is harder to find than one that touches each case
    a little. The test is that of the comparison: of two providers with each other, of more leave-one-out, or, with a
    reference, of both kinds.

    Args:
        counts: of cases that all providers answered.
        level: of the one-sided test.
        referred: one of the providers is a reference.
    """
    rng = np.random.default_rng([seed, 11])
    size, providers, _ = counts.passed.shape
    if not size:
        return
    rate = float((counts.passed.sum(axis=2) / counts.judged.sum(axis=2)).mean())
    share = fall / max(rate, fall)
    for _ in range(SIMULATIONS):
        order = rng.permuted(np.tile(np.arange(providers), (size, 1)), axis=1)[:, :, None]
        passed, judged = (np.take_along_axis(one, order, axis=1) for one in counts)
        passed[rng.random(size) < share, 0] = 0
        yield _p(passed, judged, level, referred=referred) <= level


def _p(passed: Array, judged: Array, level: float, *, referred: bool) -> float:
    """The p-value of the first provider, in which a second one is the reference."""
    everyone = make_ways_table(passed, judged)
    several = passed.shape[1] > 2
    if several and not referred:
        return everyone.p_value(partial(worse_than_others, own=0))
    pair = pair_table(passed, judged, 0, 1, everyone)
    found = worse_than_reference(pair, everyone, 0, [False] * len(everyone.tables))
    return found if found <= level or not several else worse_than_reference(pair, everyone, 0, agrees(everyone, 1))


class _Question(NamedTuple):
    """The arguments of `simulations`, hashable."""

    passed: bytes
    judged: bytes
    shape: tuple[int, ...]
    fall: float
    level: float
    seed: int
    referred: bool

    def simulations(self) -> Iterator[bool]:
        """See `simulations`."""
        passed, judged = (np.frombuffer(one, dtype=np.int64).reshape(self.shape) for one in (self.passed, self.judged))
        return simulations(TrialsByWay(passed, judged), self.fall, self.level, self.seed, referred=self.referred)


@lru_cache(maxsize=256)
def _power(asked: _Question) -> float:
    return sum(asked.simulations()) / SIMULATIONS


@lru_cache(maxsize=256)
def _is_enough(asked: _Question) -> bool:
    """Whether the power is `ENOUGH`. The simulations end when those that are left can no longer change that."""
    found, left = 0, SIMULATIONS
    for one in asked.simulations():
        found, left = found + one, left - 1
        if found >= _NEEDED or found + left < _NEEDED:
            break
    return found >= _NEEDED


class Power(NamedTuple):
    """What a comparison could have found.

    Attributes:
        of_ten: the probability that a provider whose pass rate is 10 points lower is found worse.
        smallest: the smallest fall, of those tried, that is found with a probability of 80%; None if none is.
    """

    of_ten: float
    smallest: float | None


def power_of(counts: TrialsByWay, level: float, seed: int, *, referred: bool = False) -> Power:
    """The power of a comparison; the arguments are those of `simulations`."""
    passed, judged = (np.ascontiguousarray(one, dtype=np.int64) for one in counts)

    def asked(fall: float) -> _Question:
        return _Question(passed.tobytes(), judged.tobytes(), passed.shape, fall, level, seed, referred)

    of_ten = _power(asked(TEN_POINTS))

    def is_found(fall: float) -> bool:
        return of_ten >= ENOUGH if fall == TEN_POINTS else _is_enough(asked(fall))

    first = bisect_left(_FAULTS, True, key=is_found)
    return Power(of_ten, _FAULTS[first] if first < len(_FAULTS) else None)


HALF_WIDTH: Final = 0.025
"""Half of the 95% interval that sampling alone may give to a difference of two shares: 2.5 percentage points."""
MOST_REPEATS: Final = 10
"""Most repeats that are chosen: the noise falls with their square root, the cost does not."""


def repeats_for(disagreements: int, pairs: int, *, passes: int = 2, half_width: float = HALF_WIDTH) -> int:
    """The fewest repeats at which sampling alone moves a candidate's difference from the reference by ``half_width``.

    A unit (a case in one mode) holds with probability p at each sending. Two sendings disagree with probability
    2p(1-p), so the mean variance v of a sending is half the rate of disagreement. With n units, N repeats of a
    candidate and ``passes`` times N of the reference, the difference of their shares has the variance
    v(1 + 1/passes)/(nN) from sampling; its 95% half width is 1.96 times the root.

    Args:
        disagreements: units whose two sendings differ.
        pairs: units with two sendings.

    Returns:
        from 1 to `MOST_REPEATS`; 1 without a pair.
    """
    if pairs <= 0:
        return 1
    variance = disagreements / pairs / 2
    needed = float(ndtri(0.975)) ** 2 * variance * (1 + 1 / passes) / (pairs * half_width**2)
    return min(MOST_REPEATS, max(1, math.ceil(needed)))
