"""Differences between two providers on the same cases, and the agreement of two raters on the same items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from scipy import special

from trueweight.core import Estimate
from trueweight.statistics import Array
from trueweight.statistics.permutation import PValues, sign_flip
from trueweight.statistics.proportion import FEW, exact
from trueweight.statistics.quantile import quantile
from trueweight.statistics.resample import CONFIDENCE, Interval, Resampler, bca, expanded

_ACCURACY = "share of equal labels, exact limits (Clopper–Pearson)"
_KAPPA = "Cohen's kappa; limits: those of the share of equal labels, with the agreement by chance as observed"
_TEST: Final = "exact sign-flip test over cases"


class Difference(NamedTuple):
    """An estimated difference, and the p-values of the null hypothesis that there is none; None where no test applies.

    Attributes:
        lower, higher: number of cases in which the first side is lower, and higher, than the second.
        sides: the first side's value and the second's, over the cases of the difference; None where they are not known.
    """

    estimate: Estimate
    tests: PValues | None
    lower: int = 0
    higher: int = 0
    sides: tuple[float, float] | None = None

    @property
    def p(self) -> float | None:
        """Two-sided."""
        return None if self.tests is None else self.tests.differs


@cache
def mcnemar(gains: int, losses: int) -> float:
    """Exact two-sided p-value of McNemar's test, which is the sign test: among the pairs that differ, both directions
    are equally likely. 1.0 if no pair differs."""
    return min(1.0, 2 * float(special.bdtr(min(gains, losses), gains + losses, 0.5)))


def difference_by_case(
    ours: Array,
    theirs: Array,
    resampler: Resampler,
    *,
    of: int,
    confidence: float = CONFIDENCE,
    never_higher: bool = False,
) -> Difference:
    """Mean over cases of (our rate − their rate), with its interval and test. NaN marks a case without a reply.

    If fewer than ten cases differ, resampling underestimates the uncertainty. The limits are then the exact ones of the
    mean gain minus those of the mean loss, each at 97.5%, so that together they hold at 95%.

    Args:
        of: number of planned cases.
        confidence: of the interval.
        never_higher: no case can have a gain, as where the second side is the best score there is.
    """
    delta = ours - theirs
    both = np.isfinite(delta)
    units = int(both.sum())
    missing = {"not answered by both": of - units} if of > units else {}
    if units == 0:
        return _nothing("difference", of)
    gain, loss = delta[both].clip(min=0), (-delta[both]).clip(min=0)
    gains, losses = int((gain > 0).sum()), int((loss > 0).sum())
    found, method = None, ""
    if gains + losses >= FEW:
        columns = np.column_stack([np.where(both, delta, 0.0), both.astype(float)])
        # The limits rest on the cases that differ: without their number they held in 92% with 60 cases.
        wider = expanded(gains + losses, confidence)
        found = bca(resampler.bootstrap(columns, lambda s: s[..., 0] / s[..., 1]), wider)
        method = f"paired by case, expanded BCa bootstrap, {resampler.resamples} resamples; {_TEST}"
    if found is None:
        each = (1 + confidence) / 2
        down = exact(float(loss.sum()), units, each)
        up = Interval(0.0, 0.0) if never_higher else exact(float(gain.sum()), units, each)
        found = Interval(_minus(up.low, down.high), _minus(up.high, down.low))
        method = f"paired by case, exact limits over {units} cases; {_TEST}"
    value = float(delta[both].mean())
    estimate = Estimate(value, *found, n=units, unit="difference", method=method, of=of, missing=missing)
    sides = float(ours[both].mean()), float(theirs[both].mean())
    return Difference(estimate, sign_flip(delta[both]), losses, gains, sides)


def _nothing(unit: str, of: int) -> Difference:
    missing = {"not answered by both": of} if of else {}
    note = "no case was answered by both"
    return Difference(Estimate.not_applicable(unit, note, of=of, missing=missing), None)


def _minus(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def median_difference(ours: Array, theirs: Array, unit: str, *, of: int) -> Difference:
    """Median over cases of (our median − their median), for times and speeds, with its interval and sign test. NaN
    marks a case without a reply.

    Args:
        of: number of planned cases.
    """
    delta = ours - theirs
    known = np.isfinite(delta)
    both = delta[known]
    if not len(both):
        return _nothing(unit, of)
    ends, note = quantile(both, 0.5)
    estimate = Estimate(
        float(np.median(both)),
        *ends,
        n=len(both),
        unit=unit,
        method="median of differences paired by case, exact limits over cases; exact sign test",
        of=of,
        missing={"not answered by both": of - len(both)} if of > len(both) else {},
        note=note,
    )
    sides = float(np.median(ours[known])), float(np.median(theirs[known]))
    return Difference(estimate, sign_flip(np.sign(both), 1), int((both < 0).sum()), int((both > 0).sum()), sides)


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
