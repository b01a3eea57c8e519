"""The pass rates of cases, compared: with one pass of the reference, or without one with the other candidates.

The case is the unit. All trials of a provider in a case, whatever their mode and repeat, give its rate in that case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from trueweight.core import Estimate, Severity
from trueweight.core.summary import CaseSummary, Summary
from trueweight.statistics import Array
from trueweight.statistics.consensus import (
    RateTable,
    agrees,
    differs,
    make_table,
    steadier,
    worse_than_one,
    worse_than_others,
    worse_than_reference,
)
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.permutation import grid_of
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
        referred: the comparison is with a reference.
        least: the smallest p-value that the test of a metric can have beside this one. It is the p-value against the
            reference alone where the reference is deterministic and the provider is not, because the metrics' sign-flip
            tests are not valid by themselves then; else 0.
    """

    ours: Array
    theirs: Array
    p: float
    pool: Array
    steps: int
    level: float
    seed: int
    referred: bool = False
    least: float = 0.0

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
        return power_of(self.pool, self.level, self.seed, self.steps, referred=self.referred)


_MOST: Final = 0.8
"""Providers that answered a smaller share of the cases are left out of the simulation of power."""


def compare_with_reference(
    summary: Summary, names: Sequence[str], reference: str, *, level: float
) -> dict[str, CasesTest]:
    """Each candidate and one pass of the reference, paired by case; cases without weight (INFO) are left out.

    The p-value takes the other candidates into account where the reference agrees with them (see
    `trueweight.statistics.consensus`); the rates that are shown are the reference's.

    Args:
        level: at which a fault counts as found, for the power.
    """
    everyone = _of_all(summary.cases, [reference, *names])
    agreed = agrees(everyone, 0)
    pool = _complete(_answering(everyone.rates))
    out = {}
    for column, name in enumerate(names, 1):
        pair = _paired(summary.cases, name, reference)
        alone = worse_than_one(pair, 0, 1)
        out[name] = CasesTest(
            pair.rates[:, 0],
            pair.rates[:, 1],
            worse_than_reference(alone, everyone, column, agreed=agreed),
            pool if pool.shape[1] > 1 else _complete(pair.rates),  # the reference alone answered most cases
            everyone.steps,
            level,
            summary.run.seed,
            referred=True,
            least=alone if steadier(pair, 0, 1) else 0.0,
        )
    return out


def compare_with_others(summary: Summary, names: Sequence[str], *, level: float) -> dict[str, CasesTest]:
    """Each of several providers and the mean of the others, paired by case (leave-one-out).

    Two providers are compared by sign flips, two-sided: a difference does not say which of them is wrong.
    """
    found = _of_all(summary.cases, names)
    pool = _complete(found.rates)
    out = {}
    for column, name in enumerate(names):
        own, rest = found.rates[:, column], np.delete(found.rates, column, axis=1)
        p = differs(found) if len(names) == 2 else worse_than_others(found, column)
        out[name] = CasesTest(own, _means(rest), p, pool, found.steps, level, summary.run.seed)
    return out


def _answering(rates: Array) -> Array:
    """The columns of providers that answered most cases: one that did not would leave few complete rows."""
    known = np.isfinite(rates).mean(axis=0) if len(rates) else np.ones(rates.shape[1])
    return np.asarray(rates[:, known >= min(_MOST, known.max())])


def _complete(rates: Array) -> Array:
    return np.asarray(rates[np.isfinite(rates).all(axis=1)])


def _means(rates: Array) -> Array:
    """The mean of each row over what is known in it; NaN where nothing is."""
    known = np.isfinite(rates)
    counts = known.sum(axis=1)
    sums = np.where(known, rates, 0.0).sum(axis=1)
    means: Array = np.divide(sums, counts, out=np.full(len(rates), np.nan), where=counts > 0)
    return means


def _paired(cases: Sequence[CaseSummary], name: str, reference: str) -> RateTable:
    """The candidate's and the reference's rates over the APIs and ways that both answered."""
    rows, trials = [], []
    for case in _weighed(cases):
        own, theirs = _counts(case, name), _counts(case, reference)
        both = [key for key in own if key in theirs]
        sums = [[sum(side[key][i] for key in both) for i in (0, 1)] for side in (own, theirs)]
        rows.append([passed / of if of else np.nan for passed, of in sums])
        trials.append([of for _, of in sums])
    return make_table(np.array(rows, dtype=float).reshape(-1, 2), grid_of(np.array(trials)))


def _of_all(cases: Sequence[CaseSummary], names: Sequence[str]) -> RateTable:
    """The rates of all these providers over the APIs and ways of each case."""
    rows, trials = [], []
    for case in _weighed(cases):
        sums = [[sum(pair[i] for pair in _counts(case, name).values()) for i in (0, 1)] for name in names]
        rows.append([passed / of if of else np.nan for passed, of in sums])
        trials.append([of for _, of in sums])
    return make_table(np.array(rows, dtype=float).reshape(-1, len(names)), grid_of(np.array(trials)))


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
