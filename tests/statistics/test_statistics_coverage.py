"""Limits that were too narrow near an end or for skewed costs, held to 93%; the n that decides, decides."""

from __future__ import annotations

import numpy as np
import pytest
import scipy  # its `stats` takes a second to import: where it is used, and not in each worker

from trueweight.core import Estimate
from trueweight.core.estimate import ALPHA
from trueweight.metrics import Resampler, independent
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.proportion import n_that_decides
from trueweight.statistics.ratio import LEAST_CASES, ratio_interval


@pytest.mark.parametrize("n", [8, 20, 30, 45, 60, 75, 90, 125, 150, 200])
def test_a_proportion_is_held_in_93_percent_at_every_rate(n: int) -> None:
    """Exact, no simulation: the probability of each count times whether its limits hold the rate; Wilson's has 84%. At
    the very rate that the one-sided limit of all in n has, 5% and 2.5% of the other end may be missed together."""
    ends = [independent(k, n).interval for k in range(n + 1)]
    low = np.array([0.0 if one.low is None else one.low for one in ends])[:, None]
    high = np.array([1.0 if one.high is None else one.high for one in ends])[:, None]
    rates = np.linspace(0.001, 0.9999, 2000)
    mass = scipy.stats.binom.pmf(np.arange(n + 1)[:, None], n, rates)
    held = (mass * ((low <= rates) & (rates <= high))).sum(axis=0)
    assert held.min() >= 0.925
    assert (held >= 0.9295).mean() >= 0.995


@pytest.mark.slow
@pytest.mark.parametrize("n", [LEAST_CASES, 60, 200])
@pytest.mark.parametrize("spread", [0.3, 0.6, 1.0])
def test_skewed_costs_are_held(n: int, spread: float) -> None:
    """Log-normal costs, and one case in ten that is several times as dear: at least 93%, less three standard errors."""
    rng = np.random.default_rng([n, int(10 * spread)])
    held = {"log-normal": 0, "rare": 0}
    runs = 1000
    for _ in range(runs):
        costs, calls = rng.lognormal(0, spread, n), rng.binomial(2, 0.8, n).astype(float)
        dear = rng.lognormal(0, 0.3, n) * np.where(rng.random(n) < 0.1, 1 + 8 * spread, 1.0)
        truths = np.exp(spread**2 / 2) / 1.6, np.exp(0.045) * (1 + 0.8 * spread)
        for kind, above, below, truth in zip(held, (costs, dear), (calls, np.ones(n)), truths, strict=True):
            found = ratio_interval(above, below)
            assert found is not None
            assert found.low <= above.sum() / below.sum() <= found.high
            held[kind] += found.low <= truth <= found.high
    assert min(held.values()) / runs >= 0.93 - 3 * np.sqrt(0.93 * 0.07 / runs)


def test_a_handful_of_costs_has_no_interval() -> None:
    """Too few cases, or no difference between them."""
    assert ratio_interval(np.arange(1.0, LEAST_CASES), np.ones(LEAST_CASES - 1)) is None
    assert ratio_interval(np.full(60, 2.0), np.ones(60)) is None


@pytest.mark.parametrize(("hits", "n"), [(20, 20), (57, 60), (59, 60), (150, 200), (3, 60), (0, 40)])
@pytest.mark.parametrize("bound", [0.02, 0.3, 0.7, 0.9, 0.93, 0.97, 0.99])
def test_so_many_more_cases_decide(hits: int, n: int, bound: float) -> None:
    """The n is added at the observed rate, rounded either way: the interval lies on one side of the bound."""
    low, high = independent(hits, n).interval
    found = Estimate(hits / n, low, high, n=n, unit="proportion", method="")
    if (low is not None and low >= bound) or (high is not None and high <= bound):
        return
    if (hits / n == 1 and bound > hits / n) or abs(hits / n - bound) < 1e-9:
        return
    size = n_that_decides(found, bound)
    assert size is not None
    for count in {int(np.floor(hits / n * size)), int(np.ceil(hits / n * size - 1e-9))}:
        low, high = independent(count, size).interval
        assert (low is not None and low >= bound) or (high is not None and high <= bound), (size, count)


@pytest.mark.parametrize("losses", [12, 16])
def test_a_skewed_interval_of_a_difference_shrinks_to_the_length_of_its_longer_arm_too(losses: int) -> None:
    """40 cases of which so many are lost and two are gained: the arm towards the bound is the shorter one at first, and
    no longer so with more cases. The named number of cases of the same kind decides."""
    bound = -(losses - 2) / 40 + 0.05
    delta = np.repeat([-1.0, 1.0, 0.0], [losses, 2, 38 - losses])
    few = difference_by_case(delta, np.zeros(40), Resampler(40, 1), of=40).estimate
    size = n_that_decides(few, bound)
    assert size is not None
    again = np.repeat(delta, -(-size // 40))
    many = difference_by_case(again, np.zeros(len(again)), Resampler(len(again), 1), of=len(again)).estimate
    assert few.high is not None
    assert many.high is not None
    assert many.high < bound <= few.high


@pytest.mark.parametrize(("differ", "bound"), [(3, 0.055), (3, -0.09), (12, 0.09)])
def test_gains_that_equal_losses_are_not_no_difference_at_all(differ: int, bound: float) -> None:
    """As many cases are gained as lost, so the value is 0 and the interval symmetric. The named number of cases of the
    same kind decides."""

    def found(size: int) -> Estimate:
        each = round(differ * size / 40)
        delta = np.repeat([-1.0, 1.0, 0.0], [each, each, size - 2 * each])
        return difference_by_case(delta, np.zeros(size), Resampler(size, 1), of=size).estimate

    size = n_that_decides(found(40), bound)
    assert size is not None
    low, high = found(size).low, found(size).high
    assert low is not None
    assert high is not None
    assert low > bound or high < bound


def test_no_difference_at_all_needs_the_exact_number() -> None:
    """Nothing differs in 60 cases: 1.25% ** (1/86) is above .95, so 86 cases show less than 5 points."""
    end = 1 - (ALPHA / 4) ** (1 / 60)
    found = Estimate(0.0, -end, end, n=60, unit="difference", method="")
    assert n_that_decides(found, -0.05) == 86
