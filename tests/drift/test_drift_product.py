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
from trueweight.drift.systematic import SystematicTest, confidence

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


@pytest.mark.parametrize("noise", [0.02, 0.3])
def test_false_alarms_stay_below_alpha_where_the_null_is_tight(noise: float) -> None:
    """Products whose mean is the tolerance itself: 200 runs of 100, a look after each."""
    rng = np.random.default_rng(5)
    limit = THRESHOLDS.tolerance**2
    alarms = 0
    for _ in range(200):
        test = SystematicTest(THRESHOLDS)
        for value in limit + rng.normal(0, noise**2, 100) * rng.choice([1, 3], 100):
            test.update(float(value))
            if test.e_drift >= 20:
                alarms += 1
                break
    assert alarms / 200 <= 0.05


def test_noise_is_never_certified_beyond_the_resolution() -> None:
    """A true difference of twice the tolerance under heavy noise is not called equivalent."""
    rng = np.random.default_rng(6)
    for _ in range(50):
        test = SystematicTest(THRESHOLDS)
        for value in 4 * THRESHOLDS.tolerance**2 + rng.normal(0, 0.2, 60):
            test.update(float(value))
            assert not test.is_below_tolerance(0.05)


def test_the_confidence_sequence_holds_the_mean_at_all_times() -> None:
    """At 95%, for products as skewed as those of a quantised file."""
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(200):
        values = rng.exponential(0.03, 120)
        looks = (confidence(values[:n], 0.004) for n in range(20, 121, 10))
        missed += any(abs(one.mean - 0.03) > one.margin for one in looks)
    assert missed / 200 <= 0.05
