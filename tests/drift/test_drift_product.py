"""The product of two differences: what noise does not reach, what a true difference gives, and the test on it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.drift import shipped_thresholds
from trueweight.drift.facts import Token
from trueweight.drift.product import Pair, gap, product
from trueweight.drift.systematic import SystematicTest, counted_mean, mean_of

THRESHOLDS = shipped_thresholds()


def top(values: np.ndarray, count: int = 20) -> list[Token]:
    """A list of the likeliest of these logits, normalised."""
    normal = values - np.log(np.exp(values).sum())
    best = np.argsort(-normal)[:count]
    return [Token(b"%d" % i, float(normal[i])) for i in best]


def products(rng: np.random.Generator, n: int, shift: float, own: float, theirs: float, count: int = 20) -> list[float]:
    """Products of n questions: noise of the reference, noise of the candidate, systematic difference, in nats."""
    found = []
    for _ in range(n):
        true, bent = rng.normal(0, 2, 60), rng.normal(0, shift, 60)
        sides = [(true + rng.normal(0, theirs, 60), true + bent + rng.normal(0, own, 60)) for _ in range(2)]
        x = product(*(Pair(top(a, count), top(c, count)) for a, c in sides))
        if x is not None:  # Lists of five need not share a token.
            found.append(x.value)
    return found


@given(st.floats(-3, 3))
def test_a_shift_of_all_log_probabilities_is_no_difference(shift: float) -> None:
    """Lists need not be normalised alike."""
    a = [Token(b"a", -1.0), Token(b"b", -2.0), Token(b"c", -3.0)]
    moved = [Token(key, value + shift) for key, value in a]
    found = product(Pair(a, moved), Pair(moved, a))
    assert found is not None
    assert found.value == pytest.approx(0, abs=1e-12)


def test_the_same_difference_twice_is_its_square() -> None:
    """Two tokens of probability ½ each, moved apart by 0.2: 0.1 either way from the middle."""
    a = [Token(b"a", math.log(0.5)), Token(b"b", math.log(0.5))]
    c = [Token(b"a", math.log(0.5) + 0.1), Token(b"b", math.log(0.5) - 0.1)]
    found = product(Pair(a, c), Pair(a, c))
    assert found is not None
    assert (found.value, found.first, found.second) == pytest.approx((0.01, 0.1, 0.1))
    assert gap(Pair(a, c)) == pytest.approx(0.1)


def test_too_few_shared_tokens_have_no_product() -> None:
    """One token is not a distribution; impossible tokens do not count."""
    a, c = [Token(b"a", -0.1), Token(b"b", -3.0)], [Token(b"a", -0.1), Token(b"b", -100.0)]
    assert product(Pair(a, a), Pair(a, c)) is None
    assert gap(Pair(a, c)) is None


@pytest.mark.parametrize(("own", "theirs"), [(0.3, 0.3), (0.9, 0.3), (0.3, 0.9), (0.0, 0.5)])
@pytest.mark.parametrize("count", [5, 20])
def test_noise_alone_has_products_around_zero(own: float, theirs: float, count: int) -> None:
    """However noisy either side is: within three standard errors and the bias that cut lists are allowed."""
    found = np.array(products(np.random.default_rng(3), 400, 0.0, own, theirs, count))
    assert abs(found.mean()) < 3 * found.std() / math.sqrt(len(found)) + THRESHOLDS.bias * (own**2 + theirs**2)


def test_a_true_difference_shows_through_noise() -> None:
    """0.25 nats under noise of 0.3 nats on both sides: the mean product is near 0.25², less the centring."""
    found = np.mean(products(np.random.default_rng(4), 400, 0.25, 0.3, 0.3))
    assert 0.2 < math.sqrt(found) < 0.3


def test_noise_is_never_certified_beyond_the_resolution() -> None:
    """A true difference of twice the tolerance under heavy noise is not called equivalent."""
    rng = np.random.default_rng(6)
    for _ in range(50):
        test = SystematicTest(THRESHOLDS)
        for value in 4 * THRESHOLDS.tolerance**2 + rng.normal(0, 0.2, 60):
            test.update(float(value))
            assert not test.is_below_tolerance(0.05)


def test_the_difference_counts_no_product_for_more_than_five_times_the_mean() -> None:
    """Products alike: their root. One that is far larger than the others: as five times the mean. Too few: none."""
    assert counted_mean([0.01] * 10) == pytest.approx(0.01)
    assert counted_mean([0.01] * 9 + [100.0]) == pytest.approx(0.09 / 5)  # d² = (9 · 0.01 + 5 d²) / 10
    assert counted_mean([0.0] * 9 + [100.0]) == pytest.approx(0, abs=1e-4)
    assert counted_mean([-0.01] * 10) == counted_mean([]) == 0


def test_the_limits_hold_the_difference_at_all_times() -> None:
    """At 95%, for products as skewed as those of a quantised file; they are no wider than a third more than itself."""
    rng = np.random.default_rng(7)
    true = counted_mean(rng.exponential(0.03, 100_000).tolist()) ** 0.5
    missed, width = 0, []
    for _ in range(60):
        test, out = SystematicTest(THRESHOLDS), False
        for place, value in enumerate(rng.exponential(0.03, 120), 1):
            test.update(float(value))
            if place % 30 == 0:
                found = test.difference()
                out |= not found.low <= true <= found.high
        missed += out
        width.append(found.high - found.low)
    assert missed / 60 <= 0.05
    assert np.median(width) < 1.3 * true


def test_equivalent_needs_a_small_plain_mean() -> None:
    """Two questions in a hundred that differ by 0.7 nats are counted as little; they are not certified."""
    test, other = SystematicTest(THRESHOLDS), SystematicTest(THRESHOLDS)
    for place in range(100):
        test.update(1e-5)
        other.update(0.5 if place % 50 == 30 else 1e-5)
    assert test.is_below_tolerance(0.05)
    assert other.difference().high < THRESHOLDS.tolerance
    assert not other.is_below_tolerance(0.05)
    assert mean_of(np.array(other.products), 0.0).mean == pytest.approx(0.01, rel=0.01)
