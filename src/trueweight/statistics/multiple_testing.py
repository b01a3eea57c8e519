"""Corrections for making many comparisons at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import ndtri, owens_t

from trueweight.core.estimate import ALPHA


def share_of_alpha(looks: int) -> float:
    """The error of each of some looks, so that all of them together have `ALPHA` (Bonferroni); that of one for none."""
    return ALPHA / max(1, looks)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values, in the order given. They control the family-wise error rate."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    scaled = np.asarray(p_values, dtype=float)[order] * np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0) if count else scaled
    return tuple(adjusted.tolist())


def weighted_holm(p_values: Sequence[float], weights: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values where each hypothesis has a share of the error (Holm 1979, section 3).

    They control the family-wise error rate whatever the weights, if the weights do not depend on the data. A hypothesis
    of weight w is tested first at level α·w divided by the sum of all weights.

    Args:
        weights: positive, in any scale; with equal weights the result is that of `holm`.
    """
    share = np.asarray(weights, dtype=float)
    ratio = np.asarray(p_values, dtype=float) / share
    order = np.argsort(ratio, kind="stable")
    left = np.cumsum(share[order][::-1])[::-1]  # the weight of a hypothesis and of those behind it
    adjusted = np.empty(len(ratio))
    adjusted[order] = np.minimum(np.maximum.accumulate(ratio[order] * left), 1.0) if len(ratio) else ratio
    return tuple(adjusted.tolist())


def joined(p_values: Sequence[float], shares: Sequence[float], correlations: Sequence[float]) -> float:
    """One p-value that all of several null hypotheses hold: the bound of Hunter and Worsley (1982) on the probability
    that any of the tests is as significant, for its share of the error, as the most significant one is.

    It is Bonferroni's sum less the probabilities that the first test and one of the others are both so significant,
    which are those of a bivariate normal distribution. Tests that measure nearly the same cost nearly nothing.

    Args:
        shares: of the error, positive; their sum is 1.
        correlations: of the first test's statistic with each of the others, under the null hypotheses.
    """
    most = min(p / share for p, share in zip(p_values, shares, strict=True))
    levels = [min(1.0, share * most) for share in shares]
    both = [_both_below(levels[0], one, r) for one, r in zip(levels[1:], correlations, strict=True)]
    return float(min(1.0, max(*levels, sum(levels) - sum(both)) if both else levels[0]))


_PRECISE: Final = 1e-11
"""Levels below which the probability that both tests reject is not computed: the formula loses its digits there."""


def _both_below(one: float, other: float, correlation: float) -> float:
    """The probability that two p-values are both at most so small, by the bivariate normal distribution (Owen 1956)."""
    least = min(one, other)
    if max(one, other) >= 1 or correlation >= 1 - 1e-9:
        return least
    if least < _PRECISE:
        return 0.0
    h, k, root = float(ndtri(one)), float(ndtri(other)), math.sqrt(1 - correlation**2)
    if h * k == 0:
        h, k = h or 1e-12, k or 1e-12
    tails = owens_t(h, (k / h - correlation) / root) + owens_t(k, (h / k - correlation) / root)
    return float(min(least, max(0.0, (one + other) / 2 - tails - (0.5 if h * k < 0 else 0.0))))


def tarone(p_values: Sequence[float], least: Sequence[float], alpha: float) -> tuple[float, ...]:
    """Tarone's adjusted p-values (1990), in the order given: Bonferroni's, over the tests that can be significant.

    They control the family-wise error rate at ``alpha`` if ``least`` is fixed by what each test conditions on.

    Args:
        least: the smallest p-value that each test can reach.
    """
    reach = np.asarray(least, dtype=float)
    number = next(k for k in range(1, len(reach) + 2) if (reach <= alpha / k).sum() <= k)
    return tuple(
        min(1.0, p * number) if low <= alpha / number else 1.0 for p, low in zip(p_values, reach.tolist(), strict=True)
    )


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini–Hochberg adjusted p-values, in the order given. They control the false discovery rate."""
    order = np.argsort(p_values)[::-1]
    scaled = np.asarray(p_values, dtype=float)[order] * len(order) / np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return tuple(adjusted.tolist())
