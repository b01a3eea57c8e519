"""The pass rates of cases, compared: with one pass of the reference, or without one with the other candidates.

The case is the unit. All trials of a provider in a case, whatever their mode and repeat, give its rate in that case;
those of each mode are compared too, because a fault may exist in one mode only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, NamedTuple

import numpy as np

from trueweight.core import SEVERE, Estimate
from trueweight.core.estimate import ALPHA
from trueweight.core.summary import CaseSummary, Summary
from trueweight.statistics import Array
from trueweight.statistics.consensus import (
    agrees,
    deciding,
    differs,
    make_ways_table,
    pair_table,
    parts_of_test,
    steadier,
    step_down,
    worse_than_one,
    worse_than_others,
)
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.power import Power, TrialsByWay, power_of
from trueweight.statistics.resample import Resampler


@dataclass(frozen=True)
class CasesTest:
    """How a provider's pass rates differ from those that it is compared with.

    Attributes:
        ours, theirs: the pass rates that are compared, by case; NaN where there is none. They are those of all modes
            together, or those in which the fault was found.
        way: the way to send cases in which the fault was found, and ``api``, its API if there are several; "" for all
            together.
        others: the mean of all other providers, the reference included, if the test with them found the fault.
        p: not corrected: one-sided, against its being worse; against one other candidate, two-sided.
        pool: the trials of all providers that the test is about, of the cases that all answered: without those that
            were found worse before, whose failures are not those of a healthy provider.
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
    pool: TrialsByWay
    level: float
    seed: int
    referred: bool = False
    least: float = 0.0
    api: str = ""
    way: str = ""
    others: Array | None = None

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
    def joint(self) -> Estimate | None:
        """The same against the mean of all other providers, if the test with them found the fault."""
        size = len(self.ours)
        if self.others is None:
            return None
        return difference_by_case(self.ours, self.others, Resampler(size, self.seed), of=size).estimate

    @cached_property
    def power(self) -> Power:
        """What the comparison could have found."""
        return power_of(self.pool, self.level, self.seed, referred=self.referred)


_MOST: Final = 0.8
"""Providers that answered a smaller share of the cases are left out of the simulation of power."""


def compare_with_reference(
    summary: Summary, names: Sequence[str], reference: str, *, level: float
) -> dict[str, CasesTest]:
    """Each candidate and one pass of the reference, paired by case; cases without weight (INFO) are left out.

    The p-value takes the other candidates into account where the reference agrees with them (see
    `trueweight.statistics.consensus`), without those that are found worse; the rates that are shown are the
    reference's.

    Args:
        level: at which a fault counts as found, for the power.
    """
    counts, ways = _counts_of_all(summary.cases, [reference, *names])
    looks = _Looks(counts, ways, level, summary.run.seed)
    found = step_down(range(1, len(names) + 1), looks.with_reference, lambda one: one.p, level, 1)
    return {name: found[column] for column, name in enumerate(names, 1)}


def compare_with_others(summary: Summary, names: Sequence[str], *, level: float) -> dict[str, CasesTest]:
    """Each of several providers and the mean of the others, paired by case (leave-one-out), without those that are
    found worse.

    Two providers are compared by sign flips, two-sided: a difference does not say which of them is wrong.
    """
    looks = _Looks(*_counts_of_all(summary.cases, names), level, summary.run.seed)
    found = step_down(range(len(names)), looks.with_others, lambda one: one.p, level, _SEVERAL)
    return {name: found[column] for column, name in enumerate(names)}


_SEVERAL: Final = 3
"""Providers without a reference that are compared with each other's mean."""


class _ApiWay(NamedTuple):
    """A way to send cases, and the API if there are several."""

    api: str
    way: str


_ALL_WAYS: Final = _ApiWay("", "")


