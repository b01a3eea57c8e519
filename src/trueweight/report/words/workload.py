"""A workload in words: its rules, and what they decide of a provider."""

from __future__ import annotations

from typing import Final

from trueweight.assess.by_task import WHERE
from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.estimate import Estimate
from trueweight.report.numbers import percent, plain, span, write
from trueweight.report.text import visible

_PERCENT: Final = 100
_WITHOUT_NUMBER: Final = {
    ReasonCode.WORKLOAD_FAILS: "a rule about the workload is missed",
    ReasonCode.WORKLOAD_MET: "the rules about the workload are met",
    ReasonCode.WORKLOAD_OPEN: "a rule about the workload is open",
}
"""Where the numbers are not published, or there are none."""


def workload_rule_name(rule: WorkloadRule | None, bound: float | None, task: str, label: str = "") -> str:  # noqa: PLR0911 - one sentence for each rule
    """A rule of the bar about the workload, in words.

    Args:
        bound: its threshold: the least or the most, whichever the rule has.
        task: "" for all tasks together.
        label: of the rule about one.
    """
    of = f" in task {task}" if task else ""
    value = bound or 0.0
    match rule:
        case WorkloadRule.QUALITY:
            margin = f", by {_points(-value)} points at most" if bound is not None else ""
            return f"right no less often than the baseline{margin}{of}"
        case WorkloadRule.AGREEMENT:
            return f"agrees with the recorded answers in {_points(value)}% or more{of}"
        case WorkloadRule.PREFERRED:
            return f"the LLM judge prefers the recorded answers by {_points(-value)} points at most{of}"
        case WorkloadRule.LABEL:
            return f"answers {visible(label, limit=40)!r} in {_points(value)}% or more of the cases that expect it{of}"
        case WorkloadRule.FIELD:
            return f"field {visible(label, limit=60)!r} is right in {_points(value)}% or more of the answers{of}"
        case WorkloadRule.READABLE:
            return f"answers have the expected form in {_points(value)}% or more{of}"
        case WorkloadRule.LATENCY:
            return f"whole reply p95 ≤ {value:,.0f} ms"
        case WorkloadRule.FAILURES:
            return f"requests without a reply ≤ {_points(value)}%"
        case WorkloadRule.COST:
            return f"cost ≤ {value:g} USD per 1,000 requests"
    return "your workload"


def _points(share: float) -> str:
    return f"{share * _PERCENT:.10g}"


def workload_clause(reason: Reason) -> str:
    """What a rule about the workload found, in a few words."""
    of = f" in task {reason.task}" if reason.task else ""
    words = _measured(reason, of)
    measured = reason.estimate is not None and reason.estimate.value is not None
    if reason.code is ReasonCode.WORKLOAD_OPEN and measured and reason.metric not in WHERE:
        more = f"; about {reason.count:,} more cases would decide" if reason.count else ""
        return f"{words}; too few to decide{more}"
    return words


def _measured(reason: Reason, of: str) -> str:  # noqa: PLR0911 - one clause for each rule
    found = reason.estimate
    if found is None or found.value is None:
        if reason.metric == WorkloadRule.PREFERRED.value and reason.code is ReasonCode.WORKLOAD_OPEN:
            return f"no LLM judge that labels confirm has compared the texts{of}"
        return _WITHOUT_NUMBER.get(reason.code, "not measured") + of
    match reason.metric:
        case WorkloadRule.QUALITY.value:
            less = "less" if found.value < 0 else "more"
            interval = f", {span(found)}" if span(found) else ""
            difference = f"{write(found.value, 'difference')} points{interval}"
            if found.value == 0:
                return f"right as often as the baseline{of} ({difference})"
            return f"right {less} often than the baseline{of} ({difference})"
        case WorkloadRule.AGREEMENT.value:
            return f"agrees with the recorded answers in {_share(found)}{of}"
        case WorkloadRule.PREFERRED.value:
            side = "worse" if found.value < 0 else "better"
            points = f"{write(found.value, 'difference')} points{f', {span(found)}' if span(found) else ''}"
            return f"the LLM judge finds its answers more often {side}{of} ({points})"
        case WorkloadRule.LABEL.value:
            label = visible(reason.label, limit=40)
            more = "" if reason.code is ReasonCode.WORKLOAD_FAILS else "; golden answers to them would decide"
            return f"answers {label!r} in {_share(found)} of the cases that expect it{of}{more}"
        case WorkloadRule.FIELD.value:
            more = "" if reason.code is ReasonCode.WORKLOAD_FAILS else "; golden answers would decide"
            return f"{field_clause(reason.label, found)}{of}{more}"
        case WorkloadRule.READABLE.value:
            return f"{_share(found)} of its answers have the expected form{of}"
        case WorkloadRule.LATENCY.value:
            return f"whole reply p95 {plain(found.value, 0)} ms"
        case WorkloadRule.FAILURES.value:
            return f"{_share(found)} of the requests had no reply"
        case WorkloadRule.COST.value:
            return f"{write(found.value, 'USD')} USD per 1,000 requests"
    return reason.metric


def field_clause(path: str, found: Estimate, baseline: float | None = None) -> str:
    """How often a field is wrong, from the estimate of how often it is right, and the baseline's own share."""
    value, low, high = (None if end is None else 1 - end for end in (found.value, found.high, found.low))
    shown = Estimate(value, low, high, found.n, found.unit, found.method)
    than = "" if baseline is None else f", the baseline's in {percent(1 - baseline)}"
    return f"field {visible(path, limit=60)!r} is wrong in {_share(shown)} of the answers{than}"


def _share(found: Estimate) -> str:
    interval = f" ({span(found)})" if span(found) else ""
    return f"{percent(found.value or 0.0)}{interval}"
