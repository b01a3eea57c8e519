"""The power of the best possible test of a deterministic host, which bounds that of every test.

A deterministic host has one trial a case. The test knows what no test can know: the true pass rate of each case, and
that the fault fails one share of what would pass. By the lemma of Neyman and Pearson no test at its level finds the
fault more often than the likelihood ratio does. Its level is that of the first step of the assessment's correction.
"""

from __future__ import annotations

import numpy as np
from fleets import Fleet, beta

from trueweight.assess.significance import CASES, WEIGHTS
from trueweight.statistics.multiple_testing import ALPHA

_EASES = 40
"""Draws of the cases' rates over which the power is averaged, if they are uneven."""
_NULL, _FAULTY = 20_000, 1_000
"""Hosts that are drawn for each of them: healthy ones, whose quantile is the bound of the test, and faulty ones."""


def best_power(fleet: Fleet, rng: np.random.Generator) -> float:
    """The probability that the likelihood ratio of the true rates finds the last host of a fleet of ``fixed`` hosts."""
    level = ALPHA * WEIGHTS[CASES] / (fleet.hosts - 1) if fleet.reference else ALPHA / fleet.hosts
    share = fleet.fault / fleet.rate
    powers = []
    for _ in range(_EASES if fleet.spread == "uneven" else 1):
        ease = np.full(fleet.cases, fleet.rate)
        if fleet.spread == "uneven":
            ease = np.clip(beta(ease, 1.0, rng, fleet.cases), 1e-9, 1 - 1e-9)
        tells = np.log((1 - ease * (1 - share)) / (1 - ease)) - np.log1p(-share)
        healthy, faulty = (
            (rng.random((size, fleet.cases)) >= rate) @ tells
            for size, rate in ((_NULL, ease), (_FAULTY, ease * (1 - share)))
        )
        powers.append(_power(healthy, faulty, level))
    return float(np.mean(powers))


def _power(healthy: np.ndarray, faulty: np.ndarray, level: float) -> float:
    """The share of faulty hosts beyond the bound; at the bound the test is randomised, so that its level is exact."""
    bound = np.quantile(healthy, 1 - level, method="higher")
    beyond, at = (healthy > bound).mean(), (healthy == bound).mean()
    chance = (level - beyond) / at if at else 0.0
    return float((faulty > bound).mean() + chance * (faulty == bound).mean())
