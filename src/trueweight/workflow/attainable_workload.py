"""Whether a bar on a workload can be met with the cases of a run, found before the first request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trueweight.assess import Bar, TaskBar, WorkloadBar
from trueweight.assess.workload import check_tasks
from trueweight.core import Case, ConfigError, Provider, Role
from trueweight.core.bar_outcome import WorkloadRule
from trueweight.core.grader import GRADERS
from trueweight.core.task import CaseTask
from trueweight.workload.estimates import looks_of
from trueweight.workload.grading import expected_answer, golden_decides
from trueweight.workload.planning import Need, margin_needs, needs_looked_at_once, share_needs


def refuse_unattainable_workload(bar: Bar, cases: Sequence[Case], providers: Sequence[Provider]) -> None:
    """Refuse a bar with a rule about the workload that a provider without any mistake could not meet.

    Raises:
        ConfigError: ``bar-task`` for a task that no case has, ``bar-unattainable`` with the numbers of cases.
    """
    if bar.workload is None:
        return
    tasks = [case.task for case in cases if case.task is not None]
    if not tasks:
        hint = "Give --suite the folder that `trueweight workload from` wrote, or take [workload] out of the bar."
        raise ConfigError("the bar has [workload], and no case is of a workload", code="bar-unattainable", hint=hint)
    names = sorted({task.name for task in tasks})
    check_tasks(bar.workload, names)
    candidates = sum(provider.role is Role.CANDIDATE for provider in providers)
    for of, need, has in _needs(bar.workload, tasks, candidates, len(names)):
        if need.least is not None and has < need.least:
            hint = "Add cases or golden answers, loosen the rule, or compare fewer providers at once."
            message = f"{need.rule.value}{of}: {has} cases count for it, and it takes {need.least} without any mistake"
            raise ConfigError(message, code="bar-unattainable", where="--bar", hint=hint)


def _needs(
    bar: WorkloadBar, tasks: Sequence[CaseTask], candidates: int, number: int
) -> Iterator[tuple[str, Need, int]]:
    looks = looks_of(candidates, number)
    yield from _on_answers(bar.answers, tasks, looks, "")
    for name, own in bar.tasks.items():
        yield from _on_answers(own, [task for task in tasks if task.name == name], looks, f" in task {name}")
    for need in needs_looked_at_once(bar.readable_at_least, bar.p95_ms_at_most, bar.failures_at_most, candidates):
        yield "", need, len(tasks)


def _on_answers(bar: TaskBar, tasks: Sequence[CaseTask], looks: int, of: str) -> Iterator[tuple[str, Need, int]]:
    """Of the two rules on answers one is enough, so the one with fewer cases than it takes does not count then."""
    found: list[tuple[str, Need, int]] = []
    if bar.quality_margin is not None:
        golden = sum(map(golden_decides, tasks))
        # An answer that equals the recorded one counts by it, once any golden answer makes the rule measurable.
        known = golden + _comparable([task for task in tasks if not golden_decides(task)]) if golden else 0
        found.append((of, margin_needs(bar.quality_margin, looks, 0.0), known))
    if bar.agreement_at_least is not None:
        found.append((of, share_needs(WorkloadRule.AGREEMENT, bar.agreement_at_least, looks, None), _comparable(tasks)))
    enough = [one for one in found if one[1].least is not None and one[2] >= one[1].least]
    yield from enough or found[-1:]


def _comparable(tasks: Sequence[CaseTask]) -> int:
    """Cases whose recorded answer decides."""
    return sum(
        task.recorded is not None
        and GRADERS.get(task.grader).decides
        and expected_answer(task, task.recorded.answer) is not None
        for task in tasks
    )
