"""Scores and distances: fair among exchangeable answers, bounded, symmetric."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.drift.distance import agreement, divergence, fit_line, logprob_distance
from trueweight.drift.facts import Facts, Token
from trueweight.drift.scoring import score_greedy, score_sampled, triangle

unit = st.floats(0, 1)
texts = st.text("ab", max_size=4)


@given(unit, unit, unit)
def test_over_the_three_choices_of_a_candidate_scores_add_up_to_nothing(x: float, y: float, z: float) -> None:
    """So its mean is 0 when candidate and reference answers are exchangeable, whatever the distances are."""
    assert triangle(x, y, z) + triangle(y, z, x) + triangle(z, x, y) == pytest.approx(0, abs=1e-12)


@given(unit, unit, unit)
def test_a_score_stays_in_its_range(x: float, y: float, z: float) -> None:
    """At least -1/2: that is what lets a bet nearly treble."""
    assert -0.5 <= triangle(x, y, z) <= 1


@given(texts, texts, texts)
def test_text_scores_need_no_correction(a: str, b: str, c: str) -> None:
    """Equality is a metric, so the plain formula stands."""
    plain = ((c != a) + (c != b)) / 2 - (a != b)
    assert score_greedy(Facts(a), Facts(b), Facts(c)).excess == plain


def test_white_space_at_the_ends_is_no_difference() -> None:
    """Templates differ in a leading space; models do not."""
    assert score_greedy(Facts("yes"), Facts("yes"), Facts(" yes\n")).excess == 0


def test_sampled_texts_tell_a_shared_seed_from_an_unrelated_one() -> None:
    """Going along with A further than another seed does leans below 0; the other way round, above."""
    a, other = Facts("The cat sat"), Facts("Once more")
    assert score_sampled(a, a, Facts("The cat ran"), [other], 8).lean < 0
    assert score_sampled(a, a, Facts("zzz"), [Facts("The cat sat")], 8).lean > 0


def _top(**values: float) -> tuple[Token, ...]:
    return tuple(Token(name.encode(), value) for name, value in values.items())


def test_lists_of_different_length_are_compared_on_what_they_share() -> None:
    """A server that shows 5 alternatives is no different for that."""
    full = tuple(Token(bytes([65 + i]), -1.0 - i) for i in range(20))
    assert logprob_distance(full, full[:5]) == 0
    assert math.isinf(logprob_distance(full, ()))
    assert logprob_distance((), ()) == 0


def test_divergence_is_zero_for_the_same_and_positive_for_others() -> None:
    """In nats, with everything outside the shared list lumped together."""
    p, q = _top(a=math.log(0.7), b=math.log(0.2)), _top(a=math.log(0.5), b=math.log(0.4))
    assert divergence(p, p) == 0
    expected = 0.7 * math.log(0.7 / 0.5) + 0.2 * math.log(0.2 / 0.4) + 0
    assert divergence(p, q) == pytest.approx(expected, abs=1e-9)


def test_a_temperature_is_a_slope_and_a_truncation_an_offset() -> None:
    """What tells a sampler from a quantisation: neither leaves a residual."""
    reference = _top(a=-0.5, b=-1.5, c=-3.0, d=-4.0)
    hot = tuple(Token(key, value * 1.25 - 0.1) for key, value in reference)
    line = fit_line(reference, hot)
    assert line is not None
    assert (line.slope, line.offset, line.residual) == pytest.approx((1.25, -0.1, 0.0), abs=1e-9)


def test_agreement_counts_what_texts_begin_with_alike() -> None:
    """1 for the same, 0 for different beginnings, one half at its scale."""
    assert agreement("same", "same", 8) == 1
    assert agreement("abc", "xbc", 8) == 0
    assert agreement("12345678x", "12345678y", 8) == 0.5
