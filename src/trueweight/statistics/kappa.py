"""Agreement of two raters on the same items: accuracy, and Cohen's kappa, which takes chance out of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trueweight.core import Estimate
from trueweight.statistics.proportion import exact

_ACCURACY = "share of equal labels, exact limits (Clopper–Pearson)"
_KAPPA = "Cohen's kappa; limits: those of the share of equal labels, with the agreement by chance as observed"


def agreement(ours: Sequence[str], theirs: Sequence[str]) -> tuple[Estimate, Estimate]:
    """The share of items with equal labels, and Cohen's kappa (Cohen 1960), each with its 95% interval.

    Kappa is not applicable where both raters give one and the same label to all items: chance explains everything.
    """
    n = len(ours)
    if not n:
        return Estimate.not_applicable("proportion", "no labels"), Estimate.not_applicable("kappa", "no labels")
    same = sum(one == other for one, other in zip(ours, theirs, strict=True))
    ends = exact(same, n)
    accuracy = Estimate(same / n, ends.low, ends.high, n, "proportion", _ACCURACY)
    left, right = Counter(ours), Counter(theirs)
    chance = sum(left[label] * right[label] for label in left) / n**2
    if chance == 1:
        return accuracy, Estimate.not_applicable("kappa", "all labels are the same")

    def beyond_chance(share: float | None) -> float | None:
        return None if share is None else (share - chance) / (1 - chance)

    kappa = Estimate(beyond_chance(same / n), beyond_chance(ends.low), beyond_chance(ends.high), n, "kappa", _KAPPA)
    return accuracy, kappa
