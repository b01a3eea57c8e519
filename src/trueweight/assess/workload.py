"""What a bar decides of the answers to a workload. The default bar holds where a bar says nothing about it.

Each rule is decided by the interval that holds for all candidates together. By golden answers a provider passes if it
is surely not worse than the baseline by more than the margin, and fails if it surely is (non-inferiority). Where golden
answers decide nothing, agreement with the recorded answers stands in. Of texts that an LLM judge compares, its verdicts
decide in the same way, if labels by hand confirm the LLM judge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec

from trueweight.assess.bar import DEFAULT_WORKLOAD_BAR, Bar, Rule, TaskBar, WorkloadBar, ruling_of
from trueweight.assess.by_task import with_part, with_rulings
from trueweight.core import ConfigError, Estimate, Ruling, near_miss
from trueweight.core.assessment import Blame, Reason, ReasonCode
from trueweight.core.bar_outcome import RuleCode, RuleOutcome, WorkloadRule
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.core.workload import ProviderWorkload, Quality, TaskResult, WorkloadRuling, Yardstick
from trueweight.statistics.proportion import n_that_decides
from trueweight.workload.mistakes import LEAST_OF_LABEL

METRIC: Final = "workload"
"""The metric that leads the page; see `trueweight.metrics.catalogue.workload`."""
_MOST_CASES: Final = 10**6


def judge_workload(summary: Summary, bar: Bar | None) -> Summary:
    """The summary with the rulings of each provider on the workload; as it was without a workload.

    Raises:
        ConfigError: ``bar-task`` if the bar names a task that the workload does not have.
    """
    if summary.workload is None:
        return summary
    own = None if bar is None else bar.workload
    if own is not None:
        check_tasks(own, [task.name for task in summary.workload.tasks])
    rulings_of = partial(_rulings, own or DEFAULT_WORKLOAD_BAR, stated=own is not None)
    providers = {}
    for name, provider in summary.providers.items():
        found = provider.workload
        if found is not None:
            found = with_part(summary.workload, with_rulings(found, rulings_of), summary.run.seed, rulings_of)
        # The number that leads is the one that is decided.
        metrics = provider.metrics if found is None else {**provider.metrics, METRIC: found.quality}
        providers[name] = msgspec.structs.replace(provider, workload=found, metrics=metrics)
    workload = msgspec.structs.replace(summary.workload, default_bar=own is None)
    return msgspec.structs.replace(summary, providers=providers, workload=workload)


def check_tasks(bar: WorkloadBar, tasks: list[str]) -> None:
    """Refuse a bar that names a task which the workload does not have.

    Raises:
        ConfigError: ``bar-task`` with the near miss.
    """
    for name in bar.tasks:
        if name not in tasks:
            raise ConfigError(f"the bar names the task {name!r}", code="bar-task", hint=near_miss(name, tasks))


def _rulings(bar: WorkloadBar, found: ProviderWorkload, *, stated: bool) -> Iterator[WorkloadRuling]:
    by_llm_judge = list(_by_llm_judge(bar.answers, found.overall, stated=stated))
    by_answers = list(_on_answers(bar.answers, found.overall))
    if not by_llm_judge or stated or any(one.estimate is not None for one in by_answers):
        yield from by_answers
    yield from by_llm_judge
    for result in found.tasks:
        if result.task in bar.tasks:
            yield from _on_answers(bar.tasks[result.task], result, named=True)
            yield from _by_llm_judge(bar.tasks[result.task], result, stated=stated)
        elif len(found.tasks) > 1:
            # What is surely bad in one task must not hide behind the others; a task alone need not prove its worth.
            own = (*_on_answers(bar.answers, result), *_by_llm_judge(bar.answers, result, stated=False))
            yield from (one for one in own if one.outcome is Ruling.FAIL)
    yield from (one for result in found.tasks for one in _on_labels(result))
    yield from (one for result in found.tasks for one in _on_fields(result))
    yield from _on_form(bar, found, stated=stated)
    for rule, estimate, at_least, at_most in (
        (WorkloadRule.READABLE, found.overall.readable, bar.readable_at_least, None),
        (WorkloadRule.LATENCY, found.p95_ms, None, bar.p95_ms_at_most),
        (WorkloadRule.FAILURES, found.failures, None, bar.failures_at_most),
        (WorkloadRule.COST, found.cost, None, bar.cost_per_1000_at_most),
    ):
        if (at_least, at_most) != (None, None) and stated:
            yield _ruling(rule, "", estimate, at_least, at_most)


def _on_labels(result: TaskResult) -> Iterator[WorkloadRuling]:
    """Labels that are surely lost. By golden answers that is a failure. Against recorded answers it stays open, because
    the baseline may be the side that is wrong there; golden answers to these cases decide."""
    for one in result.lost_labels:
        yield WorkloadRuling(
            rule=WorkloadRule.LABEL,
            outcome=Ruling.FAIL if one.against is Yardstick.GOLDEN else Ruling.INCONCLUSIVE,
            task=result.task,
            label=one.label,
            at_least=LEAST_OF_LABEL,
            estimate=one.right,
        )


def _on_fields(result: TaskResult) -> Iterator[WorkloadRuling]:
    """Fields that are surely lost, decided in the same way as labels."""
    for one in result.lost_fields:
        yield WorkloadRuling(
            rule=WorkloadRule.FIELD,
            outcome=Ruling.FAIL if one.against is Yardstick.GOLDEN else Ruling.INCONCLUSIVE,
            task=result.task,
            label=one.path,
            at_least=one.at_least,
            estimate=one.right,
            baseline=one.baseline,
        )


def _on_form(bar: WorkloadBar, found: ProviderWorkload, *, stated: bool) -> Iterator[WorkloadRuling]:
    """What is surely not in the expected form: in one task, or without a bar of the user's in all of them."""
    least = bar.readable_at_least or DEFAULT_WORKLOAD_BAR.readable_at_least
    results = found.tasks if len(found.tasks) > 1 else ()
    if not stated:
        results = (found.overall, *results)
    for result in results:
        one = _ruling(WorkloadRule.READABLE, result.task, result.readable, least, None)
        if one.outcome is Ruling.FAIL:
            yield one


