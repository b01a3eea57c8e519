"""Whether a provider is worse than a reference, with the other candidates as further witnesses.

One pass of the reference has as much noise as the candidate has, so the difference of the two has √2 times the noise of
one. Where the reference agrees with the other candidates, the mean of them all is a steadier baseline.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from trueweight.statistics import Array
from trueweight.statistics.permutation import lower_than_fixed, lowest_of, sign_flip

AGREES: Final = 0.15
"""The reference agrees with the candidates unless it is lower than they are at this level. So high, because a candidate
that only equals a reference that is worse than all others would be accused otherwise."""
_ALONE: Final = 0.2
"""The share of the error of the comparison with the reference alone; the rest is that with all providers."""
_VARYING: Final = 0.1
"""Repeats of a provider vary if they differ in more than this share of the cases that it does not always pass."""


class RateTable(NamedTuple):
    """Pass rates, cases by providers, NaN where there is no judged trial.

    Attributes:
        steps: the grid on which the rates lie.
        fixed: for each provider, whether its trials of a case are all the same, as of a deterministic provider.
    """

    rates: Array
    steps: int
    fixed: Array


def make_table(rates: Array, steps: int) -> RateTable:
    """A table of rates; a provider is taken to be fixed if its rates are nearly all 0 or 1."""
    failing, varying = (rates < 1).sum(axis=0), ((rates > 0) & (rates < 1)).sum(axis=0)
    return RateTable(rates, steps, np.asarray(varying <= _VARYING * failing))


def worse_than_one(table: RateTable, own: int, reference: int) -> float:
    """One-sided p-value against a provider being worse than another one, by the cases that both answered."""
    ours, theirs = table.rates[:, own], table.rates[:, reference]
    both = np.isfinite(ours) & np.isfinite(theirs)
    p = sign_flip(ours[both] - theirs[both], table.steps).lower
    return max(p, lower_than_fixed(ours[both], theirs[both])) if steadier(table, own, reference) else p


def steadier(table: RateTable, own: int, reference: int) -> bool:
    """Whether the reference's trials of a case are all the same and the provider's are not. Their differences are not
    symmetric then, and a sign-flip test is not valid by itself."""
    return bool(table.fixed[reference] and not table.fixed[own])


def differs(table: RateTable) -> float:
    """Two-sided p-value of the difference between the only two providers."""
    both = np.isfinite(table.rates).all(axis=1)
    return sign_flip(table.rates[both, 0] - table.rates[both, 1], table.steps).differs


def worse_than_others(table: RateTable, own: int) -> float:
    """One-sided p-value against a provider being worse than all others, leave-one-out."""
    return lowest_of(table.rates, own, table.steps, fixed=bool(table.fixed[own]))


def agrees(table: RateTable, reference: int) -> bool:
    """Whether the reference is not lower than the candidates, of which there are at least two."""
    return table.rates.shape[1] > 2 and worse_than_others(table, reference) > AGREES


def worse_than_reference(alone: float, table: RateTable, own: int, *, agreed: bool) -> float:
    """One-sided p-value against a provider being worse than the reference, from two tests with shares of the error.

    Args:
        alone: the p-value of `worse_than_one`.
        table: the reference and all candidates.
        agreed: what `agrees` says of the reference.
    """
    if not agreed:
        return alone if table.rates.shape[1] == 2 else min(1.0, alone / _ALONE)
    # Lower than all and not lower than the reference is no evidence of being worse than the reference.
    together = worse_than_others(table, own) if alone < 0.5 else 1.0
    return min(1.0, alone / _ALONE, together / (1 - _ALONE))
