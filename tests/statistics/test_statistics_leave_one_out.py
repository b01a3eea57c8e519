"""The weighted comparison with all others is exact where providers are alike, and fair where they are not."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from trueweight.statistics.leave_one_out import lowest_of, terms_of
from trueweight.statistics.multiple_testing import joined
from trueweight.statistics.permutation import lower_tail


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=5))
def test_it_equals_its_enumeration(rows: list[list[int]]) -> None:
    """In each case the provider's term is equally likely any of the four; the p-value is the share of sums as low. The
    terms are put on a grid of 32 steps."""
    rates = np.array(rows) / 3
    terms = terms_of(rates)
    low = terms.min(axis=1, keepdims=True)
    steps = np.rint((terms - low) / max((terms - low).max(), 1e-9) * 32)
    sums = [sum(values) for values in itertools.product(*steps.tolist())]
    assert lowest_of(rates, 0, deterministic=True) == pytest.approx(
        sum(s <= steps[:, 0].sum() for s in sums) / len(sums)
    )


def test_a_failure_that_no_other_shows_tells_most() -> None:
    """Cases that all others pass, and cases that half of them fail: the term of a failure is lower in the former."""
    rates = np.ones((40, 7))
    rates[0, 0] = rates[1, 0] = 0
    rates[1, 1:4] = rates[20:, :] = 0
    terms = terms_of(rates)
    assert terms[0, 0] < terms[1, 0] < 0
    assert terms.sum(axis=1) == pytest.approx(np.zeros(40))


def test_a_case_that_a_provider_did_not_answer_says_nothing_of_it() -> None:
    """NaN leaves the case out for that provider, and the other providers' column out of its groups."""
    rates = np.array([[0.0, 1, 1], [np.nan, 0, 1], [0, 1, np.nan]])
    assert lowest_of(rates, 0, deterministic=True) == pytest.approx(1 / 3 * 1 / 2)
    assert lowest_of(rates[1:2], 0) == 1.0
    assert lowest_of(np.array([[0.0, np.nan, np.nan]]), 0) == 1.0
    assert lowest_of(np.array([[0.0, np.nan, np.nan]] * 2 + [[0, 1, 1]]), 0) <= 1.0


