"""Distributions and the course of a run, as the report draws them."""

from __future__ import annotations

from trueweight.core import FailureKind, Finding, Mode, Observation, Outcome, Severity, Timing
from trueweight.core.summary import TimeBin
from trueweight.workflow.judge.distributions import BINS, distributions, over_time, window


def _seen(second: int, ms: int, **other: object) -> Observation:
    timing = Timing(ttft=ms * 1_000_000, service=2 * ms * 1_000_000)
    base = {"attempts": 1, "first_ok": True, "ok": True, "arrived": True, "timing": timing}
    started = f"2026-11-22T14:{second // 60:02d}:{second % 60:02d}.000000+00:00"
    return Observation("t", "p", "s", "c", 0, Mode.STREAM, started_at=started, **{**base, **other})  # type: ignore[arg-type]


def test_percentiles_run_from_the_least_to_the_most_and_say_n() -> None:
    """101 numbers, the 50th of which is the median; what the client spoiled is not among them."""
    rows = [_seen(i, i + 1) for i in range(100)] + [_seen(5, 10_000, client_limited=True)]
    found = distributions(rows)["ttft"]
    assert found.n == 100
    assert len(found.percentiles) == 101
    assert (found.percentiles[0], found.percentiles[50], found.percentiles[100]) == (1.0, 50.5, 100.0)


def test_a_provider_that_never_answered_has_no_distribution() -> None:
    """No number is made up for it."""
    assert distributions([_seen(0, 1, timing=None)]) == {}


def test_every_trial_falls_into_one_stretch() -> None:
    """Counts over all stretches add up; the last request belongs to the last one; gaps are left out."""
    rows = [_seen(i, 10) for i in range(60)]
    rows += [_seen(479, 20, arrived=False, ok=False, first_ok=False, failure=FailureKind.RESET, timing=None)]
    course = over_time(rows, *window(rows))
    assert sum(one.trials for one in course.bins) == 61
    assert len(course.bins) < BINS
    last = TimeBin(at=course.bins[-1].at, trials=1, first_failed=1, lost=1, ttft=None, e2e=None)
    assert course.bins[-1] == last


def test_what_this_client_ended_is_no_loss_of_the_provider() -> None:
    """A stop of the run and a client without file descriptors; a reset is a loss."""
    kinds = (FailureKind.CLIENT_LIMIT, FailureKind.INTERRUPTED, FailureKind.RESET)
    rows = [_seen(0, 1, arrived=False, ok=False, first_ok=False, failure=kind, timing=None) for kind in kinds]
    (one,) = over_time(rows, *window(rows)).bins
    assert (one.trials, one.first_failed, one.lost) == (3, 1, 1)


def test_one_request_or_none_is_no_division_by_zero() -> None:
    """A run of one moment is one stretch; an empty run has none."""
    assert len(over_time([_seen(0, 1)], *window([_seen(0, 1)])).bins) == 1
    assert over_time([], *window([])).bins == ()


def test_the_refusal_that_was_asked_for_is_no_failure() -> None:
    """A malformed request that is refused at once is a success here, as it is in the success rate; a late or an
    undue refusal is not.
    """
    due = (Finding("refused", Outcome.PASS, Severity.MUST, ""),)
    undue = (Finding("request-accepted", Outcome.FAIL, Severity.MUST, ""),)
    refusal = {"ok": False, "first_ok": False, "timing": None}
    rows = [_seen(0, 1, findings=due, **refusal), _seen(0, 1, findings=undue, **refusal),
            _seen(0, 1, findings=due, **refusal, attempts=2)]  # fmt: skip
    (one,) = over_time(rows, *window(rows)).bins
    assert (one.first_failed, one.lost) == (2, 0)
