"""The estimates of a comparison: each with its 95% interval, and with the one that holds for all looks together.

The second one decides. Its level is Bonferroni's, 1 − α ÷ looks, where each candidate is looked at once for each task
and once for all of them. So the probability that any candidate is wrongly said to meet, or to miss, one kind of rule is
at most α.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np

from trueweight.core import Estimate
from trueweight.core.workload import Quality
from trueweight.statistics import Array
from trueweight.statistics.multiple_testing import share_of_alpha
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.proportion import exact
from trueweight.statistics.quantile import quantile
from trueweight.statistics.ratio import LEAST_CASES, ratio_interval
from trueweight.statistics.resample import CONFIDENCE, Resampler

_RESAMPLES: Final = 2000


def looks_of(candidates: int, tasks: int = 1) -> int:
    """How often a run looks at answers: each candidate overall, and in each task if there are several.

    Form, time and failures are looked at once for each candidate: of these, ``tasks`` is 1.
    """
    return max(1, candidates) * (tasks + 1 if tasks > 1 else 1)


class _Kind(NamedTuple):
    """The words of an estimate, and the number of cases planned."""

    unit: str
    method: str
    of: int
    missing: str


class Estimator(NamedTuple):
    """Estimates over the cases of a workload.

    Attributes:
        looks: that the corrected intervals hold for together, at least 1.
        seed: of the run.
    """

    looks: int
    seed: int

    @property
    def _level(self) -> float:
        return 1 - share_of_alpha(self.looks)

    def mean(self, scores: Array, note: str, missing: str = "") -> Quality:
        """The mean over cases of a score in [0, 1]; NaN marks a case that has none.

        Args:
            note: why there is no mean, if no case has a score.
            missing: why single cases have none; ``note`` by default.
        """
        of = len(scores)
        if not np.isfinite(scores).any():
            return Quality.not_applicable("proportion", note, of=of)
        method = "mean over cases; interval: exact limits over cases, or BCa bootstrap where ten or more are not right"
        # One minus the score is a loss against a provider that is always right.
        return self._shifted(scores, np.ones_like(scores), 1.0, _Kind("proportion", method, of, missing or note))

    def share(self, successes: float, n: int) -> Quality:
        """A share of cases, with exact limits."""
        shown, sure = exact(successes, n), exact(successes, n, self._level)
        method = "share of cases, exact limits (Clopper–Pearson)"
        return Quality(
            successes / n, shown.low, shown.high, n, "proportion", method, sure_low=sure.low, sure_high=sure.high
        )

    def lost(self, shares: Array) -> Quality:
        """The share of requests without a reply, from those of each case; NaN marks a case that was not sent."""
        found = self.mean(1 - shares, "nothing was sent", missing="not sent")
        if found.value is None:
            return found
        return msgspec.structs.replace(
            found,
            value=1 - found.value,
            low=_rest(found.high),
            high=_rest(found.low),
            sure_low=_rest(found.sure_high),
            sure_high=_rest(found.sure_low),
        )

    def difference(self, ours: Array, theirs: Array, *, of: int, note: str) -> Quality:
        """The mean over cases of the difference of two scores, over the cases that have both."""
        if not np.isfinite(ours - theirs).any():
            return Quality.not_applicable("difference", note, of=of)
        method = "mean difference paired by case; interval: exact limits over cases, or BCa bootstrap"
        return self._shifted(ours, theirs, 0.0, _Kind("difference", method, of, "not answered by both"))

    def _shifted(self, ours: Array, theirs: Array, by: float, kind: _Kind) -> Quality:
        """A difference plus ``by``: 1 makes a mean score of the difference from a provider that is always right."""
        of = kind.of
        resampler = Resampler(len(ours), self.seed, _RESAMPLES)
        shown, sure = (
            difference_by_case(ours, theirs, resampler, of=of, confidence=level, never_higher=by == 1).estimate
            for level in (CONFIDENCE, self._level)
        )

        def end(value: float | None) -> float | None:
            return None if value is None else min(max(value + by, by - 1), 1.0)

        assert shown.value is not None
        return Quality(
            shown.value + by,
            end(shown.low),
            end(shown.high),
            shown.n,
            kind.unit,
            kind.method,
            of=of,
            missing={kind.missing: of - shown.n} if of > shown.n else {},
            sure_low=end(sure.low),
            sure_high=end(sure.high),
        )

    def quantile(self, values: Array, case: Array, q: float, *, of: int, note: str) -> Quality:
        """A quantile of times in milliseconds, with the case as the unit."""
        if not len(values):
            return Quality.not_applicable("ms", note, of=of)
        shown, why = quantile(values, q, case)
        sure, _ = quantile(values, q, case, confidence=self._level)
        return Quality(
            float(np.quantile(values, q)),
            *shown,
            len(values),
            "ms",
            f"quantile {q:g} (type 7), exact limits (Woodruff)",
            of=of,
            note=why,
            sure_low=sure.low,
            sure_high=sure.high,
        )

    def per_thousand(self, values: Array, weights: Array, *, of: int, note: str, signed: bool = False) -> Quality:
        """1,000 times the mean of an amount of money per request, in the mix of the log.

        Args:
            values: by case; NaN where it is not known.
            weights: requests of the log that each case stands for.
            signed: it may be below zero.
        """
        known = np.isfinite(values)
        if not known.any():
            return Quality.not_applicable("USD", note, of=of)
        above, below = values[known] * weights[known], weights[known]
        value = float(1000 * above.sum() / below.sum())

        def ends(confidence: float) -> tuple[float | None, float | None]:
            found = ratio_interval(above, below, confidence, signed=signed)
            if found is None and len(above) > 1 and np.ptp(values[known]) <= 1e-12 * abs(values[known]).max(initial=0):
                return value, value  # every request costs the same
            return (None, None) if found is None else (_thousand(found.low), _thousand(found.high))

        shown, sure = ends(CONFIDENCE), ends(self._level)
        number = int(known.sum())
        few = f"no interval under {LEAST_CASES} cases" if shown == (None, None) else ""
        return Quality(
            value,
            *shown,
            number,
            "USD",
            "ratio of totals in the mix of the log, Student's t over cases, corrected for skewness (Hall)",
            of=of,
            missing={"cost not known": of - number} if of > number else {},
            note=few,
            sure_low=sure[0],
            sure_high=sure[1],
        )


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _thousand(end: float | None) -> float | None:
    return None if end is None else 1000 * end


def mean_of(values: Array, weights: Array, unit: str, *, of: int) -> Estimate:
    """The weighted mean of an amount per request; without an interval."""
    known = np.isfinite(values)
    if not known.any():
        return Estimate.not_applicable(unit, "not known", of=of)
    value = float((values[known] * weights[known]).sum() / weights[known].sum())
    return Estimate(value, None, None, int(known.sum()), unit, "mean in the mix of the log", of=of)
