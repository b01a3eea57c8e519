"""Precision, recall and F1 of calling a tool at all, where the reference's calls are the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from trueweight.core import Estimate
from trueweight.core.estimate import ALPHA
from trueweight.metrics.registry import Metric, register
from trueweight.metrics.sample import NOT_REPEATED, Sample
from trueweight.metrics.table import Table
from trueweight.statistics import Array
from trueweight.statistics.paired import Difference
from trueweight.statistics.permutation import PValues, lower_than_fixed, sign_flip
from trueweight.statistics.proportion import FEW, clustered, exact
from trueweight.statistics.resample import CONFIDENCE, Interval, bca, expanded

Signal = Callable[[Table], Array]


class _Ratio(NamedTuple):
    """Two counts by case whose ratio of sums, mapped, is the score."""

    hits: Array
    trials: Array
    value: float | None
    map: Callable[[float], float]


def _same(x: float) -> float:
    return x


def _dice(jaccard: float) -> float:
    """F1 as a function of true positives ÷ (true and false positives and false negatives)."""
    return 2 * jaccard / (1 + jaccard)


def _score(kind: str, sample: Sample, ours: Array, theirs: Array, case_of: Table) -> _Ratio:
    """Precision, recall or F1 of our calls where theirs are the truth; value None if it is not defined."""
    both, mine, other = (sample.by_case(x, case_of) for x in (ours & theirs, ours, theirs))
    if kind == "precision":
        return _Ratio(both, mine, float(both.sum() / mine.sum()) if mine.sum() else None, _same)
    if kind == "recall":
        return _Ratio(both, other, float(both.sum() / other.sum()) if other.sum() else None, _same)
    defined = mine.sum() > 0 and other.sum() > 0
    value = float(2 * both.sum() / (mine.sum() + other.sum())) if defined else None
    return _Ratio(both, mine + other - both, value, _dice)


def called(table: Table) -> Array:
    """Rows whose reply carries a tool call."""
    return table.called


def _estimate(kind: str, signal: Signal) -> Callable[[Sample], Estimate]:
    def estimate(sample: Sample) -> Estimate:
        if sample.pairing is None:
            return Estimate.not_applicable("proportion", sample.unpaired)
        ours, a, _ = sample.pairing
        asked = ours.asked_tools
        if not asked.any():
            return Estimate.not_applicable("proportion", "no case offers tools")
        both = asked & ours.arrived & a.arrived
        of, n = (int((sample.by_case(rows, ours) > 0).sum()) for rows in (asked, both))
        missing = _missing(sample, ours, a, both)
        score = _score(kind, sample, both & signal(ours), both & signal(a), ours)
        if score.value is None:
            why = "neither made a call" if n else "no trial was answered by both"
            if n and (both & signal(a)).any():
                why = "it made no call"
            elif n and (both & signal(ours)).any():
                why = "the reference made no call"
            return Estimate(None, None, None, n, "proportion", "n/a", of=of, missing=missing, note=why)
        ends, method = clustered(score.hits, score.trials, sample.resampler)
        low, high = (None if end is None else score.map(end) for end in ends)
        method = f"paired by case with the reference, {method}"
        return Estimate(score.value, low, high, n=n, unit="proportion", method=method, of=of, missing=missing)

    return estimate


def _missing(sample: Sample, ours: Table, a: Table, both: Array) -> dict[str, int]:
    """Number of cases without a trial that both answered, by the reason of their first trial."""
    alone = ours.asked_tools & (sample.by_case(both, ours) == 0)[ours.case]
    theirs = np.array("reference: ", dtype=object) + a.absent
    reasons = np.where(ours.arrived, theirs, ours.absent)[alone]
    _, first = np.unique(ours.case[alone], return_index=True)
    return dict(sorted(Counter(reasons[first].tolist()).items()))


def _difference(kind: str, signal: Signal) -> Callable[[Sample, Sample], Difference]:
    """Score of the provider against A less that of B against A, on the trials which all three answered."""

    def difference(sample: Sample, reference: Sample) -> Difference:
        del reference  # its two passes stand beside ours in the pairing already
        pairing = sample.pairing
        if pairing is None or pairing.b is None:
            return Difference(Estimate.not_applicable("difference", sample.unpaired or NOT_REPEATED), None)
        ours, a, b = pairing.ours, pairing.a, pairing.b
        of = int((sample.by_case(ours.asked_tools, ours) > 0).sum())
        rows = ours.asked_tools & ours.arrived & a.arrived & b.arrived
        mine, itself = (_score(kind, sample, rows & signal(t), rows & signal(a), ours) for t in (ours, b))
        if mine.value is None or itself.value is None:
            why = "not defined: there are no calls to score on the trials that all three answered"
            return Difference(Estimate.not_applicable("difference", why), None)
        n = int((sample.by_case(rows, ours) > 0).sum())
        interval, method = _contrast(sample, mine, itself)
        missing = {"not answered by all three": of - n} if of > n else {}
        value = mine.value - itself.value
        method = f"paired by case: (provider, A) - (B, A), {method}; exact sign-flip tests of calls and of agreement"
        estimate = Estimate(value, *interval, n, "difference", method, of, missing)
        contrast = _by_case(mine, itself)
        asked = sample.by_case(rows, ours)
        rates = [sample.by_case(rows & signal(table), ours)[asked > 0] / asked[asked > 0] for table in (ours, b)]
        return Difference(
            estimate, agreement_tests(contrast, *rates), int((contrast < 0).sum()), int((contrast > 0).sum())
        )

    return difference


def agreement_tests(contrast: Array, ours: Array, theirs: Array) -> PValues:
    """The p-values of an agreement with the reference: those of how often each side calls, where the agreement differs
    at the level of `ALPHA` too, and else the larger of both.

    A deterministic reference always agrees with itself, so the agreement alone would convict any other host; and it has
    so much noise that among many candidates it could convict none.

    Args:
        contrast: of the agreement, by case.
        ours, theirs: how often each side calls, by case, as shares of the trials.
    """
    calls = _calls_differ(ours, theirs)
    return PValues(*(calls if p <= ALPHA else max(p, calls) for p in sign_flip(contrast)))


_STEADIER: Final = 0.1
"""One side is steadier if so small a share of the cases that vary on the other side vary on it."""


def _calls_differ(ours: Array, theirs: Array) -> float:
    """Two-sided p-value of how often each side calls, from the rates by case.

    If the trials of one side are all the same and those of the other are not, signs cannot be flipped alone (see
    `lower_than_fixed`).
    """
    p = sign_flip(ours - theirs).differs
    ours_vary, theirs_vary = (int(((side > 0) & (side < 1)).sum()) for side in (ours, theirs))
    steady, other = (theirs, ours) if theirs_vary <= ours_vary else (ours, theirs)
    if min(ours_vary, theirs_vary) > _STEADIER * max(ours_vary, theirs_vary) or not max(ours_vary, theirs_vary):
        return p
    less = lower_than_fixed(other, steady) if other.sum() < steady.sum() else lower_than_fixed(1 - other, 1 - steady)
    return max(p, min(1.0, 2 * less))


def _by_case(mine: _Ratio, itself: _Ratio) -> Array:
    """What each case adds to the difference of the two ratios, to first order, about their common value.

    Exchanging the two in a case changes its sign and leaves the common value as it is, so a sign-flip test of the sum
    is exact.
    """
    common = (mine.hits.sum() + itself.hits.sum()) / (mine.trials.sum() + itself.trials.sum())
    return np.asarray((mine.hits - itself.hits) - common * (mine.trials - itself.trials))


def _contrast(sample: Sample, mine: _Ratio, itself: _Ratio) -> tuple[Interval, str]:
    missed = (mine.hits < mine.trials) | (itself.hits < itself.trials)
    units = int(missed.sum())  # the limits rest on these; without their number they held 90% with 60 cases
    if units >= FEW:
        columns = np.column_stack([mine.hits, mine.trials, itself.hits, itself.trials])
        boot = sample.resampler.bootstrap(
            columns, lambda s: _mapped(mine, s[..., 0] / s[..., 1]) - _mapped(itself, s[..., 2] / s[..., 3])
        )
        found = bca(boot, expanded(units))
        if found is not None:
            return found, f"expanded BCa bootstrap over cases, {sample.resampler.resamples} resamples"
    each = (1 + CONFIDENCE) / 2  # two intervals at 97.5% hold together at 95%
    ours, theirs = (_exact(ratio, each) for ratio in (mine, itself))
    return Interval(ours[0] - theirs[1], ours[1] - theirs[0]), "exact limits of both scores"


def _mapped(ratio: _Ratio, values: Array) -> Array:
    return 2 * values / (1 + values) if ratio.map is _dice else values


def _exact(ratio: _Ratio, confidence: float) -> tuple[float, float]:
    units = int((ratio.trials > 0).sum())
    low, high = exact(float(ratio.hits.sum() / ratio.trials.sum()) * units, units, confidence)
    return ratio.map(low or 0.0), ratio.map(1.0 if high is None else high)


_METHOD: Final = (
    "Hits ÷ trials of the score, paired by case with the reference's pass A. 95% interval over cases: Wilson, an exact "
    "limit, or a BCa bootstrap. Difference: the score against pass A less that of pass B against pass A; its "
    "p-value is that of how often each calls (exact sign-flip test over cases), where the difference is at the level "
    "of 5% too, and else the larger of both."
)
_SELF: Final = " For the reference: its pass B against its pass A, which is its self-agreement."


def trigger_metric(
    name: str,
    title: str,
    kind: str,
    definition: str,
    *,
    source: str,
    place: int,
    signal: Signal = called,
    compared: bool = False,
    column: bool = False,
) -> None:
    """Register precision, recall or F1 of calling a tool, against the reference.

    Args:
        kind: ``precision``, ``recall`` or ``f1``.
        signal: which rows count as a call.
    """
    register(
        Metric(
            id=name,
            title=title,
            unit="proportion",
            definition=definition + _SELF,
            source=source,
            method=_METHOD,
            higher_is_better=True,
            place=place,
            estimate=_estimate(kind, signal),
            difference=_difference(kind, signal),
            self_agreement_is_estimate=True,
            compared=compared,
            column=column,
            shows_difference=True,
        )
    )
