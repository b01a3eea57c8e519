"""The bets: fair under the null at every step, whatever the stakes, and right about intervals and many candidates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.drift.betting import LEAST_SCORE, PORTFOLIO, EProcess, confidence_sequence, rejected_e_values

unit = st.floats(0, 1)


def test_the_portfolio_is_all_of_the_money_and_never_ruined() -> None:
    """Weights add up to 1, and no stake can lose everything, or e-values would not start at 1 and stay positive."""
    assert sum(stake.weight for stake in PORTFOLIO) == pytest.approx(1)
    assert all(0 < stake.fraction < 1 for stake in PORTFOLIO)


@given(st.floats(0, 0.5), st.floats(0.001, 0.999), st.booleans())
def test_one_bet_on_a_score_whose_mean_is_the_bound_is_fair(bound: float, share: float, below: bool) -> None:
    """The mean of the wealth after a bet is 1 for a two-point score with the null's own mean, on either side."""
    low = bound - share * (bound - LEAST_SCORE)
    high = bound + share * (1 - bound)
    chance = (bound - low) / (high - low)
    after = [EProcess(below=below).update(score, bound) for score in (low, high)]
    assert (1 - chance) * after[0] + chance * after[1] == pytest.approx(1, abs=1e-9)


@given(st.floats(allow_nan=True).filter(lambda x: not LEAST_SCORE <= x <= 1))
def test_a_score_out_of_range_is_refused(score: float) -> None:
    """Beyond the range the guarantee would be lost in silence."""
    with pytest.raises(ValueError, match="score"):
        EProcess().update(score)


@pytest.mark.parametrize(
    "noise", [pytest.param(0.02, marks=pytest.mark.slow), 0.3, pytest.param(0.8, marks=pytest.mark.slow)]
)
def test_false_alarms_at_any_time_stay_below_alpha(noise: float) -> None:
    """400 nulls in which the three answers are exchangeable, looked at after every one of 60 prompts."""
    rng = np.random.default_rng(5)
    runs, alarms = 400, 0
    # Each answer is the common one, or with this chance one of three others.
    answers = np.where(rng.random((runs, 60, 3)) < noise, rng.integers(1, 4, (runs, 60, 3)), 0)
    a, b, c = np.moveaxis(answers, 2, 0)
    x = ((c != a).astype(float) + (c != b)) / 2 - (a != b)
    assert x.min() >= LEAST_SCORE
    for scores in x:
        wealth = EProcess()
        alarms += any(wealth.update(score) >= 20 for score in scores)
    assert alarms / runs <= 0.05


def test_the_interval_holds_at_all_times_at_once() -> None:
    """A 90% confidence sequence misses the mean at any of 60 times in at most 10% of 60 runs."""
    rng = np.random.default_rng(3)
    missed = 0
    for _ in range(60):
        scores = rng.choice([-0.5, 0.0, 1.0], p=[0.1, 0.5, 0.4], size=60)
        ends = [confidence_sequence(scores[:n], 0.1, grid=61) for n in (5, 20, 60)]
        missed += any(not low <= 0.35 <= high for low, high in ends)
    assert missed <= 6


def test_without_scores_everything_is_possible() -> None:
    """No data, no claim."""
    assert confidence_sequence([]) == (LEAST_SCORE, 1.0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0.01, 0.2))
def test_e_bh_rejects_the_largest_and_never_more_than_they_pay_for(values: list[float], alpha: float) -> None:
    """If k are rejected, each of them has an e-value of at least K / (α k); nobody larger is left out."""
    rejected = rejected_e_values(values, alpha)
    k = sum(rejected)
    if k:
        least = min(value for value, out in zip(values, rejected, strict=True) if out)
        assert least >= len(values) / (alpha * k)
        assert all(value <= least for value, out in zip(values, rejected, strict=True) if not out)
    assert k or max(values) < len(values) / alpha
