"""The outcome of a rule of the bar, in words."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from trueweight.core import Estimate
from trueweight.core.bar_outcome import RuleCode, RuleOutcome, Side
from trueweight.core.note import NoteCode
from trueweight.core.summary import Summary
from trueweight.metrics import describe
from trueweight.report.numbers import MINUS, counted, span, write
from trueweight.report.words.workload import workload_rule_name

_SIDES: Final = MappingProxyType(
    {Side.NEAR: "", Side.FAR: " (interval's far end)", Side.VALUE: " (whatever the interval)"}
)


_LATER: Final = frozenset({NoteCode.BAR_ADDED, NoteCode.BAR_CHANGED, NoteCode.BAR_EARLIER})


def is_bar_later(summary: Summary) -> bool:
    """Whether the bar was set or changed after the run had begun."""
    return any(note.code in _LATER for note in summary.run.notes)


def bar_on_record(summary: Summary) -> str:
    """The digest of the run's bar, and whether it was there before the first request; "" without a bar."""
    ruled = (one.assessment.bar.bar for one in summary.providers.values() if one.assessment.bar is not None)
    digest = next(filter(None, ruled), summary.run.bar_digest or "")
    if not digest:
        return ""
    if is_bar_later(summary):
        return f"{digest[:12]}, set or changed after the run had begun: see the notes on the run."
    began = summary.run.started_at[:16].replace("T", " ")
    return f"{digest[:12]}, on record before the first request, {began} UTC."


def rule_name(rule: RuleOutcome) -> str:
    """The rule with the title and in the unit of its metric: ``Schema accuracy ≥ 98%``."""
    if rule.code is RuleCode.CHANGED:
        return "nothing got worse than the baseline beyond chance"
    if rule.workload is not None:
        bound = rule.at_most if rule.at_least is None else rule.at_least
        return workload_rule_name(rule.workload, bound, rule.task, rule.label)
    if rule.severity is not None:
        more = " beyond the reference's" if rule.beyond_reference else ""
        return f"at most {rule.at_most or 0:g} failing {rule.severity.value} checks{more}"
    if rule.at_least is None and rule.at_most is None:
        return rule.rule.replace(" -", f" {MINUS}")  # of format 1: an id has no hyphen behind a space
    metric = describe(rule.metric)
    against = "" if rule.versus is None else f" {MINUS} {rule.versus.value}"
    sign, bound = ("≥", rule.at_least) if rule.at_least is not None else ("≤", rule.at_most or 0.0)
    share = metric.unit == "proportion"
    unit = "" if not share else " points" if rule.versus else "%"
    number = f"{bound * 100 if share else bound:.10g}".replace("-", MINUS)
    return f"{metric.title}{against} {sign} {number}{unit}{_SIDES[rule.side]}"


def rule_words(rule: RuleOutcome) -> str:  # noqa: PLR0911, PLR0912 - one sentence for each code
    """What one rule of the bar decided and on what numbers, in one sentence."""
    measured = "" if rule.estimate is None or rule.estimate.value is None else _measured(rule.estimate)
    failing, answers = len(rule.checks), f"{rule.answered} answers of {rule.trials} trials"
    note = "" if rule.estimate is None else rule.estimate.note
    match rule.code:
        case None:
            return rule.message
        case RuleCode.MEASURED:
            return measured
        case RuleCode.MORE_NEEDED:
            n = 0 if rule.estimate is None else rule.estimate.n
            if rule.more_cases is None:  # of an older summary
                more = (rule.decides_at or 0) - n
                return f"{measured}; {more} more (n = {rule.decides_at}) would decide at this rate"
            more_cases = f"about {counted(rule.more_cases, 'more case')} like these (n = {rule.decides_at:,})"
            return f"{measured}; {more_cases} would decide at this rate; more repeats would not replace them"
        case RuleCode.AT_BOUND:
            return f"{measured}; no n decides at this rate: it is the bound itself"
        case RuleCode.NO_INTERVAL:
            shown = rule.estimate is not None and span(rule.estimate)
            return f"{measured}; {note or ('too few for an interval that decides' if shown else 'no interval')}"
        case RuleCode.NOT_APPLICABLE:
            return f"not applicable: {note}"
        case RuleCode.NOT_MEASURED:
            return "not measured in this run"
        case RuleCode.NO_BASELINE:
            return "no baseline was given to compare with"
        case RuleCode.CHECKS_FAIL:
            return f"{failing} fail: {', '.join(rule.checks)}"
        case RuleCode.CHECKS_UNCERTAIN:
            checks = ", ".join(rule.checks)
            return f"{failing} fail in {answers}, but not beyond what a model by itself can cause: {checks}"
        case RuleCode.CHECKS_WITHIN:
            return f"{failing} fail in {answers}"
        case RuleCode.CHECKS_UNANSWERED:
            return f"{failing} fail in {answers}; {rule.unanswered} cases and modes have no answer yet"
        case RuleCode.CHECKS_SILENT:
            return "no answer arrived that could be checked"
        case RuleCode.CHANGED:
            worse = "; ".join(describe(metric).title for metric in rule.metrics)
            return f"worse: {worse}" if rule.metrics else f"over the {rule.cases} cases of both"


def _measured(found: Estimate) -> str:
    """``98.6% (95.1–99.7), n = 80``: the number in the units of the page, its interval and n."""
    unit = {"proportion": "", "difference": " points"}.get(found.unit, f" {found.unit}" if found.unit else "")
    interval = f" ({span(found)})" if span(found) else ""
    return f"{write(found.value, found.unit)}{unit}{interval}, n = {found.n}"
