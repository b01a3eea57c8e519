"""Some tasks of a workload alone: a provider's estimates over them, from what is on record of each case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import comb
from typing import Final

import msgspec
import numpy as np

from trueweight.core.workload import ProviderWorkload, Quality, TaskResult, WorkloadSummary
from trueweight.statistics import Array
from trueweight.workload.columns import column
from trueweight.workload.estimates import Estimator, looks_of
from trueweight.workload.scores import difference_of, preferred, scores_of

NO_COSTS: Final = "the costs of both are not known"
_NONE: Final = "no such answer"


def part_of(found: ProviderWorkload, names: Collection[str], workload: WorkloadSummary, seed: int) -> ProviderWorkload:
    """The provider's estimates over the cases of these tasks. Cost per 1,000, tokens and disagreements stay those of
    all tasks.

    Which tasks these are follows from the answers. So the limits hold for each choice of so many tasks: there are
    ``comb(tasks, len(names))``. The probability that any candidate is wrongly said to meet a rule stays below 5%: one
    candidate has a share of 1 ÷ (tasks + 1) of its error for each task, and for all choices of one size together, on
    two sides of which one is such an error.
    """
    choices = comb(len(workload.tasks), len(names))
    make = Estimator(looks_of(workload.candidates, len(workload.tasks)) * choices, seed)
    tasks = tuple(one for one in found.tasks if one.task in names)
    rows = [case for one in tasks for case in one.by_case]
    decides = np.concatenate([np.full(len(one.by_case), _decides(workload, one.task)) for one in tasks])
    ms = [(at, value) for at, case in enumerate(rows) for value in case.ms]
    p95 = make.quantile(
        np.array([value for _, value in ms], dtype=float),
        np.array([at for at, _ in ms], dtype=int),
        0.95,
        of=len(rows),
        note="no reply arrived",
    )
    judge = workload.llm_judge
    kappa = None if judge is None or not judge.trusted else judge.kappa.low
    return msgspec.structs.replace(
        found,
        overall=_overall(make, found.overall, tasks, decides.astype(bool), kappa),
        tasks=tasks,
        p95_ms=p95.rounded(),
        failures=make.lost(column([case.lost for case in rows])).rounded(),
        saving=saving_of(found, names, workload, seed),
        part=None,
        rulings=(),
    )


def _decides(workload: WorkloadSummary, task: str) -> bool:
    return next(one.decides for one in workload.tasks if one.name == task)


def _overall(
    make: Estimator,
    whole: TaskResult,
    tasks: Sequence[TaskResult],
    decides: Array,
    kappa: float | None,
) -> TaskResult:
    rows = [case for one in tasks for case in one.by_case]
    agreement, correct, baseline, readable, judged = (
        column(values)
        for values in (
            [case.agreement for case in rows],
            [case.correct for case in rows],
            [case.baseline for case in rows],
            [case.readable for case in rows],
            [case.judged for case in rows],
        )
    )
    scores = scores_of(agreement, correct, baseline, decides)

    def mean(values: Array) -> Quality:
        return make.mean(values, of=len(values), missing=_NONE, note=_NONE).rounded()

    by_llm_judge = None if kappa is None else preferred(make, judged, kappa)
    return msgspec.structs.replace(
        whole,
        cases=sum(one.cases for one in tasks),
        agreement=mean(np.where(decides, agreement, np.nan)),
        correct=mean(correct),
        baseline_correct=mean(np.where(np.isfinite(correct), baseline, np.nan)).plain(),
        score=mean(scores.best),
        not_worse=mean(scores.not_worse),
        difference=difference_of(make, scores).rounded(),
        readable=mean(readable),
        preferred=None if by_llm_judge is None else by_llm_judge.rounded(),
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
