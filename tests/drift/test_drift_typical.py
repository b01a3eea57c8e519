"""How strange a text is among others: fair whichever of them is the candidate's, and telling when one departs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.drift.betting import RARE_EVENTS, EProcess
from trueweight.drift.typical import DRAWS, likeness, score_strange, strangeness

drawn = st.lists(st.text("ab", max_size=4), min_size=2, max_size=DRAWS + 1)


@given(drawn)
def test_over_the_choices_of_a_candidate_scores_add_up_to_nothing(texts: list[str]) -> None:
    """Each text of a set is the candidate's once: the mean is 0, whatever the texts are."""
    scores = [score_strange(texts[i], texts[:i] + texts[i + 1 :]) for i in range(len(texts))]
    if any(score is None for score in scores):
        assert all(score is None for score in scores)
    else:
        assert sum(score for score in scores if score is not None) == pytest.approx(0, abs=1e-9)


@given(drawn)
def test_a_score_stays_in_its_range(texts: list[str]) -> None:
    """At least -1/m, or a bet could lose more than there is; at most 1."""
    score = score_strange(texts[0], texts[1:])
    if score is not None:
        m = len(texts) - 1
        assert -1 / m - 1e-12 <= score <= 1 + 1e-12


def test_a_set_without_some_draws_can_be_bet_on() -> None:
    """The reference failed to give some of the four draws: the e-process of all sets takes the score."""
    test = EProcess(least=-1.0 / DRAWS, portfolio=RARE_EVENTS)
    for draws in (["a", "b"], ["a", "a", "b"], ["a", "a", "a", "b"]):
        score = score_strange("a", draws)
        assert score == pytest.approx(-1 / DRAWS)
        test.update(score, 0.0)


def test_where_all_say_the_same_nothing_is_bet() -> None:
    """There is nothing to win and nothing to lose; nor where no two agree."""
    assert score_strange("one", ["one"] * 6) is None
    assert score_strange("a", ["b", "c", "d"]) is None


def test_a_text_that_departs_alone_is_strange_and_one_of_many_is_not() -> None:
    """The greatest score there is, against the least."""
    assert score_strange("Rome", ["Paris"] * 6) == pytest.approx(1)
    assert score_strange("Paris", ["Paris"] * 5 + ["Rome"]) == pytest.approx(-1 / 6)


def test_an_early_departure_is_stranger_than_a_late_one() -> None:
    """Texts that begin alike are alike in part."""
    texts = ["Paris is large"] * 4 + ["Paris is great", "Rome is large"]
    found = strangeness(texts)
    assert found[0] < found[4] < found[5]
    assert likeness("", "") == 1
    assert likeness("abcd", "abxd") == 0.5


@pytest.mark.parametrize("settled", [pytest.param(0.3, marks=pytest.mark.slow), 0.9])
def test_false_alarms_at_any_time_stay_below_alpha(settled: float) -> None:
    """300 nulls of 60 prompts with distributions of their own, each looked at after every prompt, no tolerance."""
    rng = np.random.default_rng(11)
    runs, alarms = 300, 0
    for _ in range(runs):
        wealth = EProcess(least=-1 / DRAWS, portfolio=RARE_EVENTS)
        likely = rng.random(60) * settled
        texts = np.where(rng.random((60, DRAWS + 1)) < likely[:, None], 0, rng.integers(1, 9, (60, DRAWS + 1)))
        scores = (score_strange(str(row[0]), [str(value) for value in row[1:]]) for row in texts)
        alarms += any(wealth.update(score) >= 20 for score in scores if score is not None)
    assert alarms / runs <= 0.05
