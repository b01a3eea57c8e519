"""Which tasks of a workload stay where they are, and whether a provider meets the bar in the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from trueweight.core import Ruling
from trueweight.core.bar_outcome import MARGIN, WorkloadRule
from trueweight.core.decision import HostReason, MoveReason, StayingTask, Stays
from trueweight.core.workload import ProviderWorkload, WorkloadRuling, WorkloadSummary
from trueweight.workload.part import part_of
from trueweight.workload.planning import SLACK

WHERE: Final = frozenset({WorkloadRule.LABEL, WorkloadRule.FIELD})
"""Rules that say where the mistakes are."""
ANSWERS: Final = frozenset({WorkloadRule.QUALITY, WorkloadRule.AGREEMENT, WorkloadRule.PREFERRED})


def reason_of(code: MoveReason, one: WorkloadRuling) -> HostReason:
    """A ruling as a reason."""
    return HostReason(
        code=code,
        rule=one.rule,
        task=one.task,
        label=one.label,
        estimate=one.estimate,
        bound=one.bound,
        more_cases=one.more_cases,
        baseline=one.baseline,
    )


def undecided_tasks(workload: WorkloadSummary, found: ProviderWorkload) -> Iterator[StayingTask]:
    """The tasks about which nothing is decided: they are not part of a move.

    A rule about all tasks together says little of a small one. So a task is decided if a rule that names it is met, or
    if its answers are surely no more than `SLACK` below what is asked of all.
    """
    met = {one.task for one in found.rulings if one.rule in ANSWERS and one.outcome is Ruling.PASS}
    judged = next((one.bound for one in found.rulings if one.rule is WorkloadRule.PREFERRED and not one.task), None)
    asked = next((one for one in found.rulings if one.rule in ANSWERS and not one.task), None)
    least = 1 - MARGIN if asked is None or asked.bound is None else asked.bound
    least = 1 + least if least <= 0 else least  # a tolerated difference
    results = {one.task: one for one in found.tasks}
    for task in workload.tasks:
        result = results.get(task.name, found.overall)
        held, bound = result.not_worse, least
        if held.value is None and result.preferred is not None:
            held, bound = result.preferred, -MARGIN if judged is None else judged
        code = Stays.UNCONFIRMED if task.name in workload.unconfirmed else None
        if task.name not in met:
            if held.value is None:
                code = Stays.NOTHING_COMPARES
            elif held.sure_low is None or held.sure_low < bound - SLACK:
                code = Stays.TOO_FEW
        if code is not None:
            shown = held.sure if code is Stays.TOO_FEW else None
            yield StayingTask(task=task.name, code=code, cases=task.cases, share=task.share, estimate=shown)


def staying_tasks(workload: WorkloadSummary, found: ProviderWorkload) -> Iterator[StayingTask]:
    """The tasks that do not move with the others: those that surely miss a rule about their answers, those of which a
    rule is open, and those about which nothing is decided."""
    undecided = {one.task: one for one in undecided_tasks(workload, found)}
    for task in workload.tasks:
        own = [one for one in found.rulings if one.task == task.name and one.rule.of_answers]
        missed = next((one for one in own if one.outcome is Ruling.FAIL), None)
        still = next((one for one in own if one.outcome is Ruling.INCONCLUSIVE), None)
        if missed is not None:
            lost = next((one for one in own if one.rule in WHERE and one is not missed), None)
            surely = lost is not None and lost.outcome is Ruling.FAIL  # by golden answers
            code = MoveReason.RULE_MISSED if surely else MoveReason.RULE_OPEN
            yield StayingTask(
                task=task.name,
                code=Stays.MISSED,
                cases=task.cases,
                share=task.share,
                reason=reason_of(MoveReason.RULE_MISSED, missed),
                where=None if lost is None else reason_of(code, lost),
            )
        elif task.name in undecided:
            yield undecided[task.name]
        elif still is not None:
            reason = reason_of(MoveReason.RULE_OPEN, still)
            yield StayingTask(task=task.name, code=Stays.RULE_OPEN, cases=task.cases, share=task.share, reason=reason)


def with_rulings(
    found: ProviderWorkload, rulings_of: Callable[[ProviderWorkload], Iterator[WorkloadRuling]]
) -> ProviderWorkload:
    """The provider with what ``rulings_of`` decides of it."""
    rulings = tuple(rulings_of(found))
    return msgspec.structs.replace(found, rulings=rulings, ruling=Ruling.of_all([one.outcome for one in rulings]))


def with_part(
    workload: WorkloadSummary,
    found: ProviderWorkload,
    seed: int,
    rulings_of: Callable[[ProviderWorkload], Iterator[WorkloadRuling]],
) -> ProviderWorkload:
    """The provider with the rulings on the tasks that can move without the others, if not all rules are met by all.

    Args:
        rulings_of: what the bar decides of a provider.
    """
    if all(one.outcome is Ruling.PASS for one in found.rulings) or not all(one.by_case for one in found.tasks):
        return found
    stays = {one.task for one in staying_tasks(workload, found)}
    names = {task.name for task in workload.tasks} - stays
    if not stays or not names:
        return found
    part = with_rulings(part_of(found, names, workload, seed), rulings_of)
    return msgspec.structs.replace(found, part=msgspec.structs.replace(part, tasks=(), disagreements=()))
