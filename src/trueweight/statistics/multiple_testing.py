"""Corrections for making many comparisons at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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


def simes(p_values: Sequence[float], weights: Sequence[float]) -> float:
    """One p-value that all of several null hypotheses hold: the weighted test of Simes (Benjamini and Hochberg 1997).

    Never larger than Bonferroni's with these weights, and equal to the p-values where all are the same. It holds its
    level for tests that depend on each other positively, as those of a whole and of its parts do.

    Args:
        weights: positive; their sum is 1.
    """
    order = np.argsort(p_values, kind="stable")
    shares = np.cumsum(np.asarray(weights, dtype=float)[order])
    return float(min(1.0, (np.asarray(p_values, dtype=float)[order] / shares).min()))


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
