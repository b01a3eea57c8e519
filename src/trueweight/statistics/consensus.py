"""Whether a provider is worse than a reference, with the other candidates as further witnesses.

One pass of the reference has as much noise as the candidate has, so the difference of the two has √2 times the noise of
one. Where the reference agrees with the other candidates, the mean of them all is a steadier baseline.

Each test is made of all ways of a case together and of each way alone, because a fault may exist in one of them only:
in streams, or through one API. All trials of a provider in a case move together in each of these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple, TypeVar

import numpy as np

from trueweight.statistics import Array
from trueweight.statistics.leave_one_out import lowest_of, terms_of, weights_beside
from trueweight.statistics.multiple_testing import joined
from trueweight.statistics.permutation import fewest_passes, grid_of, lower_than_fixed, sign_flip

AGREES: Final = 0.1
"""The reference agrees with the candidates unless it is lower than they are at this level. So high, because a candidate
that only equals a reference that is worse than all others would be accused otherwise."""
_POINTS: Final = 0.15
"""A candidate that is lower than all others is worse than the reference only if the comparison with the reference alone
shows it at this level. It has the same purpose as `AGREES`."""
_ALONE: Final = 0.15
"""The share of the error of the comparison with the reference alone; the rest is that with all providers."""
_VARYING: Final = 0.1
"""A provider is fixed if its repeats differ in at most this share of the cases that it does not always pass."""
_FEW: Final = 20
"""Cases in which rates differ, below which the spread of a deterministic provider beside others that are not cannot be
estimated: it passes or fails each case with the mean rate of all instead."""
_POOLED: Final = 0.7
"""The share of the error of the test of all ways together; the ways share the rest."""
_FAR: Final = 0.1
"""A way is named as the one with the fault if its p-value is below this share of that of all ways together."""
_NOTHING: Final = 0.5
"""A way shows nothing if its p-value is at least this."""


T = TypeVar("T")


@dataclass(frozen=True)
class RateTable:
    """Pass rates, cases by providers, NaN where there is no judged trial.

    Attributes:
        steps: the grid on which the rates lie.
        fixed: for each provider, whether its trials of a case are all the same: it is taken to be deterministic.
        weights: of the cases for the difference of the only two providers, by the rates of others (`weights_beside`).
    """

    rates: Array
    steps: int
    fixed: Array
    weights: Array

    @cached_property
    def terms(self) -> Array:
        """How each provider's rates differ from the others', cases by providers; of two with the table's weights."""
        if self.rates.shape[1] > 2:
            return terms_of(self.rates)
        return np.asarray((self.rates - self.rates[:, ::-1]) * self.weights[:, None])


class WaysTable(NamedTuple):
    """The pass rates of all ways together, and then those of each way if there are several.

    Attributes:
        shares: the share of the error that each table has.
        ways: the number of the way of each table but the first.
        correlations: of the terms of these tables with those of the first.
    """

    tables: tuple[RateTable, ...]
    shares: tuple[float, ...]
    ways: tuple[int, ...]
    correlations: tuple[float, ...]

    @property
    def pooled(self) -> RateTable:
        """The rates of all ways together."""
        return self.tables[0]

    def p_value(self, test: Callable[[RateTable], float]) -> float:
        """The p-value of a test in any of these tables, from those in all of them."""
        return self.joined([test(table) for table in self.tables])

    def joined(self, p_values: Sequence[float]) -> float:
        """The p-value of the tables together, from that of each."""
        return joined(p_values, self.shares, self.correlations)


def make_ways_table(passed: Array, judged: Array) -> WaysTable:
    """The tables of some counts of trials, cases by providers by ways.

    A way in which fewer than two providers have trials has no table. Nor has one in which all have the rates of all
    ways together: its share goes to these, which gives the same p-value.
    """
    ways = [way for way in range(passed.shape[2]) if (judged[:, :, way].sum(axis=0) > 0).sum() > 1]
    pooled = make_table(passed.sum(axis=2), judged.sum(axis=2))
    found = {way: make_table(passed[:, :, way], judged[:, :, way]) for way in (ways if len(ways) > 1 else ())}
    unlike = {way: table for way, table in found.items() if not _same(table, pooled)}
    each = (1 - _POOLED) / max(len(ways), 1)
    shares = (1 - each * len(unlike), *[each] * len(unlike))
    return _ways_table((pooled, *unlike.values()), shares, tuple(unlike))


