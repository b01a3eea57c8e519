"""The pass rates of cases, compared: with one pass of the reference, or without one with the other candidates.

The case is the unit. All trials of a provider in a case, whatever their mode and repeat, give its rate in that case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from trueweight.core import Estimate, Severity
from trueweight.core.summary import CaseSummary, Summary
from trueweight.statistics import Array
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.permutation import grid_of, lowest_of, sign_flip
from trueweight.statistics.power import Power, power_of
from trueweight.statistics.resample import Resampler


@dataclass(frozen=True)
class CasesTest:
    """How a provider's pass rates differ from those that it is compared with.

    Attributes:
        ours, theirs: the pass rates that are compared, by case; NaN where there is none.
        p: exact and not corrected: one-sided, against its being worse; against one other candidate, two-sided.
        pool: the rates of all providers that the test is about, cases by providers, finite.
        steps: the grid on which these rates lie.
        level: at which a fault counts as found.
        seed: of the run.
    """

    ours: Array
    theirs: Array
    p: float
    pool: Array
    steps: int
    level: float
    seed: int

    @cached_property
    def _delta(self) -> Array:
        delta: Array = self.ours - self.theirs
        known: Array = delta[np.isfinite(delta)]
        return np.asarray(np.rint(known * 1e9))  # equal means of different sums may differ in the last bit

    @property
    def n(self) -> int:
        """The number of cases that both sides answered."""
        return len(self._delta)

    @property
    def worse(self) -> int:
        """The number of cases in which the provider's rate is lower."""
        return int((self._delta < 0).sum())

    @property
    def better(self) -> int:
        """The number of cases in which it is higher."""
        return int((self._delta > 0).sum())

    @cached_property
    def difference(self) -> Estimate:
        """Mean over cases of its rate minus theirs, with its interval."""
        size = len(self.ours)
        return difference_by_case(self.ours, self.theirs, Resampler(size, self.seed), of=size).estimate

    @cached_property
    def power(self) -> Power:
        """What the comparison could have found."""
        return power_of(self.pool, self.level, self.seed, self.steps)


class _Rates(NamedTuple):
    """Pass rates, cases by columns, NaN where there is no judged trial; ``steps``: the grid on which they lie."""

    rates: Array
    steps: int


def compare_with_reference(summary: Summary, name: str, reference: str, *, level: float) -> CasesTest:
    """A candidate and one pass of the reference, paired by case; cases without weight (INFO) are left out.

    Args:
        level: at which a fault counts as found, for the power.
    """
    found = _paired(summary.cases, name, reference)
    pool = _complete(found.rates)
    p = sign_flip(pool[:, 0] - pool[:, 1], found.steps).lower
    return CasesTest(found.rates[:, 0], found.rates[:, 1], p, pool, found.steps, level, summary.run.seed)


def compare_with_others(summary: Summary, names: Sequence[str], *, level: float) -> dict[str, CasesTest]:
    """Each of several providers and the mean of the others, paired by case (leave-one-out).

    Two providers are compared by sign flips, two-sided: a difference does not say which of them is wrong.
    """
    found = _of_all(summary.cases, names)
    pool = _complete(found.rates)
    out = {}
    for column, name in enumerate(names):
        own, rest = found.rates[:, column], np.delete(found.rates, column, axis=1)
        p = lowest_of(found.rates, column, found.steps)
        if len(names) == 2:
            p = sign_flip(pool[:, column] - pool[:, 1 - column], found.steps).differs
        out[name] = CasesTest(own, _means(rest), p, pool, found.steps, level, summary.run.seed)
    return out


def _complete(rates: Array) -> Array:
    return np.asarray(rates[np.isfinite(rates).all(axis=1)])


def _means(rates: Array) -> Array:
    """The mean of each row over what is known in it; NaN where nothing is."""
    known = np.isfinite(rates)
    counts = known.sum(axis=1)
    sums = np.where(known, rates, 0.0).sum(axis=1)
    means: Array = np.divide(sums, counts, out=np.full(len(rates), np.nan), where=counts > 0)
    return means


def _paired(cases: Sequence[CaseSummary], name: str, reference: str) -> _Rates:
    """The candidate's and the reference's rates over the APIs and ways that both answered."""
    rows, trials = [], []
    for case in _weighed(cases):
        own, theirs = _counts(case, name), _counts(case, reference)
        both = [key for key in own if key in theirs]
        sums = [[sum(side[key][i] for key in both) for i in (0, 1)] for side in (own, theirs)]
        rows.append([passed / of if of else np.nan for passed, of in sums])
        trials.append([of for _, of in sums])
    return _Rates(np.array(rows, dtype=float).reshape(-1, 2), grid_of(np.array(trials)))


def _of_all(cases: Sequence[CaseSummary], names: Sequence[str]) -> _Rates:
    """The rates of all these providers over the APIs and ways of each case."""
    rows, trials = [], []
    for case in _weighed(cases):
        sums = [[sum(pair[i] for pair in _counts(case, name).values()) for i in (0, 1)] for name in names]
        rows.append([passed / of if of else np.nan for passed, of in sums])
        trials.append([of for _, of in sums])
    return _Rates(np.array(rows, dtype=float).reshape(-1, len(names)), grid_of(np.array(trials)))


def _weighed(cases: Sequence[CaseSummary]) -> list[list[CaseSummary]]:
    """The rows of each case with weight: one for each of its APIs."""
    rows: dict[str, list[CaseSummary]] = {}
    for case in cases:
        if case.severity is not Severity.INFO:
            rows.setdefault(case.case, []).append(case)
    return list(rows.values())


def _counts(rows: Sequence[CaseSummary], name: str) -> dict[tuple[int, str], tuple[int, int]]:
    """API and way → passed and judged trials, of the reference those of its second pass; without those of none."""
    found = {}
    for api, row in enumerate(rows):
        for way, cell in row.modes(name).items():
            passed, of = cell.second_pass or (cell.passed, cell.of)
            if of:
                found[api, way] = (passed, of)
    return found