@pytest.mark.parametrize("provider", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_weights_accuse_no_provider_of_another_kind(provider: int) -> None:
    """500 healthy fleets of cases of mixed difficulty, in which one provider is deterministic and the others are not,
    and the other way round. Weights that one side of a difference took part in would convict a third of them."""
    rng, accused, runs = np.random.default_rng(9), 0, 500
    for _ in range(runs):
        ease = rng.beta(0.8, 0.2, (60, 1))
        fixed = (rng.random((60, 6)) < ease).astype(float)
        varying = rng.binomial(6, np.broadcast_to(ease, (60, 6))) / 6
        rates = fixed if provider else varying
        rates[:, 0] = (varying if provider else fixed)[:, 0]
        accused += lowest_of(rates, 0) <= 0.05
    assert special.bdtrc(accused - 1, runs, 0.05) > 0.01


@pytest.mark.parametrize(("rate", "least", "most"), [(0.85, 25, 40), (0.9, 0, 3)])
def test_a_provider_that_varies_less_than_the_others_is_held_to_its_own_spread(
    rate: float, least: int, most: int
) -> None:
    """40 fleets. The trials of one provider are independent, those of seven others with a rate of 90% resemble each
    other: by their spread 5 points are found in 15 fleets, by its own in 31. With their rate it is not accused."""
    rng, found = np.random.default_rng(4), 0
    for _ in range(40):
        rates = rng.binomial(6, rng.beta(1.8, 0.2, (125, 8))) / 6
        rates[:, 0] = rng.binomial(6, rate, 125) / 6
        found += lowest_of(rates, 0) <= 0.05 / 8
    assert least <= found <= most


@pytest.mark.parametrize("steady", [1, 4])
def test_a_provider_that_varies_more_than_others_is_held_to_its_own_spread(steady: int) -> None:
    """300 healthy fleets of eight, in which some are independent and the trials of the others are nearly all the same:
    with the spread of all, the latter are accused in 8% of the fleets at a level of 5%."""
    rng, accused, runs = np.random.default_rng(6), 0, 300
    for _ in range(runs):
        rates = rng.binomial(6, rng.beta(0.225, 0.025, (60, 8))) / 6
        rates[:, :steady] = rng.binomial(6, 0.9, (60, steady)) / 6
        terms = terms_of(rates)
        low = [one for one in range(steady, 8) if terms[:, one].sum() < -1.5 * (terms[:, one] ** 2).sum() ** 0.5]
        accused += any(lowest_of(rates, one, terms) <= 0.05 / 8 for one in low)
    assert special.bdtrc(accused - 1, runs, 0.05) > 0.01


def test_few_cases_in_which_rates_differ_leave_the_permutation_distribution_alone() -> None:
    """However many cases all pass: an estimate from 30 of 60 cases accused in 5.8% of healthy fleets."""
    rng = np.random.default_rng(4)
    rates = rng.binomial(6, rng.beta(1.8, 0.2, (90, 8))) / 6
    rates[:, 0] = rng.binomial(6, 0.8, 90) / 6
    rates = rates[rates.min(axis=1) < rates.max(axis=1)][:60]
    for differing, smaller in ((49, False), (50, True)):
        some = np.where(np.arange(60)[:, None] < differing, rates, 1.0)
        terms = terms_of(some)
        steps = np.rint((terms - (low := terms.min(axis=1, keepdims=True))) / (terms - low).max() * 32)[:differing]
        alone = lower_tail((steps[:, :, None] == np.arange(33)).sum(axis=1), int(steps[:, 0].sum()))
        assert (lowest_of(some, 0) < 0.9 * alone) is smaller


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("way", ["all pass", "some fail"])
def test_another_failure_never_makes_a_provider_look_better(deterministic: bool, way: str) -> None:
    """One more failed case of the same kind lowers the p-value, or leaves it."""
    rng = np.random.default_rng(2)
    rates = np.ones((80, 6))
    if way == "some fail":
        rates[:40, 1:] = rng.binomial(3, 0.8, (40, 5)) / 3
    before = 1.0
    for count in range(1, 30):
        rates[40 + count, 0] = 0
        found = lowest_of(rates, 0, deterministic=deterministic)
        assert found <= before * (1 + 1e-9)
        before = found


def test_joined_tests_lie_between_one_and_bonferroni() -> None:
    """Tests that are the same cost nothing; independent ones have the probability that either rejects; a test that
    shows nothing costs its share."""
    assert joined([0.03], [1.0], []) == 0.03
    assert joined([0.03] * 3, [0.7, 0.15, 0.15], [1.0, 1.0]) == pytest.approx(0.03)
    assert joined([0.02, 0.02], [0.5, 0.5], [0.0]) == pytest.approx(1 - 0.98**2)
    assert joined([0.02, 1.0], [0.5, 0.5], [-1.0 + 1e-9]) == pytest.approx(0.04)
    assert joined([1e-14, 1.0], [0.5, 0.5], [0.9]) == pytest.approx(2e-14)
    assert joined([1.0, 1.0], [0.5, 0.5], [0.9]) == 1.0


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_joined_tests_hold_their_level(correlation: float) -> None:
    """Two correlated normal statistics, drawn: the joined p-value is below 5% in 5% of runs."""
    rng = np.random.default_rng(5)
    drawn = rng.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 20_000)
    found = [joined(row, (0.7, 0.3), (correlation,)) for row in special.ndtr(drawn).tolist()]
    assert np.mean(np.array(found) <= 0.05) == pytest.approx(0.05, abs=0.005)


def test_hosts_that_hardly_fail_may_be_deterministic_and_lucky() -> None:
    """A host that fails some trials of each case is not lower beyond chance; one that fails all trials is."""
    rates = np.ones((6, 3))
    rates[:5, 2] = [0.9, 0.8, 0.9, 0.7, 0.9]
    assert lowest_of(rates, 2) > 0.05
    rates[:, 2] = 0
    assert lowest_of(rates, 2) < 0.01
