"""The weighted comparison of each provider with all others, leave-one-out.

A failure that no other provider shows tells more than one that most show. So the difference of two providers in a case
is weighed by how many of the *others* pass the case, and the mean over all partners of a provider is its term of the
case. Neither side of a difference takes part in its weight. So the mean of a term is zero for each healthy provider,
however the trials of the providers depend on each other: also for a deterministic provider beside random ones.

Under the null hypothesis a provider's term in a case is as likely to be any of the terms of all providers in that case:
their sum over cases has an exact permutation distribution. Where the provider's terms vary less than those of all, that
distribution is too wide for it, and where they vary more, too narrow: its fall counts as larger, or as smaller. That
part is estimated, not exact (a studentised permutation test, Janssen 1997).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from scipy.special import betaln

from trueweight.statistics import Array
from trueweight.statistics.permutation import lower_tail

_FALL: Final = 0.1
"""The fault for which the weights are best: so large a share of the trials that would pass fails."""
_CONCENTRATIONS: Final = 2.0 ** np.arange(-1, 9)
"""The sums of the parameters of the beta distributions that are tried for the cases' rates: from cases that nearly all
pass or nearly all fail to cases that are equally hard."""
_STEPS: Final = 32
"""Steps between the least and the largest term. Rounding costs no validity: the terms of all providers are rounded."""
_HEAVIEST: Final = 16
"""The largest of the integer weights of a pair; the least is 1."""
_FEWEST: Final = 50
"""Cases in which rates differ, from which on a provider may be held to a variance that is smaller than that of all.
With an estimate from 30 cases a healthy provider is accused in up to 5.8% of runs instead of 5%."""
_OTHERS: Final = 0.25
"""The weight of the terms of the others beside those of a provider, where the variance of its terms is estimated,
because a provider that fails few cases seems not to vary at all."""
_CAUTION: Final = 0.5
"""Standard errors by which the logarithm of an estimated ratio of variances is raised."""
_FAILURES: Final = 10
"""Failed cases from which on the spread of a provider shows in its rates. One that is deterministic may fail fewer or,
by luck, none, and seems not to vary then."""
_SHOWN: Final = 2
"""Weight of a provider's rate in a case beside one of its mean rate, as the probability of passing that case."""


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
    for own in range(rates.shape[1]):
        weights = fitted.weight((passes - filled[:, own])[:, None] - filled, np.maximum(counts - 2, 0)[:, None])
        both = known & known[:, own : own + 1]
        terms[:, own] = np.where(both, weights * (filled[:, own : own + 1] - filled), 0.0).sum(axis=1)
    return np.where(known, terms / np.maximum(counts - 1, 1)[:, None], np.nan)


def weights_beside(rates: Array, pair: tuple[int, int]) -> Array:
    """Integer weights of the cases for the difference of two providers, by the rates of the others alone."""
    others = np.delete(rates, pair, axis=1)
    known = np.isfinite(others)
    weights = _fitted(rates).weight(np.where(known, others, 0.0).sum(axis=1), known.sum(axis=1))
    return np.asarray(np.clip(np.rint(_HEAVIEST * weights / weights.max(initial=1e-9)), 1, _HEAVIEST))


def lowest_of(rates: Array, provider: int, terms: Array | None = None, *, deterministic: bool = False) -> float:
    """One-sided p-value against a provider's rates being lower than those of the others.

    A difference among the others widens the null distribution, so it makes the test conservative. If the provider
    varies less or more than all of them (`_relative_variance`), its fall counts as so much larger or smaller.

    The p-value is not strictly monotone: one failure more changes the fitted weights and the estimated variance, and
    may raise it (docs/verdicts.md: how often, and by how much).

    Args:
        rates: cases by providers; NaN where a provider has no trial. Cases that it did not answer do not count.
        provider: the column that is tested.
        terms: as `terms_of` has them; None computes them.
        deterministic: each provider passes or fails a case as a whole. With one rate of passing in a case they have one
            variance too, which need not be estimated.
    """
    terms = terms_of(rates) if terms is None else terms
    here = np.isfinite(rates[:, provider]) & (np.isfinite(rates).sum(axis=1) > 1)
    if not here.any():
        return 1.0
    own = terms[here]
    low = np.nanmin(own, axis=1, keepdims=True)
    span = float(np.nanmax(own - low))
    if span <= 0:
        return 1.0
    steps = np.rint((own - low) / span * _STEPS)
    members = (steps[:, :, None] == np.arange(_STEPS + 1)).sum(axis=1)
    tells = members[:, 0] < members.sum(axis=1)
    seen, expected = float(steps[tells, provider].sum()), float(np.nanmean(steps[tells], axis=1).sum())
    if seen < expected and not deterministic:
        ratio = _relative_variance(own, provider, _unseen_variance(rates[here], provider))
        seen = max(0.0, expected - (expected - seen) / ratio**0.5)
    return lower_tail(members[tells], int(seen + 1e-6))


