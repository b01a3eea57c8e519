"""Whether a provider is worse than a reference, with the other candidates as further witnesses.

One pass of the reference has as much noise as the candidate has, so the difference of the two has √2 times the noise of
one. Where the reference agrees with the other candidates, the mean of them all is a steadier baseline.

Each test is made of all ways of a case together and of each way alone, because a fault may exist in one of them only:
in streams, or through one API. All trials of a provider in a case move together in each of these tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
from scipy.special import betaln

from trueweight.statistics import Array
from trueweight.statistics.multiple_testing import simes
from trueweight.statistics.permutation import grid_of, lower_than_fixed, lowest_of, sign_flip

AGREES: Final = 0.15
"""The reference agrees with the candidates unless it is lower than they are at this level. So high, because a candidate
that only equals a reference that is worse than all others would be accused otherwise."""
_ALONE: Final = 0.2
"""The share of the error of the comparison with the reference alone; the rest is that with all providers."""
_VARYING: Final = 0.1
"""Repeats of a provider vary if they differ in more than this share of the cases that it does not always pass."""
_POOLED: Final = 0.5
"""The share of the error of the test of all ways together; the ways share the rest."""
_FAR: Final = 0.1
"""A way is named as the one with the fault if its p-value is below this share of that of all ways together."""
_NOTHING: Final = 0.5
"""A way shows nothing if its p-value is at least this."""
_FALL: Final = 0.1
"""The fault for which the weights of the cases are best: so large a share of the trials that would pass fails."""
_HEAVIEST: Final = 16
"""The weight of the cases in which a failure tells most; no weight is less than 1."""
_CONCENTRATIONS: Final = 2.0 ** np.arange(-1, 9)
"""The sums of the parameters of the beta distributions that are tried for the cases' rates: from cases that nearly all
pass or nearly all fail to cases that are equally hard."""


T = TypeVar("T")


class RateTable(NamedTuple):
    """Pass rates, cases by providers, NaN where there is no judged trial.

    Attributes:
        steps: the grid on which the rates lie.
        fixed: for each provider, whether its trials of a case are all the same, as of a deterministic provider.
        weights: how much a failure in each case tells, as `weights_of` has it where each provider has one trial a case:
            all of them are fixed. Else the cases weigh the same: a failure of one of six trials leaves a case with a
            higher mean, and so with a higher weight, than that of a fixed provider, so weights would accuse providers
            whose trials vary beside fixed ones.
    """

    rates: Array
    steps: int
    fixed: Array
    weights: Array


class WaysTable(NamedTuple):
    """The pass rates of all ways together, and then those of each way if there are several.

    Attributes:
        shares: the share of the error that each table has.
        ways: the number of the way of each table but the first.
    """

    tables: tuple[RateTable, ...]
    shares: tuple[float, ...]
    ways: tuple[int, ...]

    @property
    def pooled(self) -> RateTable:
        """The rates of all ways together."""
        return self.tables[0]

    def p_value(self, test: Callable[[RateTable], float]) -> float:
        """The p-value of a test in any of these tables, from those in all of them."""
        return simes([test(table) for table in self.tables], self.shares)


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
    return WaysTable((pooled, *unlike.values()), shares, tuple(unlike))


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
    weights = [table.weights for table in everyone.tables]
    tables = tuple(make_table(*one) for one in zip(*counts, weights, strict=True))
    return WaysTable(tables, everyone.shares, everyone.ways)


def make_table(passed: Array, judged: Array, weights: Array | None = None) -> RateTable:
    """A table of rates from counts, cases by providers; a provider is taken to be fixed if its rates are nearly all 0
    or 1."""
    rates = np.divide(passed, judged, out=np.full(passed.shape, np.nan), where=judged > 0)
    failing, varying = (rates < 1).sum(axis=0), ((rates > 0) & (rates < 1)).sum(axis=0)
    fixed = np.asarray(varying <= _VARYING * failing)
    if weights is None:
        weights = weights_of(rates) if fixed.all() else np.ones(len(rates))
    return RateTable(rates, grid_of(judged), fixed, weights)


def weights_of(rates: Array) -> Array:
    """How much a failure in each case tells: the logarithm of its likelihood ratio for a provider that fails a tenth of
    what it would pass, given how many of all providers pass the case.

    A failure that all others show too tells little, one that only this provider shows tells most: the more, the less
    equally hard the cases are. The rates of the cases are taken to be beta distributed, with the mean of all and the
    concentration that is likeliest of some (empirical Bayes). The weights depend on which rates a case has and not on
    whose they are, so a permutation test with them is as exact as without. The power that they bring is in
    ``docs/verdicts.md``.
    """
    known = np.isfinite(rates)
    passes, counts = np.where(known, rates, 0.0).sum(axis=1), known.sum(axis=1)
    mean = float(np.clip(passes.sum() / max(counts.sum(), 1), 1e-6, 1 - 1e-6))
    fails = counts - passes
    priors = [(mean * total, (1 - mean) * total) for total in _CONCENTRATIONS]
    a, b = max(priors, key=lambda one: (betaln(passes + one[0], fails + one[1]) - betaln(*one)).sum())
    # The ratio of E[x^(passes+1) (1-x)^(fails-1)] to E[x^passes (1-x)^fails], where this provider is one that fails.
    odds = (passes + a) / (np.maximum(fails - 1, 0) + b)
    gain = np.log1p(_FALL * odds) - np.log1p(-_FALL)
    most = gain[fails > 0].max(initial=1e-9)
    return np.asarray(np.clip(np.rint(_HEAVIEST * gain / most), 1, _HEAVIEST))


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
    return lowest_of(table.rates, own, table.steps, fixed=bool(table.fixed[own]), weights=table.weights)


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
    return simes([part.p for part in parts_of_test(pair, everyone, own, agreed)], everyone.shares)


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
    if not agreed:
        return TablePValue(alone if table.rates.shape[1] == 2 else min(1.0, alone / _ALONE))
    # Lower than all and not lower than the reference is no evidence of being worse than the reference.
    together = worse_than_others(table, own) if alone < 0.5 else 1.0
    mine, all_of_them = min(1.0, alone / _ALONE), min(1.0, together / (1 - _ALONE))
    return TablePValue(min(mine, all_of_them), witnesses=all_of_them < mine)
