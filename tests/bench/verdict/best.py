"""The power of the best possible test of a host with a fault, which bounds that of every test.

The test knows what no test can know: how the rates of the cases are distributed around their mean, how the trials of
each host depend on each other, and which share of what would pass the fault fails. It does not know which case has
which rate, nor the mean rate of a healthy fleet. It has all trials, both passes of the reference included. By the lemma
of Neyman and Pearson no test at its level finds the fault more often than the likelihood ratio does. Its level is that
of the first step of the assessment's correction.

A healthy host passes each case with the case's rate, however its trials depend on each other. So one healthy host is
enough to bound the power of a test that accuses none: that with the law of the faulty host's trials, tilted
exponentially to the healthy rate, which is the healthy law from which it is hardest to tell (Csiszár 1975). Its
likelihood ratio depends on the number of passes alone. Where all cases have one rate, all hosts are healthy too if all
of them have the mean rate of the fleet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from fleets import ALIKE, UNEVEN, Fleet, kind_of
from scipy import special

from trueweight.assess.significance import CASES, WEIGHTS
from trueweight.core.estimate import ALPHA

_NODES = 32
"""Nodes of the Gauss–Jacobi quadrature over a beta distribution: exact for laws of up to 63 trials together."""
_POOL, _PART = 50_000, 10_000
"""Cases that are drawn for each hypothesis, and at once; runs are drawn from them with replacement."""
_NULL, _FAULTY = 60_000, 6_000
"""Runs that are drawn for each hypothesis: healthy ones, whose quantile is the bound of the test, and faulty ones."""


class _Laws(NamedTuple):
    """The distribution of the number of passes of one host in a case, as rows of rates by numbers, or that of the
    rates: under the null hypothesis and if the last host has its fault."""

    null: Any
    faulty: Any


def best_power(fleet: Fleet, rng: np.random.Generator) -> float:
    """The probability that the likelihood ratio finds the last host of a fleet whose fault is in both modes: the least
    of those against some fleets of healthy hosts, because a test accuses none of them."""
    level = ALPHA * WEIGHTS[CASES] / (fleet.hosts - 1) if fleet.reference else ALPHA / fleet.hosts
    # No test knows the mean rate: the fleet may be one of healthy hosts with the mean that it has with the fault.
    means = (fleet.rate, fleet.rate - fleet.fault / fleet.hosts)
    if fleet.spread == "even":
        laws, _ = _laws(fleet, means[1])
        healthy, faulty = (_sums_of_one_rate(laws, fleet.cases, rng, faulty=one) for one in (False, True))
        return _power(healthy, faulty, level)
    found = []
    for mean in means:
        laws, shares = _laws(fleet, mean)
        healthy, faulty = (_sums(laws, shares, fleet.cases, rng, faulty=one) for one in (False, True))
        found.append(_power(healthy, faulty, level))
    return min(found)


def _laws(fleet: Fleet, mean: float) -> tuple[list[_Laws], _Laws]:
    """The laws of each host, and the shares of the rates of cases: of a healthy fleet with a mean rate, and of the
    faulty one."""
    even = fleet.spread == "even"
    one = np.ones(1)
    rates, shares = (np.array([fleet.rate]), one) if even else _quadrature(fleet.rate, UNEVEN)
    healthy, healthy_shares = (np.array([mean]), one) if even else _quadrature(mean, UNEVEN)
    laws = []
    for place in range(fleet.hosts):
        last = place == fleet.hosts - 1
        trials = fleet.modes * fleet.repeats * (2 if fleet.reference and place == 0 else 1)
        draw = partial(_law, kind_of(fleet, place), fleet=fleet, trials=trials, spoiled=fleet.fault / fleet.rate * last)
        own = [draw(rate) for rate in rates]
        null = [draw(rate) for rate in (rates if even else healthy)]
        if even or last:
            null = [_tilted(law, rate) for law, rate in zip(null, healthy, strict=True)]
        laws.append(_Laws(np.array(null), np.array(own)))
    return laws, _Laws(healthy_shares, shares)


def _quadrature(mean: float, total: float) -> tuple[Any, Any]:
    """Nodes and weights of integrals over a beta distribution."""
    nodes, weights = special.roots_jacobi(_NODES, (1 - mean) * total - 1, mean * total - 1)
    return np.clip((1 + nodes) / 2, 1e-9, 1 - 1e-9), weights / weights.sum()


def _law(kind: str, rate: float, *, fleet: Fleet, trials: int, spoiled: float) -> Any:
    """The probability of each number of passes in a case of this rate, of which the fault spoils a share."""
    draws = {"fixed": 1, "fixed by mode": fleet.modes}.get(kind, trials)
    own, shares = _quadrature(rate, ALIKE) if kind == "alike" else (np.array([rate]), np.ones(1))
    passes, kept = np.arange(draws + 1), own[:, None] * (1 - spoiled)
    return shares @ (special.binom(draws, passes) * kept**passes * (1 - kept) ** (draws - passes))


def _tilted(law: Any, rate: float) -> Any:
    """The law, tilted exponentially so that its mean is a rate."""
    share = np.arange(len(law)) / (len(law) - 1)
    low, high = -200.0, 200.0
    for _ in range(60):
        tilt = (low + high) / 2
        weights = law * np.exp(tilt * (share - (tilt > 0)))
        low, high = (tilt, high) if weights @ share < rate * weights.sum() else (low, tilt)
    return weights / weights.sum()


def _ratios(laws: Sequence[_Laws], shares: _Laws, rng: np.random.Generator, *, faulty: bool) -> Any:
    """The logarithms of the likelihood ratios of cases that are drawn under one of the hypotheses.

    Args:
        shares: the probability of each rate.
    """
    drawn_from = shares.faulty if faulty else shares.null
    at = rng.choice(len(drawn_from), size=_PART, p=drawn_from)
    under = [np.tile(np.log(np.maximum(one, 1e-300)), (_PART, 1)) for one in shares]
    for law in laws:
        drawn = (law.faulty if faulty else law.null).cumsum(axis=1)[at]
        seen = (rng.random((_PART, 1)) > drawn[:, :-1]).sum(axis=1)
        under = [sums + np.log(np.maximum(one.T, 1e-300))[seen] for sums, one in zip(under, law, strict=True)]
    null, alternative = (special.logsumexp(sums, axis=1) for sums in under)
    return alternative - null


def _sums(laws: Sequence[_Laws], shares: _Laws, cases: int, rng: np.random.Generator, *, faulty: bool) -> Any:
    """The logarithm of the likelihood ratio of each of some runs under one of the hypotheses."""
    pool = np.concatenate([_ratios(laws, shares, rng, faulty=faulty) for _ in range(_POOL // _PART)])
    return pool[rng.integers(len(pool), size=(_FAULTY if faulty else _NULL, cases))].sum(axis=1)


def _sums_of_one_rate(laws: Sequence[_Laws], cases: int, rng: np.random.Generator, *, faulty: bool) -> Any:
    """The same where all cases have one rate: the hosts are independent, so no case has to be drawn."""
    out: Any = 0.0
    for (null,), (alternative,) in laws:
        drawn = rng.multinomial(cases, alternative if faulty else null, _FAULTY if faulty else _NULL)
        out = out + drawn @ np.log(np.maximum(alternative, 1e-300) / np.maximum(null, 1e-300))
    return out


def _power(healthy: Any, faulty: Any, level: float) -> float:
    """The share of faulty runs beyond the bound; at the bound the test is randomised, so that its level is exact."""
    healthy, faulty = (np.round(one, 9) for one in (healthy, faulty))
    bound = np.quantile(healthy, 1 - level, method="higher")
    beyond, at = (healthy > bound).mean(), (healthy == bound).mean()
    chance = (level - beyond) / at if at else 0.0
    return float((faulty > bound).mean() + chance * (faulty == bound).mean())