def _ways_table(tables: tuple[RateTable, ...], shares: tuple[float, ...], ways: tuple[int, ...]) -> WaysTable:
    first, *rest = (np.nan_to_num(table.terms) for table in tables)

    def correlation(other: Array) -> float:
        product, size = float((first * other).sum()), float((first**2).sum() * (other**2).sum())
        return product / size**0.5 if product > 0 else 0.0

    return WaysTable(tables, shares, ways, tuple(map(correlation, rest)))


def _same(one: RateTable, other: RateTable) -> bool:
    return np.array_equal(one.rates, other.rates, equal_nan=True)


def pair_table(passed: Array, judged: Array, own: int, reference: int, everyone: WaysTable) -> WaysTable:
    """The tables of a provider and a reference, the first column and the second, over the ways of each case that both
    answered.

    Args:
        passed, judged: the counts of all providers, and ``everyone`` their tables.
    """
    sides = [own, reference]
    both = (judged[:, sides] > 0).all(axis=1, keepdims=True)
    own_passed, own_judged = (np.where(both, one[:, sides], 0) for one in (passed, judged))
    counts = [(one.sum(axis=2), *(one[:, :, way] for way in everyone.ways)) for one in (own_passed, own_judged)]
    # A pair of all that there are has no others to weigh the cases by.
    alone = everyone.pooled.rates.shape[1] == 2
    weights = [None if alone else weights_beside(table.rates, (own, reference)) for table in everyone.tables]
    tables = tuple(make_table(*one) for one in zip(*counts, weights, strict=True))
    return _ways_table(tables, everyone.shares, everyone.ways)


def make_table(passed: Array, judged: Array, weights: Array | None = None) -> RateTable:
    """A table of rates from counts, cases by providers; a provider is taken to be fixed if its rates are nearly all 0
    or 1.

    Args:
        weights: None if all cases weigh the same.
    """
    rates = np.divide(passed, judged, out=np.full(passed.shape, np.nan), where=judged > 0)
    failing, varying = (rates < 1).sum(axis=0), ((rates > 0) & (rates < 1)).sum(axis=0)
    fixed = varying <= _VARYING * failing
    return RateTable(rates, grid_of(judged), fixed, np.ones(len(rates)) if weights is None else weights)


def worse_than_one(table: RateTable, own: int, reference: int) -> float:
    """One-sided p-value against a provider being worse than another one, by the cases that both answered."""
    ours, theirs = table.rates[:, own], table.rates[:, reference]
    both = np.isfinite(ours) & np.isfinite(theirs)
    weights = table.weights[both]
    p = sign_flip((ours[both] - theirs[both]) * weights, table.steps).lower
    return max(p, lower_than_fixed(ours[both], theirs[both], weights)) if steadier(table, own, reference) else p


def steadier(table: RateTable, own: int, reference: int) -> bool:
    """Whether the reference's trials of a case are all the same and the provider's are not. Their differences are not
    symmetric then, and a sign-flip test is not valid by itself."""
    return bool(table.fixed[reference] and not table.fixed[own])


def differs(table: RateTable) -> float:
    """Two-sided p-value of the difference between the only two providers."""
    both = np.isfinite(table.rates).all(axis=1)
    return sign_flip((table.rates[both, 0] - table.rates[both, 1]) * table.weights[both], table.steps).differs


