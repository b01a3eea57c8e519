"""A workload in words: its rules, and what they decide of a provider."""

from __future__ import annotations

from typing import Final

from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.bar_outcome import RuleOutcome, WorkloadRule
from trueweight.core.estimate import Estimate
from trueweight.report.numbers import percent, plain, span, write

_PERCENT: Final = 100
_WITHOUT_NUMBER: Final = {
    ReasonCode.WORKLOAD_FAILS: "a rule about the workload is missed",
    ReasonCode.WORKLOAD_MET: "the rules about the workload are met",
    ReasonCode.WORKLOAD_OPEN: "a rule about the workload is open",
}
"""Where the numbers are not published, or there are none."""


def workload_rule_name(rule: RuleOutcome) -> str:  # noqa: PLR0911 - one sentence for each rule
    """A rule of the bar about the workload, in words."""
    of = f" in task {rule.task}" if rule.task else ""
    least, most = rule.at_least or 0.0, rule.at_most or 0.0
    match rule.workload:
        case WorkloadRule.QUALITY:
            margin = f", by {_points(-least)} points at most" if rule.at_least is not None else ""
            return f"right no less often than the baseline{margin}{of}"
        case WorkloadRule.AGREEMENT:
            return f"agrees with the recorded answers in {_points(least)}% or more{of}"
        case WorkloadRule.READABLE:
            return f"answers have the expected form in {_points(least)}% or more{of}"
        case WorkloadRule.LATENCY:
            return f"whole reply p95 ≤ {most:,.0f} ms"
        case WorkloadRule.FAILURES:
            return f"requests without a reply ≤ {_points(most)}%"
        case WorkloadRule.COST:
            return f"cost ≤ {most:g} USD per 1,000 requests"
    return "your workload"


def _points(share: float) -> str:
    return f"{share * _PERCENT:.10g}"


def workload_clause(reason: Reason) -> str:
    """What a rule about the workload found, in a few words."""
    of = f" in task {reason.task}" if reason.task else ""
    words = _measured(reason, of)
    if reason.code is ReasonCode.WORKLOAD_OPEN:
        more = f"; about {reason.count:,} more cases would decide" if reason.count else ""
        return f"{words}; too few to decide{more}"
    return words


def _measured(reason: Reason, of: str) -> str:  # noqa: PLR0911 - one clause for each rule
    found = reason.estimate
    if found is None or found.value is None:
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
        case WorkloadRule.READABLE.value:
            return f"{_share(found)} of its answers have the expected form{of}"
        case WorkloadRule.LATENCY.value:
            return f"whole reply p95 {plain(found.value, 0)} ms"
        case WorkloadRule.FAILURES.value:
            return f"{_share(found)} of the requests had no reply"
        case WorkloadRule.COST.value:
            return f"{write(found.value, 'USD')} USD per 1,000 requests"
    return reason.metric


def _share(found: Estimate) -> str:
    interval = f" ({span(found)})" if span(found) else ""
    return f"{percent(found.value or 0.0)}{interval}"
