"""k of n repeats: an outcome only where the interval is on one side of a half."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.metrics import wilson
from trueweight.workflow.judge.cells import outcome_of_repeats


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(0, 60))
def test_outcomes_follow_the_interval_and_mirror(n: int, k: int) -> None:
    """Unanimous repeats carry their outcome; mixed ones need the interval off ½; k and n-k are mirror images."""
    k = min(k, n)
    mirror = {"pass": "fail", "fail": "pass", "flaky": "flaky"}
    found = outcome_of_repeats(k, n)
    assert outcome_of_repeats(n - k, n) == mirror[found]
    if 0 < k < n:
        low, high = wilson(k, n).interval
        assert low is not None
        assert high is not None
        assert (found == "flaky") == (low <= 0.5 <= high)
    else:
        assert found == ("pass" if k else "fail")


@pytest.mark.parametrize(("k", "n", "outcome"), [(1, 2, "flaky"), (3, 4, "flaky"), (9, 10, "pass"), (1, 10, "fail")])
def test_some_outcomes(k: int, n: int, outcome: str) -> None:
    """3 of 4 is still open, 9 of 10 is not."""
    assert outcome_of_repeats(k, n) == outcome