def _on_answers(bar: TaskBar, result: TaskResult, *, named: bool = False) -> Iterator[WorkloadRuling]:
    """The ruling by golden answers if it decides, else that by recorded ones, if the bar has it.

    Args:
        named: the bar names the task, so its agreement decides even where two good texts differ.
    """
    by_golden = by_recorded = None
    if bar.quality_margin is not None:
        by_golden = _ruling(WorkloadRule.QUALITY, result.task, result.difference, -bar.quality_margin, None)
    if bar.agreement_at_least is not None:
        agrees = result.agreement if named and result.not_worse.value is None else result.not_worse
        by_recorded = _ruling(WorkloadRule.AGREEMENT, result.task, agrees, bar.agreement_at_least, None)
    if by_golden is None or by_recorded is None:
        yield from (one for one in (by_golden, by_recorded) if one is not None)
    elif by_golden.outcome is Ruling.INCONCLUSIVE and by_recorded.estimate is not None:
        yield by_recorded
    else:
        yield by_golden


def _by_llm_judge(bar: TaskBar, result: TaskResult, *, stated: bool) -> Iterator[WorkloadRuling]:
    """The ruling by the LLM judge's verdicts. Without a trusted one there is none, unless the user's own bar has it."""
    if bar.judge_margin is None or (result.preferred is None and not stated):
        return
    found = result.preferred or Quality.not_applicable("difference", "no LLM judge that the labels confirm")
    yield _ruling(WorkloadRule.PREFERRED, result.task, found, -bar.judge_margin, None)


def _ruling(
    rule: WorkloadRule, task: str, found: Quality, at_least: float | None, at_most: float | None
) -> WorkloadRuling:
    outcome, more = Ruling.INCONCLUSIVE, None
    if found.value is not None:
        threshold = Rule(rule.value, at_least, at_most)
        outcome = ruling_of(threshold, found.sure, found.value)
        if outcome is Ruling.INCONCLUSIVE:
            more = _more_cases(found.sure, threshold.bound)
    return WorkloadRuling(
        rule=rule,
        outcome=outcome,
        task=task,
        at_least=at_least,
        at_most=at_most,
        estimate=found if found.value is not None else None,
        more_cases=more,
    )


def _more_cases(found: Estimate, bound: float) -> int | None:
    """About how many more cases would decide at what was seen; None if none would."""
    n = n_that_decides(found, bound)
    return None if n is None or n > _MOST_CASES else max(1, math.ceil(n - found.n))


def rule_outcomes(provider: ProviderSummary) -> list[RuleOutcome]:
    """The rulings on the workload in the form of the bar's other rules."""
    rulings = () if provider.workload is None else provider.workload.rulings
    return [_as_outcome(one) for one in rulings] or [
        RuleOutcome(outcome=Ruling.INCONCLUSIVE, code=RuleCode.NOT_MEASURED, workload=WorkloadRule.QUALITY)
    ]


def _as_outcome(one: WorkloadRuling) -> RuleOutcome:
    code = RuleCode.MEASURED
    if one.estimate is None:
        code = RuleCode.NOT_MEASURED
    elif one.outcome is Ruling.INCONCLUSIVE:
        code = RuleCode.MORE_NEEDED if one.more_cases is not None else RuleCode.NO_INTERVAL
    return RuleOutcome(
        outcome=one.outcome,
        code=code,
        workload=one.rule,
        task=one.task,
        label=one.label,
        at_least=one.at_least,
        at_most=one.at_most,
        estimate=one.estimate,
        decides_at=None if one.more_cases is None or one.estimate is None else one.estimate.n + one.more_cases,
        more_cases=one.more_cases,
        more_trials=one.more_cases,
    )


def workload_reason(provider: ProviderSummary) -> Reason | None:
    """The ruling on the workload that decides, as a reason; None without a workload or an answer to it.

    One that is surely missed comes first, those about the answers before the others.
    """
    found = provider.workload
    if found is None or not found.rulings or found.quality.value is None:
        return None
    worst = [one for one in found.rulings if one.outcome is found.ruling]
    first = min(worst, key=lambda one: not one.rule.of_answers)
    code = {
        Ruling.PASS: ReasonCode.WORKLOAD_MET,
        Ruling.FAIL: ReasonCode.WORKLOAD_FAILS,
        Ruling.INCONCLUSIVE: ReasonCode.WORKLOAD_OPEN,
    }[found.ruling]
    return Reason(
        code=code,
        metric=first.rule.value,
        task=first.task,
        label=first.label,
        estimate=first.estimate,
        bound=first.bound,
        count=first.more_cases,
        of=found.overall.cases,
        blame=Blame.UNCLEAR if code is ReasonCode.WORKLOAD_FAILS else None,
    )