class _Looks(NamedTuple):
    """Comparisons of some of the providers with each other, in the arguments of `CasesTest`."""

    counts: TrialsByWay
    ways: tuple[_ApiWay, ...]
    level: float
    seed: int

    def with_reference(self, columns: Sequence[int]) -> dict[int, CasesTest]:
        """The test of each of these columns; the reference is column 0."""
        counts = _of(self.counts, [0, *columns])
        everyone = make_ways_table(*counts)
        agreed = agrees(everyone, 0)
        pool = _complete(_answering(counts))
        out = {}
        for place, column in enumerate(columns, 1):
            pair = pair_table(*counts, place, 0, everyone)
            parts = parts_of_test(pair, everyone, place, agreed)
            p = everyone.joined([part.p for part in parts])
            shown = deciding([part.p for part in parts]) if p <= ALPHA else 0
            found_in = self.ways[everyone.ways[shown - 1]] if shown else _ALL_WAYS
            ours, theirs = pair.tables[shown].rates.T
            found = p <= ALPHA and parts[shown].witnesses
            out[column] = CasesTest(
                ours,
                theirs,
                p,
                pool if pool.passed.shape[1] > 1 else _complete(_of(counts, [place, 0])),  # few answered most cases
                self.level,
                self.seed,
                referred=True,
                least=pair.p_value(partial(worse_than_one, own=0, reference=1)) if steadier(pair.pooled, 0, 1) else 0.0,
                api=found_in.api,
                way=found_in.way,
                others=_means(np.delete(everyone.tables[shown].rates, place, axis=1)) if found else None,
            )
        return out

    def with_others(self, columns: Sequence[int]) -> dict[int, CasesTest]:
        """The test of each of these columns against the mean of the others of them."""
        counts = _of(self.counts, columns)
        found, pool = make_ways_table(*counts), _complete(counts)
        out = {}
        for place, column in enumerate(columns):
            test = differs if len(columns) == 2 else partial(worse_than_others, own=place)
            p_values = [test(table) for table in found.tables]
            p = found.joined(p_values)
            shown = deciding(p_values) if p <= ALPHA else 0
            found_in = self.ways[found.ways[shown - 1]] if shown else _ALL_WAYS
            rates = found.tables[shown].rates
            out[column] = CasesTest(
                rates[:, place],
                _means(np.delete(rates, place, axis=1)),
                p,
                pool,
                self.level,
                self.seed,
                api=found_in.api,
                way=found_in.way,
            )
        return out


def _of(counts: TrialsByWay, columns: Sequence[int]) -> TrialsByWay:
    return TrialsByWay(counts.passed[:, columns], counts.judged[:, columns])


def _answering(counts: TrialsByWay) -> TrialsByWay:
    """The providers that answered most cases: one that did not would leave few cases that all answered."""
    judged = counts.judged.sum(axis=2) > 0
    known = judged.mean(axis=0) if len(judged) else np.ones(judged.shape[1])
    return _of(counts, np.flatnonzero(known >= min(_MOST, known.max())).tolist())


def _complete(counts: TrialsByWay) -> TrialsByWay:
    """The cases that all providers answered."""
    rows = (counts.judged.sum(axis=2) > 0).all(axis=1)
    return TrialsByWay(counts.passed[rows], counts.judged[rows])


def _means(rates: Array) -> Array:
    """The mean of each row over what is known in it; NaN where nothing is."""
    known = np.isfinite(rates)
    counts = known.sum(axis=1)
    sums = np.where(known, rates, 0.0).sum(axis=1)
    means: Array = np.divide(sums, counts, out=np.full(len(rates), np.nan), where=counts > 0)
    return means


def _counts_of_all(cases: Sequence[CaseSummary], names: Sequence[str]) -> tuple[TrialsByWay, tuple[_ApiWay, ...]]:
    """Passed and judged trials of these providers through each API and in each way of each case; and these ways."""
    found = [[_counts(rows, name) for name in names] for rows in _weighed(cases)]
    ways = {way: place for place, way in enumerate(sorted({way for row in found for one in row for way in one}))}
    out = np.zeros((2, len(found), len(names), len(ways)), dtype=np.int64)
    for i, row in enumerate(found):
        for j, one in enumerate(row):
            for way, numbers in one.items():
                out[:, i, j, ways[way]] = numbers
    return TrialsByWay(*out), tuple(ways)


def _weighed(cases: Sequence[CaseSummary]) -> list[list[CaseSummary]]:
    """The rows of each case with weight: one for each of its APIs."""
    rows: dict[str, list[CaseSummary]] = {}
    for case in cases:
        if case.severity in SEVERE:
            rows.setdefault(case.case, []).append(case)
    return list(rows.values())


def _counts(rows: Sequence[CaseSummary], name: str) -> dict[_ApiWay, tuple[int, int]]:
    """API and way → passed and judged trials, of the reference those of its second pass; without those of none. Checks
    that all providers fail are left out: with them no provider passes, and none is told from another."""
    found = {}
    for row in rows:
        for way, cell in row.modes(name).items():
            passed, of = cell.compared or cell.second_pass or (cell.passed, cell.of)
            if of:
                found[_ApiWay(row.api or "", way)] = (passed, of)
    return found
