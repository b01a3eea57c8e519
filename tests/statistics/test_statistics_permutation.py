"""Permutation tests are exact: they equal the enumeration of all permutations, and McNemar where that applies."""

from __future__ import annotations

import itertools
from bisect import bisect_left

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from trueweight.statistics.multiple_testing import holm, weighted_holm
from trueweight.statistics.permutation import grid_of, sign_flip
from trueweight.statistics.power import _FAULTS, ENOUGH, SIMULATIONS, TEN_POINTS, TrialsByWay, power_of, simulations

Thirds = st.integers(-3, 3)


@settings(deadline=None)
@given(st.lists(Thirds, min_size=1, max_size=9))
def test_sign_flips_equal_their_enumeration(thirds: list[int]) -> None:
    """Each of the 2ⁿ signs is equally likely; the p-values are the shares at least as extreme as what was seen."""
    found = sign_flip(np.array(thirds) / 3, 3)
    sums = [sum(signs) for signs in itertools.product(*[(-abs(d), abs(d)) for d in thirds])]
    seen, count = sum(thirds), len(sums)
    assert found.lower == pytest.approx(sum(s <= seen for s in sums) / count)
    assert found.higher == pytest.approx(sum(s >= seen for s in sums) / count)
    assert found.differs == pytest.approx(sum(abs(s) >= abs(seen) for s in sums) / count)


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_with_one_trial_it_is_mcnemar(worse: int, better: int) -> None:
    """Differences of −1 and +1: the exact binomial test of the discordant cases."""
    found = sign_flip(np.array([-1.0] * worse + [1.0] * better + [0.0] * 5), 1)
    if worse + better:
        lower, higher = (special.bdtrc(one - 1, worse + better, 0.5) for one in (worse, better))
        assert found.lower == pytest.approx(lower, rel=1e-6)
        assert found.differs == pytest.approx(min(1, 2 * min(lower, higher)), rel=1e-6)
    else:
        assert found == (1.0, 1.0, 1.0)


def test_the_smallest_attainable_p_survives_the_correction() -> None:
    """Twenty cases against one direction reach 2⁻²⁰, below what Holm asks of twenty candidates and eight tests."""
    assert sign_flip(np.full(20, -1.0), 1).lower == 2.0**-20
    assert sign_flip(np.full(300, -1.0), 1).lower == pytest.approx(2.0**-300)


def test_rates_lie_on_a_grid() -> None:
    """The least common multiple of the numbers of trials, up to 60."""
    assert grid_of(np.array([1, 2, 3, 0])) == 6
    assert grid_of(np.array([], dtype=int)) == 1
    assert grid_of(np.array([7, 8, 9])) == 60


@pytest.mark.parametrize(("kind", "trials"), [("alike", 3), ("fixed", 3), ("alike", 1)])
def test_a_true_null_is_rejected_at_its_level(kind: str, trials: int) -> None:
    """1,500 healthy pairs of 60 cases, trials correlated within a case or all the same: at most 6.5% at level 5%."""
    rng = np.random.default_rng(7)
    rejected = 0
    for _ in range(1500):
        ease = rng.beta(1.8, 0.2, (60, 1))
        own = rng.beta(2 * ease, 2 * (1 - ease) + 1e-9, (60, 2)) if kind == "alike" else rng.random((60, 2)) < ease
        rates = rng.binomial(trials, own) / trials if kind == "alike" else own.astype(float)
        rejected += sign_flip(rates[:, 0] - rates[:, 1], trials).lower <= 0.05
    assert rejected / 1500 <= 0.065


@settings(deadline=None)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20))
def test_equal_weights_give_holm(p_values: list[float]) -> None:
    """Holm's method is the one with equal weights."""
    assert weighted_holm(p_values, [0.3] * len(p_values)) == pytest.approx(holm(p_values))


def test_weighted_holm_by_hand() -> None:
    """Weights 3 and 1: 0.02 × 4/3, then 0.05 × 1 for the one that is left."""
    assert weighted_holm([0.02, 0.05], [3, 1]) == pytest.approx((0.02 * 4 / 3, 0.05))


def test_simulations_that_end_early_find_the_same_smallest_fault() -> None:
    """The smallest fault is the one that all simulations of each fault would give."""
    rng = np.random.default_rng(3)
    for size in (20, 60):
        passed = rng.binomial(2, 0.9, (size, 2, 1))
        counts = TrialsByWay(passed, np.full_like(passed, 2))
        found = power_of(counts, 0.05, 7)
        whole = [sum(simulations(counts, fall, 0.05, 7)) / SIMULATIONS for fall in _FAULTS]
        first = bisect_left(_FAULTS, True, key=lambda fall, whole=whole: whole[_FAULTS.index(fall)] >= ENOUGH)
        assert found == (whole[_FAULTS.index(TEN_POINTS)], _FAULTS[first] if first < len(_FAULTS) else None)
        assert first > 0


def test_power_grows_with_cases_and_a_handful_has_none() -> None:
    """All pass: five failures are needed at 4%, which ten cases rarely show at 10 points and 125 nearly always do."""
    few, some, many = (power_of(TrialsByWay(*[np.ones((n, 2, 1), dtype=int)] * 2), 0.04, 1) for n in (10, 57, 125))
    assert few.of_ten < 0.1
    assert few.smallest is None
    assert 0.5 < some.of_ten < 0.85
    assert many.of_ten > 0.95
    assert many.smallest == 0.07
