"""Numbers are written as far as they are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import Estimate
from trueweight.report.axes import MARGIN, WIDTH, axis, mark
from trueweight.report.numbers import percent, plain, points, sample, signed, span, write


def _estimate(value: float | None, low: float | None, high: float | None, unit: str, n: int = 40) -> Estimate:
    return Estimate(value, low, high, n, unit, "by hand")


@given(st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_only_perfect_is_written_as_perfect(value: float) -> None:
    """Rounding never makes a flaw disappear: below 1 is never 100.0%, above 0 never 0.0%."""
    assert percent(value) not in {"100.0%", "0.0%"}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.0, "proportion", "100.0%"),
        (0.97321, "proportion", "97.3%"),
        (-0.0312, "difference", "−3.1"),
        (0.0001, "difference", "0.0"),
        (209.4, "ms", "209"),
        (12345.0, "ms", "12\u2009345"),
        (0.6, "USD", "0.600"),
        (0.0, "USD", "0"),
        (None, "ms", "n/a"),
    ],
)
def test_each_unit_has_its_style(value: float | None, unit: str, text: str) -> None:
    """Shares as percent, differences signed in points, the rest to three digits; no number is ``n/a``."""
    assert write(value, unit) == text


def test_one_sided_limits_are_written_as_such() -> None:
    """An interval with one honest end does not pretend to another."""
    assert span(_estimate(None, 0.954, None, "proportion")) == "≥ 95.4"
    assert span(_estimate(None, None, 0.046, "proportion")) == "≤ 4.6"
    assert span(_estimate(None, None, None, "ms")) == ""
    assert span(_estimate(None, -0.03, 0.004, "difference")) == "−3.0 to +0.4"


def test_the_ends_of_a_difference_have_signs() -> None:
    """Of times and speeds too: "20–44" beside "+37" would be another quantity."""
    assert span(_estimate(37.2, 20.02, 44.18, "ms"), signs=True) == "+20.0 to +44.2"
    assert span(_estimate(3.0, -1.0, 7.0, "ms"), 0, signs=True) == "−1 to +7"
    assert span(_estimate(0.0, None, 3.0, "ms"), 0, signs=True) == "≤ +3"
    assert span(_estimate(0.01, -0.03, 0.05, "difference"), signs=True) == "−3.0 to +5.0"


def test_ends_that_are_equal_have_the_digits_of_the_value() -> None:
    """Requests that all cost the same: not 0.0208 (0–1)."""
    assert span(Estimate(0.0208, 0.0208, 0.0208, 9, "USD", "m")) == "0.0208–0.0208"
    assert span(Estimate(0.0, 0.0, 0.0, 9, "USD", "m")) == "0–0"


def test_limits_are_rounded_away_from_the_value() -> None:
    """.9496 is not "≥ 95.0", and a limit that has no more digits than are written stays as it is."""
    assert span(Estimate(1.0, 0.9496, None, 59, "proportion", "")) == "≥ 94.9"
    assert span(Estimate(0.97, 0.951, 0.9861, 80, "proportion", "")) == "95.1–98.7"
    assert span(Estimate(0.0, None, 0.0501, 58, "proportion", "")) == "≤ 5.1"
    assert span(Estimate(-0.02, -0.0501, 0.0001, 80, "difference", "")) == "−5.1 to +0.1"
    assert span(Estimate(480.0, 450.4, 520.2, 80, "ms", "")) == "450–521"


def test_what_is_missing_is_said() -> None:
    """``n of N`` and why the rest is missing."""
    assert (
        sample(Estimate(0.9, None, None, 78, "proportion", "", of=80, missing={"transport": 2}))
        == "n = 78 of 80 (2 transport)"
    )


def test_negative_numbers_carry_a_minus_sign() -> None:
    """A minus, not a hyphen, so that columns of figures align."""
    assert (plain(-1.5, 1), points(-0.1)) == ("−1.5", "−10.0")
    assert (plain(-0.04, 1), plain(-0.0, 2)) == ("0.0", "0.00")


def test_a_difference_has_a_sign_unless_it_is_written_as_zero() -> None:
    """Of a share, of a time, and of what rounds to zero."""
    assert (signed(0.02, "difference"), signed(110.0, "ms"), signed(-110.0, "ms")) == ("+2.0", "+110", "−110")
    assert (signed(0.04, "ms", 1), signed(-0.04, "ms", 1), signed(0.0, "ms", 1)) == ("0.0", "0.0", "0.0")


@given(st.lists(st.floats(1e-3, 1e6), min_size=1), st.booleans())
def test_every_estimate_stands_on_the_shared_axis_in_order(values: list[float], log: bool) -> None:
    """Marks stay inside the drawing, and a larger value never stands left of a smaller one."""
    estimates = [_estimate(v, v * 0.9, v * 1.1, "ms") for v in sorted(values)]
    scale = axis(estimates, log=log)
    marks = [mark(scale, estimate) for estimate in estimates]
    places = [m.x for m in marks if m]
    assert len(places) == len(values)
    assert places == sorted(places)
    assert all(MARGIN <= m.left <= m.x <= m.right <= WIDTH - MARGIN for m in marks if m)


def test_an_axis_of_proportions_ends_at_one_and_starts_round() -> None:
    """97% to 100% is drawn from 95%, so that the difference can be seen; the ticks say where it starts."""
    scale = axis([_estimate(0.99, 0.97, 1.0, "proportion")], log=False)
    assert scale is not None
    assert [tick.label for tick in scale.ticks()] == ["95%", "100%"]


def test_nothing_measured_gives_no_axis() -> None:
    """A metric that no provider has is no column."""
    assert axis([_estimate(None, None, None, "ms")], log=True) is None


def test_an_axis_that_starts_at_nothing_is_labelled_by_a_plain_zero() -> None:
    """There is no less than nothing to be drawn, and "−0" looks as if there were."""
    scale = axis([_estimate(1.0, 0.0, 1.0, "difference")], log=False)
    assert scale is not None
    assert [tick.label for tick in scale.ticks()] == ["0", "1"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.00176, "ms", "0.00"),
        (1.208, "ms", "1.21"),
        (8.0, "tokens", "8"),
        (8.5, "tokens", "8.5"),
        (3.4e-5, "USD", "0.0000"),
    ],
)
def test_no_unit_has_more_decimals_than_it_means(value: float, unit: str, text: str) -> None:
    """A clock is not exact to a microsecond, tokens are whole, and a ten-thousandth of a dollar is enough."""
    assert write(value, unit) == text
