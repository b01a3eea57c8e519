"""A stream that comes in one piece has no time to its first token, and the metric says why."""

from __future__ import annotations

from trueweight.core import Finding, Mode, Observation, Outcome, Severity, Timing
from trueweight.metrics.registry import trial_metrics
from trueweight.metrics.sample import make_samples
from trueweight.metrics.table import CaseInfo, tabulate
from trueweight.statistics.resample import Resampler
from trueweight.workflow.judge.cross_reply import without_burst_times


def _seen(case: str, provider: str, generation: int, *, buffered: bool) -> Observation:
    outcome = Outcome.FAIL if buffered else Outcome.PASS
    return Observation(
        f"{provider} {case}", provider, "s", f"s/{case}", 0, Mode.STREAM, 1, True, True, True,
        timing=Timing(ttft=10**9, tpot=1.0, service=2 * 10**9, response=2 * 10**9, generation=generation),
        findings=(Finding("stream-in-pieces", outcome, Severity.SHOULD),),
    )  # fmt: skip


def test_times_between_tokens_are_gone_where_a_provider_buffers() -> None:
    """Of the streams that came at once; the time of the whole reply is left, and other providers keep theirs."""
    rows = [
        _seen("a", "p", 0, buffered=True),
        _seen("b", "p", 10**8, buffered=True),
        _seen("a", "q", 0, buffered=False),
    ]
    burst, spread, other = (one.timing for one in without_burst_times(rows))
    assert burst is not None and spread is not None and other is not None
    assert (burst.ttft, burst.tpot, burst.service, burst.in_one_piece) == (None, None, 2 * 10**9, True)
    assert spread.ttft == other.ttft == 10**9


def test_the_metric_is_not_applicable_and_says_why() -> None:
    """In place of a number that would be the time to the last token."""
    rows = without_burst_times([_seen(name, "p", 0, buffered=True) for name in "abc"])
    table = tabulate(rows, [CaseInfo(f"s/{name}", (Mode.STREAM,), False, False) for name in "abc"], 1)
    sample = make_samples({"p": table}, None, 1, 1, Resampler(3, 1, resamples=50))["p"]
    found = trial_metrics()["ttft"].estimate(sample)
    assert (found.value, found.note) == (None, "3 streams came in one piece, after the last token was generated")
    assert found.missing == {"the stream comes in one piece": 3}
    assert trial_metrics()["e2e"].estimate(sample).value == 2000
