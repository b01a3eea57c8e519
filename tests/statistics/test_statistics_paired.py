"""Comparisons are paired by case, exact where few cases differ, and corrected for being many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.metrics import (
    Resampler,
    benjamini_hochberg,
    difference_by_case,
    holm,
    mcnemar,
    median_difference,
)


def test_mcnemar_is_the_exact_binomial() -> None:
    """Ten gains and two losses: twice the tail of a fair coin, 2 × 79 / 4096; nothing differs: 1."""
    assert mcnemar(10, 2) == pytest.approx(2 * 79 / 4096)
    assert mcnemar(0, 0) == 1.0


def test_equal_providers_still_have_an_interval() -> None:
    """No case differs: the difference is 0 with limits on both sides that shrink with the number of cases."""
    wide, tight = (difference_by_case(np.ones(n), np.ones(n), Resampler(n, 1), of=n).estimate for n in (20, 400))
    assert wide.value == tight.value == 0
    assert wide.low is not None
    assert tight.low is not None
    assert wide.low < tight.low < 0 < -tight.low == tight.high


def test_cases_that_one_side_cannot_answer_are_said() -> None:
    """A case without a counterpart leaves the pairing, and the estimate says how many did."""
    ours, theirs = np.array([1.0, np.nan, 0.0]), np.array([1.0, 1.0, np.nan])
    found = difference_by_case(ours, theirs, Resampler(3, 1), of=3).estimate
    assert (found.n, found.of, found.missing) == (1, 3, {"not answered by both": 2})


def test_coverage_of_paired_differences() -> None:
    """Over 300 runs of 150 cases with correlated answers, the interval holds the true difference 92% to 100%."""
    rng = np.random.default_rng(20260103)
    resampler = Resampler(150, 2)
    held = 0
    for _ in range(300):
        ease = rng.beta(8, 1, 150)
        theirs = rng.binomial(2, ease, 150) / 2
        ours = rng.binomial(2, ease * 0.9, 150) / 2
        found = difference_by_case(ours, theirs, resampler, of=150).estimate
        assert found.low is not None
        assert found.high is not None
        held += found.low <= -0.1 * 8 / 9 <= found.high
    assert 0.92 <= held / 300 <= 1.0


def test_pairing_sees_what_the_spread_between_cases_hides() -> None:
    """A constant 5 ms on cases that range over seconds is found: the interval excludes 0."""
    rng = np.random.default_rng(4)
    theirs = rng.lognormal(6, 1, 60)
    found = median_difference(theirs + 5 + rng.normal(0, 1, 60), theirs, "ms", of=60)
    assert found.estimate.low is not None
    assert 3 < found.estimate.low < 5 < 7
    assert found.p is not None
    assert found.p < 1e-6


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrections_only_raise_and_keep_the_order(p_values: list[float]) -> None:
    """An adjusted p-value is at least the raw one, at most 1, in the same order, and Holm is the stricter."""
    for adjusted in (holm(p_values), benjamini_hochberg(p_values)):
        assert all(raw <= new + 1e-12 and new <= 1 for raw, new in zip(p_values, adjusted, strict=True))
        ranked = [adjusted[i] for i in np.argsort(p_values, kind="stable")]
        assert ranked == sorted(ranked)
    pairs = zip(holm(p_values), benjamini_hochberg(p_values), strict=True)
    assert all(strict >= loose - 1e-12 for strict, loose in pairs)


def test_holm_by_hand() -> None:
    """0.01, 0.04, 0.03: times 3, 1, 2, made monotone."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
