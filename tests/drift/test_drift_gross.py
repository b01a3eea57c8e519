"""Gross differences: counted where the reference was sure, passed over where it hesitated."""

from __future__ import annotations

import itertools

import pytest

from trueweight.drift.facts import Facts
from trueweight.drift.gross import departs, score_gross

SETTLED = Facts(
    "It rains in Cork today.",
    pieces=("It", " rains", " in", " Cork", " today", "."),
    margins=(0.1, 2.0, 1.0, 0.1, 3.0, 4.0),
)


@pytest.mark.parametrize(
    ("text", "gross"),
    [
        ("It rains in Cork today.", False),
        ("  It rains in Cork today.\n", False),
        ("He sleeps.", False),
        ("It rains at sea.", True),
        ("It rains in Lund today.", False),
        ("It rains in Cork today!", True),
        ("It rains in Cork", False),
        ("It rains in Cork today. And", False),
    ],
)
def test_only_a_departure_from_a_sure_word_is_gross(text: str, gross: bool) -> None:
    """By the margin of the token at which the texts part; where one token ends there, by the lesser of both."""
    assert departs(Facts(text), SETTLED) is gross


def test_white_space_before_a_settled_text_does_not_shift_its_tokens() -> None:
    """Servers send a leading space or not."""
    spaced = Facts(" yes no", pieces=(" yes", " no"), margins=(3.0, 0.1))
    assert departs(Facts("yet"), spaced)
    assert not departs(Facts("yes it"), spaced)


def test_scores_are_fair_over_the_choices_of_a_candidate() -> None:
    """For all orders of three answers, with margins and without: the mean is 0."""
    answers = [Facts("It rains in Cork"), Facts("It rains at sea"), Facts("Dry")]
    for settled in (SETTLED, None):
        for three in itertools.combinations_with_replacement(answers, 3):
            assert sum(score_gross(*order, settled) for order in itertools.permutations(three)) == pytest.approx(0)


def test_without_margins_the_first_characters_decide() -> None:
    """A reference that shows none still has a beginning of its own."""
    a = Facts("The cat sat")
    assert score_gross(a, a, Facts("The dog ran"), None) == 0
    assert score_gross(a, a, Facts("A dog"), None) == 1
    assert score_gross(a, a, Facts("A dog"), Facts("The cat sat")) == 1
