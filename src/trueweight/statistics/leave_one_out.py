"""The weighted comparison of each provider with all others, leave-one-out.

A failure that no other provider shows tells more than one that most show. So the difference of two providers in a case
is weighed by how many of the *others* pass the case, and the mean over all partners of a provider is its term of the
case. Neither side of a difference takes part in its weight. So the mean of a term is zero for each healthy provider,
however the trials of the providers depend on each other: also for a deterministic provider beside random ones.

Under the null hypothesis a provider's term in a case is as likely to be any of the terms of all providers in that case:
their sum over cases has an exact permutation distribution.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.special import betaln

from trueweight.statistics import Array
from trueweight.statistics.permutation import fewest_passes, lower_tail

_FALL: Final = 0.1
"""The fault for which the weights are best: so large a share of the trials that would pass fails."""
_CONCENTRATIONS: Final = 2.0 ** np.arange(-1, 9)
"""The sums of the parameters of the beta distributions that are tried for the cases' rates: from cases that nearly all
pass or nearly all fail to cases that are equally hard."""
_STEPS: Final = 32
"""Steps between the least and the largest term. Rounding costs no validity: the terms of all providers are rounded."""
_HEAVIEST: Final = 16
"""The largest of the integer weights of a pair; the least is 1."""


class _Rates(NamedTuple):
    """The beta distribution of the cases' pass rates, fitted to the rates of all providers."""

    passing: float
    failing: float

    def weight(self, passes: Array, counts: Array) -> Array:
        """How much a failure tells in a case that ``passes`` of ``counts`` other providers pass: the logarithm of its
        likelihood ratio for a provider that fails a tenth of what it would pass."""
        passes = np.clip(passes, 0, counts)
        odds = (passes + self.passing) / (counts - passes + self.failing)
        return np.asarray(np.log1p(_FALL * odds) - np.log1p(-_FALL))


def _fitted(rates: Array) -> _Rates:
    """The likeliest concentration with the mean of all (empirical Bayes). It depends on all rates, not on whose."""
    known = np.isfinite(rates)
    passes, counts = np.where(known, rates, 0.0).sum(axis=1), known.sum(axis=1)
    mean = float(np.clip(passes.sum() / max(counts.sum(), 1), 1e-6, 1 - 1e-6))
    fails = counts - passes
    passing, failing = mean * _CONCENTRATIONS, (1 - mean) * _CONCENTRATIONS
    of_each = betaln(passes + passing[:, None], fails + failing[:, None]) - betaln(passing, failing)[:, None]
    best = int(of_each.sum(axis=1).argmax())
    return _Rates(float(passing[best]), float(failing[best]))


def terms_of(rates: Array) -> Array:
    """The mean weighted difference of each provider from the others, cases by providers; NaN where it has no trial, and
    0 where it is alone.

    Args:
        rates: cases by providers; NaN where a provider has no trial.
    """
    known = np.isfinite(rates)
    filled = np.where(known, rates, 0.0)
    passes, counts = filled.sum(axis=1), known.sum(axis=1)
    fitted = _fitted(rates)
    terms = np.zeros(rates.shape)
    others = np.maximum(counts - 2, 0)[:, None]
    for own in range(rates.shape[1]):
        weights = fitted.weight((passes - filled[:, own])[:, None] - filled, others)
        both = known & known[:, own : own + 1]
        terms[:, own] = np.where(both, weights * (filled[:, own : own + 1] - filled), 0.0).sum(axis=1)
    return np.where(known, terms / np.maximum(counts - 1, 1)[:, None], np.nan)


def weights_beside(rates: Array, pair: tuple[int, int]) -> Array:
    """Integer weights of the cases for the difference of two providers, by the rates of the others alone."""
    others = np.delete(rates, pair, axis=1)
    known = np.isfinite(others)
    weights = _fitted(rates).weight(np.where(known, others, 0.0).sum(axis=1), known.sum(axis=1))
    return np.asarray(np.clip(np.rint(_HEAVIEST * weights / weights.max(initial=1e-9)), 1, _HEAVIEST))


def lowest_of(rates: Array, provider: int, terms: Array | None = None, *, unlike: bool = False) -> float:
    """One-sided p-value against a provider's rates being lower than those of the others.

    A difference among the others widens the null distribution, so it makes the test conservative.

    Args:
        rates: cases by providers; NaN where a provider has no trial. Cases that it did not answer do not count.
        provider: the column that is tested.
        terms: as `terms_of` has them; None computes them.
        unlike: the provider's trials of a case are all the same and those of others are not. It varies more than they
            do, so its terms cannot be exchanged with theirs: it passes or fails each case instead.
    """
    terms = terms_of(rates) if terms is None else terms
    here = np.isfinite(rates[:, provider]) & (np.isfinite(rates).sum(axis=1) > 1)
    if not here.any():
        return 1.0
    if unlike:
        return _of_two_values(rates[here], provider, _fitted(rates))
    own = terms[here]
    low = np.nanmin(own, axis=1, keepdims=True)
    span = float(np.nanmax(own - low))
    if span <= 0:
        return 1.0
    steps = np.rint((own - low) / span * _STEPS)
    members = (steps[:, :, None] == np.arange(_STEPS + 1)).sum(axis=1)
    tells = members[:, 0] < members.sum(axis=1)
    return lower_tail(members[tells], int(steps[tells, provider].sum()))


def _of_two_values(rates: Array, provider: int, fitted: _Rates) -> float:
    """`lowest_of` of a provider that passes or fails each case as a whole: with which probability, says the mean of all
    with the same weights."""
    others = np.delete(rates, provider, axis=1)
    known = np.isfinite(others)
    filled = np.where(known, others, 0.0)
    count = known.sum(axis=1)
    weights = fitted.weight(filled.sum(axis=1)[:, None] - filled, np.maximum(count - 1, 0)[:, None])
    weights = np.where(known, weights, 0.0)
    total = weights.sum(axis=1)
    seen = np.rint(rates[:, provider])
    passing = (count * (weights * filled).sum(axis=1) / total + seen) / (count + 1)
    heavy = total / count
    return fewest_passes(passing, seen, np.maximum(1, np.rint(_STEPS * heavy / heavy.max(initial=1e-9))))