def _unseen_variance(rates: Array, provider: int) -> float:
    """The variance of a provider's terms that others add which fail few cases: were each of them deterministic, it
    would pass a case with the probability that the provider shows there, or fail it.

    Args:
        rates: of the cases that it answered.
    """
    known, own = np.isfinite(rates), rates[:, provider]
    filled, counts = np.where(known, rates, 0.0), known.sum(axis=1)[:, None]
    failing = (known & (rates < 1)).sum(axis=0)
    unseen = np.maximum(0.0, 1 - failing / _FAILURES)
    unseen[provider] = 0.0
    passes = filled.sum(axis=1, keepdims=True) - own[:, None] - filled
    weights = np.where(known, _fitted(rates).weight(passes, np.maximum(counts - 2, 0)), 0.0)
    passing = (_SHOWN * own + own.mean()) / (_SHOWN + 1)
    each = (weights / np.maximum(counts - 1, 1)) ** 2 * (passing * (1 - passing))[:, None]
    return float((each @ unseen).mean())


def _relative_variance(terms: Array, provider: int, unseen: float) -> float:
    """The variance of a provider's terms as a share of that of their permutation distribution.

    It is that which the provider would have without a fall: that of its terms, and with less weight of the others',
    tilted exponentially until their mean is 0 (Efron 1981). So a provider whose trials of a case depend less or more on
    each other than those of the others, or whose fault makes them so, is not held to the spread of all.

    Args:
        terms: cases that it answered by providers, with a sum below 0 for it.
        unseen: as `_unseen_variance` has it.

    Returns:
        at least 1 where rates differ in fewer than `_FEWEST` cases; 1 where nothing can be estimated.
    """
    own, others = terms[:, provider], np.delete(terms, provider, axis=1)
    known = others[np.isfinite(others)]
    spread = float(np.nanvar(terms, axis=1).mean())
    values = np.concatenate([own, known])
    if spread <= 0 or values.max() <= 0:
        return 1.0
    tilted = _tilted(values, np.repeat([1.0, _OTHERS * len(own) / len(known)], [len(own), len(known)]))
    variance, third, fourth = (float(tilted @ values**power) for power in (2, 3, 4))
    # The error of a variance beside a mean that is known is that of a regression of the squares on the terms; the
    # variance of each of the others is not known better.
    error = max(0.0, fourth / variance**2 - 1 - third**2 / variance**3) / len(own) * (1 + 2 / others.shape[1])
    differing = np.count_nonzero((np.nan_to_num(terms) != 0).any(axis=1))
    ratio = (variance * float(np.exp(_CAUTION * error**0.5)) + unseen) / spread
    return max(ratio, 1.0 if differing < _FEWEST else 0.0)


def _tilted(values: Array, weights: Array) -> Array:
    """Shares in proportion to the weights and exponential in the values, with which the mean of the values is 0.

    Args:
        values: with a mean of at most 0, of which the largest is above 0.
    """
    scaled = (values - values.max()) / np.abs(values).max()
    low, high = 0.0, 1.0
    while values @ (weights * np.exp(high * scaled)) < 0:
        low, high = high, 2 * high
    for _ in range(30):
        middle = (low + high) / 2
        below = values @ (weights * np.exp(middle * scaled)) < 0
        low, high = (middle, high) if below else (low, middle)
    shares = weights * np.exp(high * scaled)
    return np.asarray(shares / shares.sum())
