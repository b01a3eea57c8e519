"""Some tasks of a workload alone: a provider's estimates over them, from what is on record of each case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import comb
from typing import Final

import msgspec
import numpy as np

from trueweight.core.estimate import rounded
from trueweight.core.workload import ProviderWorkload, Quality, TaskResult, WorkloadSummary
from trueweight.workload.columns import column
from trueweight.workload.estimates import Estimator, looks_of
from trueweight.workload.scores import AnswersByCase, result_of

NO_COSTS: Final = "the costs of both are not known"


def part_of(found: ProviderWorkload, names: Collection[str], workload: WorkloadSummary, seed: int) -> ProviderWorkload:
    """The provider's estimates over the cases of these tasks. Cost per 1,000, tokens, disagreements and the share
    that is as good by an LLM judge stay those of all tasks.

    Which tasks these are follows from the answers. So the limits hold for each choice of so many tasks: there are
    ``comb(tasks, len(names))``. The probability that any candidate is wrongly said to meet a rule stays below 5%: one
    candidate has a share of 1 ÷ (tasks + 1) of its error for each task, and for all choices of one size together, on
    two sides of which one is such an error.
    """
    choices = comb(len(workload.tasks), len(names))
    make = Estimator(looks_of(workload.candidates, len(workload.tasks)) * choices, seed)
    tasks = tuple(one for one in found.tasks if one.task in names)
    rows = [case for one in tasks for case in one.by_case]
    ms = [(value, at) for at, case in enumerate(rows) for value in case.ms]
    values, of_case = column([value for value, _ in ms]), np.array([at for _, at in ms], dtype=int)
    judge = workload.llm_judge
    kappa = None if judge is None or not judge.trusted else judge.kappa.low
    overall = result_of(make, _answers(tasks, workload), "", kappa)
    return msgspec.structs.replace(
        found,
        overall=rounded(msgspec.structs.replace(overall, against=found.overall.against, as_good=found.overall.as_good)),
        tasks=tasks,
        p95_ms=make.quantile(values, of_case, 0.95, of=len(rows), note="no reply arrived").rounded(),
        failures=make.lost(column([case.lost for case in rows])).rounded(),
        saving=saving_of(found, names, workload, seed),
        part=None,
        rulings=(),
    )


def _answers(tasks: Sequence[TaskResult], workload: WorkloadSummary) -> AnswersByCase:
    """What is on record of the cases of these tasks, in their order."""
    rows = [case for one in tasks for case in one.by_case]
    decides = {one.name: one.decides for one in workload.tasks}
    return AnswersByCase(
        agreement=column([case.agreement for case in rows]),
        correct=column([case.correct for case in rows]),
        baseline=column([case.baseline for case in rows]),
        judged=column([case.judged for case in rows]),
        readable=column([case.readable for case in rows]),
        decides=np.array([decides[one.task] for one in tasks for _ in one.by_case], dtype=bool),
    )


def saving_of(found: ProviderWorkload, names: Collection[str], workload: WorkloadSummary, seed: int) -> Quality:
    """USD per 1,000 requests of the log that are saved if only these tasks move."""
    known = [case for one in found.tasks if one.task in names for case in one.by_case if case.saved is not None]
    saved, weights = column([case.saved for case in known]), column([case.weight for case in known])
    make = Estimator(looks_of(workload.candidates), seed)
    of = sum(one.cases for one in workload.tasks if one.name in names)
    each = make.per_thousand(saved, weights, of=of, note=NO_COSTS, signed=True)
    share = sum(one.share for one in workload.tasks if one.name in names)
    ends = (each.value, each.low, each.high, each.sure_low, each.sure_high)
    value, low, high, sure_low, sure_high = (None if end is None else end * share for end in ends)
    return msgspec.structs.replace(
        each, value=value, low=low, high=high, sure_low=sure_low, sure_high=sure_high
    ).rounded()
