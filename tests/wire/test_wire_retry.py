"""How long to wait, as a pure function."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import Attempt, Failure, FailureKind
from trueweight.wire import WireSettings
from trueweight.wire.failures import failure_of_status
from trueweight.wire.retry import asked_wait, wait_before_retry

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def failed(kind: FailureKind = FailureKind.RATE_LIMITED, waited: int = 0, **headers: str) -> Attempt:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Attempt(waited, 0, None, None, 0, 429, headers=named, failure=Failure(kind))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry_After": "0"}, 0.0),
        ({"Retry_After": "1.5"}, 1.5),
        ({"Retry_After": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"Retry_After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "-3"}, None),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "inf"}, None),
        ({"retry_after_ms": "250", "retry_after": "9"}, 0.25),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s"}, 360.0),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "20ms"}, 0.02),
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "1h2m3.5s"}, 3723.5),
        ({"x_ratelimit_remaining_requests": "5", "x_ratelimit_reset_requests": "6m0s"}, None),
    ],
)
def test_what_the_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, dates, milliseconds and rate-limit resets are understood; nonsense is as good as nothing."""
    assert asked_wait(failed(**headers), NOW) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_it(value: str) -> None:
    """A hostile Retry-After yields a finite wait from zero, or none."""
    asked = asked_wait(failed(retry_after=value, x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens=value), NOW)
    assert asked is None or 0 <= asked < float("inf")


@given(st.integers(1, 200), st.integers(0, 2**32))
def test_back_off_is_jittered_and_bounded(attempts: int, seed: int) -> None:
    """From nothing to base * 2**n, never above the cap; the same seed waits the same."""
    settings = WireSettings(retries=10**6, retry_budget=1e9, backoff_base=0.5, backoff_cap=8)
    history = [failed(FailureKind.RESET)] * attempts
    wait = wait_before_retry(history, settings, random.Random(seed), NOW)
    assert wait is not None
    assert 0 <= wait <= min(8, 0.5 * 2 ** (attempts - 1))
    assert wait == wait_before_retry(history, settings, random.Random(seed), NOW)


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if not kind.transient])
def test_what_will_not_change_is_not_retried(kind: FailureKind) -> None:
    """Auth, TLS, redirects, bad requests and the like are final."""
    assert wait_before_retry([failed(kind)], WireSettings(), random.Random(0), NOW) is None


def test_the_budget_of_waiting_counts_what_was_waited() -> None:
    """110 s waited of 120: another 20 s is too much, another 10 is not."""
    settings = WireSettings(retry_budget=120)
    for asked, wait in (("20", None), ("10", 10.0)):
        history = [failed(waited=110 * 10**9), failed(Retry_After=asked)]
        assert wait_before_retry(history, settings, random.Random(0), NOW) == wait


def test_a_stale_connection_costs_neither_time_nor_a_retry() -> None:
    """However many kept connections were closed, the next attempt is at once, and all retries are still to be had."""
    stale = failed(FailureKind.STALE_CONNECTION)
    none_left = WireSettings(retries=0)
    assert wait_before_retry([stale] * 5, none_left, random.Random(0), NOW) == 0.0
    assert wait_before_retry([stale, failed(FailureKind.RESET)], none_left, random.Random(0), NOW) is None


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (400, FailureKind.CLIENT_ERROR, False),
        (404, FailureKind.CLIENT_ERROR, False),
        (408, FailureKind.SERVER_ERROR, True),
        (429, FailureKind.RATE_LIMITED, True),
        (500, FailureKind.SERVER_ERROR, True),
        (501, FailureKind.CLIENT_ERROR, False),
        (503, FailureKind.SERVER_ERROR, True),
    ],
)
def test_what_the_server_does_not_implement_is_its_answer(status: int, kind: FailureKind, again: bool) -> None:
    """501 is the one 5xx that no retry changes: the reply is judged as a refusal, not lost as a server error."""
    failure = failure_of_status(status, None)
    assert failure is not None
    assert failure.kind is kind
    assert failure.kind.transient is again
