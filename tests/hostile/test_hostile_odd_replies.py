"""More of the odd replies of tests/checks: each field meets many odd values, and Hypothesis draws more replies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

sys.path[:0] = [str(Path(__file__).parent.parent / "checks")]

from odd_replies import ODD, WHOLE, exchange_of, judged, odd_replies, paths, replaced  # noqa: E402

from trueweight.core import Exchange, Mode  # noqa: E402

STRIDE = 7
"""A field meets every seventh of the values; which ones, its place says."""


@pytest.mark.parametrize(("api", "mode"), list(WHOLE))
def test_no_value_in_any_field_makes_a_check_raise(api: str, mode: Mode) -> None:
    """Each field of a whole response, the response itself included."""
    whole = WHOLE[api, mode]
    for number, place in enumerate(paths(whole)):
        for odd in ODD[number % STRIDE :: STRIDE]:
            judged(exchange_of([replaced(whole, {place: odd})], api, mode), set())


@given(odd_replies())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_drawn_reply_makes_a_check_raise(made: Exchange) -> None:
    """Several odd fields at once, in several documents of a stream, and with any status."""
    judged(made, set())