def worse_than_others(table: RateTable, own: int) -> float:
    """One-sided p-value against a provider being worse than all others, leave-one-out."""
    deterministic = bool(table.fixed.all())
    p = lowest_of(table.rates, own, table.terms, deterministic=deterministic)
    if deterministic or not table.fixed[own]:
        return p
    rates = table.rates[np.isfinite(table.rates[:, own])]
    if np.count_nonzero(np.nanmax(rates, axis=1) > np.nanmin(rates, axis=1)) >= _FEW:
        return p
    return max(p, fewest_passes(np.nanmean(rates, axis=1), rates[:, own], np.ones(len(rates))))


def agrees(everyone: WaysTable, reference: int) -> list[bool]:
    """Whether the reference is not lower than the candidates, of which there are at least two, in each table."""
    several = everyone.pooled.rates.shape[1] > 2
    return [several and worse_than_others(table, reference) > AGREES for table in everyone.tables]


def step_down(
    columns: Sequence[int],
    compare: Callable[[Sequence[int]], Mapping[int, T]],
    p_of: Callable[[T], float],
    level: float,
    fewest: int,
) -> dict[int, T]:
    """The test of each provider, without the providers that are found worse: what these fail hides a smaller fault.

    All are compared first. Those that are worse at ``level``, corrected for all (Bonferroni), are left out, and the
    others are compared again without them, until no more are found. A healthy provider beside worse ones has a larger
    p-value than without them, so the family-wise error is that of a comparison of the healthy ones alone.

    Args:
        compare: columns → the test of each of them, among these alone.
        fewest: that are compared again.
    """
    left = list(columns)
    found = dict(compare(left))
    while True:
        rest = [column for column in left if p_of(found[column]) * len(columns) > level]
        if len(rest) in (len(left), *range(fewest)):
            return found
        left = rest
        found |= compare(left)


class TablePValue(NamedTuple):
    """The p-value of one table, and whether the other candidates as witnesses made it so small."""

    p: float
    witnesses: bool = False


def parts_of_test(pair: WaysTable, everyone: WaysTable, own: int, agreed: Sequence[bool]) -> list[TablePValue]:
    """The one-sided p-values of each table against a provider being worse than the reference.

    Args:
        pair: of the provider and the reference, as `pair_table` makes it.
        everyone: of the reference and all candidates, with the provider in the column ``own``.
        agreed: what `agrees` says of the reference in each of the tables.
    """
    parts = zip(pair.tables, everyone.tables, agreed, strict=True)
    return [_with_witnesses(worse_than_one(mine, 0, 1), table, own, agreed=one) for mine, table, one in parts]


def worse_than_reference(pair: WaysTable, everyone: WaysTable, own: int, agreed: Sequence[bool]) -> float:
    """One-sided p-value against a provider being worse than the reference in any way, in the arguments of
    `parts_of_test`."""
    return everyone.joined([part.p for part in parts_of_test(pair, everyone, own, agreed)])


def deciding(p_values: Sequence[float]) -> int:
    """The place of the table that shows a fault: that of all ways together, unless one way shows it far more surely, or
    shows it as surely and no other way shows anything."""
    if len(p_values) == 1:
        return 0
    pooled, ways = p_values[0], p_values[1:]
    best = int(np.argmin(ways))
    alone = all(p >= _NOTHING for place, p in enumerate(ways) if place != best)
    return best + 1 if ways[best] < _FAR * pooled or (alone and ways[best] <= 1.001 * pooled) else 0


def _with_witnesses(alone: float, table: RateTable, own: int, *, agreed: bool) -> TablePValue:
    """The p-value from two tests with shares of the error; ``alone`` is that of `worse_than_one`."""
    providers = table.rates.shape[1]
    if providers == 2:
        return TablePValue(alone)
    # Lower than all and not lower than the reference is no evidence of being worse than the reference.
    together = worse_than_others(table, own) if agreed and alone <= _POINTS else 1.0
    # The correlation of a difference from one of several providers with that from the mean of all of them.
    correlation = float(np.sqrt(providers / (2 * (providers - 1))))
    p = joined((together, alone), (1 - _ALONE, _ALONE), (correlation,))
    return TablePValue(p, witnesses=together / (1 - _ALONE) < alone / _ALONE)
