"""Exact permutation tests of rates that are paired by case, with their null distribution by convolution.

The case is the unit: all trials of one provider in one case move together, so the tests hold however the trials of a
case depend on each other. The null hypothesis is that the providers' results in a case are exchangeable, which needs
equal numbers of trials on each side.

The null distribution of the sum over cases is a product of characteristic functions, so one inverse Fourier transform
gives it exactly (Good 1982; Pagano and Tritchler 1983). Rates are put on a grid first. That changes the statistic
slightly and the validity of the test not at all, since a rounded difference is as symmetric as the difference.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from trueweight.statistics import Array

_GRID = 60
"""Steps of a rate where the numbers of trials have no smaller common multiple."""


_PRECISION: Final = 1e-12
"""The transform's rounding error of a probability. A smaller p-value that is not the smallest is written as this one:
a fault with more failures has then no larger p-value."""
_BLOCK = 1_000_000
"""Complex numbers held at once. It bounds the memory."""


class PValues(NamedTuple):
    """Exact p-values of a paired test of no difference.

    Attributes:
        lower, higher: one-sided, against the first side being lower, or higher, than the second.
        differs: two-sided.
    """

    lower: float
    higher: float
    differs: float


def grid_of(trials: Array) -> int:
    """The number of equal steps of a rate on which every ``k / trials`` lies, at most 60."""
    counts = {int(count) for count in np.unique(trials) if count > 0}
    steps = math.lcm(*counts) if counts else 1
    return steps if steps <= _GRID else _GRID


def sign_flip(deltas: Array, steps: int = _GRID) -> PValues:
    """The sign-flip test of the sum of paired differences. With one trial a side it is McNemar's exact test.

    Under the null hypothesis each difference is as likely to be negative as positive.

    Args:
        deltas: first side minus second side for each case, finite.
        steps: grid of the differences; exact for those that are multiples of ``1 / steps``.
    """
    scaled = np.rint(np.asarray(deltas, dtype=float) * steps).astype(np.int64)
    scaled = scaled[scaled != 0]
    if not len(scaled):
        return PValues(1.0, 1.0, 1.0)
    sizes, counts = np.unique(np.abs(scaled), return_counts=True)
    most, seen = int(np.abs(scaled).sum()), int(scaled.sum())
    length = _length(2 * most + 1)
    angles = 2 * np.pi * np.arange(length // 2 + 1) / length
    transform = np.ones_like(angles)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        transform *= np.cos(angles * size) ** count
    mass = np.fft.irfft(transform, length)  # the mass at s is at index s, that at -s at length - s
    sums = np.arange(length)
    sums[sums > length // 2] -= length
    least = 2.0 ** -len(scaled)
    if abs(seen) == most:
        tails = (least, 1.0) if seen < 0 else (1.0, least)
        return PValues(*tails, min(1.0, 2 * least))
    lower, higher = mass[sums <= seen].sum(), mass[sums >= seen].sum()
    both = mass[np.abs(sums) >= abs(seen)].sum()
    return PValues(_within(lower, least), _within(higher, least), _within(both, min(1.0, 2 * least)))


_TRIALS: Final = 2
"""Independent trials that the repeats of a case are worth at least, where they are not all the same: six repeats whose
intraclass correlation is 0.4."""
_PARTS: Final = 1000
"""Probabilities are put on a grid of this many steps: alike cases are then found by `_distinct`."""


def lower_than_fixed(ours: Array, theirs: Array, weights: Array | None = None) -> float:
    """One-sided p-value against our rates being lower than those of a provider whose trials of a case are all the same.

    Differences are not symmetric then, so signs cannot be flipped: a provider that passes 97% of trials fails a few in
    many cases, while a deterministic one with the same rate fails few cases or, by luck, none. It has one trial a case,
    which under the null hypothesis is as likely to pass as ours.

    Args:
        ours, theirs: by case, finite.
        weights: of the cases, small positive integers that depend on neither; None if all weigh the same.
    """
    pooled = (_TRIALS * ours + theirs) / (_TRIALS + 1)
    return fewest_passes(1 - pooled, 1 - theirs, np.ones(len(ours)) if weights is None else weights)


def fewest_passes(rates: Array, passes: Array, weights: Array) -> float:
    """The probability of at most such a weight of passes if each case passes with its rate (a sum of unlike
    Bernoullis).

    Args:
        weights: of the cases, small positive integers.
    """
    weigh = np.rint(weights).astype(np.int64)
    sure, unsure = rates >= 1 - 1e-9, (rates > 1e-9) & (rates < 1 - 1e-9)
    seen = int((np.rint(passes) * weigh).sum()) - int(weigh[sure].sum())
    parts = np.clip(np.rint(_PARTS * rates[unsure]), 1, _PARTS - 1).astype(np.int64)
    members = np.zeros((len(parts), int(weigh.max(initial=1)) + 1), dtype=np.int64)
    members[:, 0] = _PARTS - parts
    members[np.arange(len(parts)), weigh[unsure]] = parts
    return lower_tail(members, seen)


def lower_tail(members: Array, seen: int) -> float:
    """The probability of a sum of at most ``seen``, where each row is a case and holds how often each of the values 0,
    1, 2 … is drawn in it."""
    if not len(members):
        return 1.0
    most = (members.shape[1] - 1 - (members[:, ::-1] > 0).argmax(axis=1)).sum()
    length = _length(int(most) + 1)
    waves = (_kept_waves if length <= _SHORT else _waves)(members.shape[1], length)
    shares = members / members.sum(axis=1)[:, None]
    transform = np.ones(length // 2 + 1, dtype=complex)
    kinds, counts = _distinct(members)
    for start in range(0, len(kinds), step := max(1, _BLOCK // length)):
        part, several = shares[kinds[start : start + step]] @ waves, counts[start : start + step] > 1
        part[several] **= counts[start : start + step][several, None]  # complex powers are slow, and most are the first
        transform *= part.prod(axis=0)
    mass = np.fft.irfft(transform, length)
    least = float(np.exp(np.log(shares[:, 0]).sum()))
    return least if seen <= 0 else _within(mass[: seen + 1].sum(), least)


def _waves(values: int, length: int) -> Array:
    """The transform of a mass at 0, at 1, at 2 …, each a row."""
    roots = np.exp(-2j * np.pi * np.arange(length) / length)
    return np.asarray(roots[np.outer(np.arange(values), np.arange(length // 2 + 1)) % length])


_SHORT: Final = 4096
_kept_waves = lru_cache(maxsize=8)(_waves)
"""The simulations of power need the same few thousands of times."""


@lru_cache(maxsize=64)
def _hash_factors(columns: int) -> Array:
    return np.random.default_rng(5).integers(1, 2**62, columns)


def _distinct(rows: Array) -> tuple[Array, Array]:
    """The place of one row of each kind of rows of small counts, and how many there are of it."""
    # A random linear hash: `numpy.unique` over rows is a hundred times slower.
    _, first, counts = np.unique(rows @ _hash_factors(rows.shape[1]), return_index=True, return_counts=True)
    return first, counts


def _length(least: int) -> int:
    """A power of two of at least that size."""
    return 1 << max(1, (least - 1).bit_length())


def _within(p: float, least: float) -> float:
    """A p-value without the rounding of the transform: at least the smallest that can be reached, and at least
    `_PRECISION` where it is larger than that; at most 1."""
    return float(min(1.0, max(p, least, _PRECISION)))
