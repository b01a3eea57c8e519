"""A judged run → what each provider's answers are worth for the workload: by task and overall, paired by case."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np

from trueweight.core import Case, Observation
from trueweight.core.estimate import rounded
from trueweight.core.preference import LlmJudgeSummary
from trueweight.core.workload import (
    Baseline,
    CaseScore,
    Disagreement,
    Grade,
    LostField,
    ProviderWorkload,
    Quality,
    TaskResult,
    TaskSummary,
    WorkloadFacts,
    WorkloadSummary,
    Yardstick,
)
from trueweight.statistics import Array
from trueweight.workload.columns import Columns, column
from trueweight.workload.estimates import Estimator, looks_of, mean_of
from trueweight.workload.grading import expected_answer, golden_decides
from trueweight.workload.lost_fields import FieldsOf, lost_fields
from trueweight.workload.mistakes import best_known, confusion_of, fields_of, lost_labels, yardstick_of
from trueweight.workload.part import NO_COSTS
from trueweight.workload.requests import loss_of, per_case, times_of
from trueweight.workload.scores import NO_GOLDEN, NOT_GRADED, AnswersByCase, result_of

MOST_SHOWN: Final = 200
"""Disagreements of one provider that a summary holds, the worst first."""
_ASKED_ONCE: Final = "no request is twice in the log"


class WorkloadFound(NamedTuple):
    """The workload of a run, and each provider's part, by name."""

    summary: WorkloadSummary
    providers: Mapping[str, ProviderWorkload]


def compare_workload(
    cases: Mapping[str, Case],
    observations: Mapping[str, Sequence[Observation]],
    *,
    candidates: int,
    seed: int,
    facts: WorkloadFacts,
    llm_judge: LlmJudgeSummary | None = None,
) -> WorkloadFound | None:
    """Compare each provider with the baseline; None if no case has a task.

    Args:
        candidates: number of providers that are compared; their intervals hold together, those of tasks as well.
        seed: of the run.
        llm_judge: whose verdicts are among the grades; None if no LLM judge was asked.
    """
    columns = Columns(cases)
    if not len(columns):
        return None
    kappa = llm_judge.kappa.low if llm_judge is not None and llm_judge.trusted else None
    make = Estimator(looks_of(candidates, len(columns.names)), seed)
    whole = Estimator(looks_of(candidates), seed)  # of what is looked at once for each candidate
    known = frozenset(columns.keys)
    return WorkloadFound(
        rounded(msgspec.structs.replace(_summary(columns, make, facts, candidates), llm_judge=llm_judge)),
        {
            name: rounded(_provider(columns, make, whole, [seen for seen in rows if seen.case in known], kappa))
            for name, rows in observations.items()
        },
    )


def _summary(columns: Columns, make: Estimator, facts: WorkloadFacts, candidates: int) -> WorkloadSummary:
    size, weights = len(columns), columns.weights
    ms = columns.recorded(lambda one: one.ms)
    timed = np.isfinite(ms)
    p50, p95 = (
        make.quantile(ms[timed], np.flatnonzero(timed), q, of=size, note="the log has no times") for q in (0.5, 0.95)
    )
    named = [task.recorded.model for task in columns.tasks if task.recorded is not None and task.recorded.model]
    baseline = Baseline(
        model=facts.model or (named[0] if named else ""),
        correct=make.mean(np.where(columns.golden_decides, columns.baseline_right, np.nan), NO_GOLDEN).plain(),
        self_agreement=make.mean(columns.noise, _ASKED_ONCE).plain(),
        p50_ms=p50.plain(),
        p95_ms=p95.plain(),
        cost=make.per_thousand(columns.recorded(lambda one: one.cost), weights, of=size, note="no price known").plain(),
        output_tokens=mean_of(columns.recorded(lambda one: one.output_tokens), weights, "tokens", of=size),
        input_tokens=mean_of(columns.recorded(lambda one: one.input_tokens), weights, "tokens", of=size),
    )
    return WorkloadSummary(
        name=facts.name or columns.cases[0].suite,
        cases=size,
        candidates=candidates,
        tasks=tuple(_task_summary(columns, make, facts, name) for name in columns.names),
        baseline=baseline,
        requests_per_month=facts.requests_per_month,
        unconfirmed=facts.unconfirmed,
    )


def _task_summary(columns: Columns, make: Estimator, facts: WorkloadFacts, name: str) -> TaskSummary:
    rows = columns.rows(name)
    own = [task for task in columns.tasks if task.name == name]
    return TaskSummary(
        name=name,
        grader=own[0].grader,
        decides=bool(columns.deciding[rows].all()),
        cases=len(own),
        recorded=sum(one.recorded is not None and expected_answer(one, one.recorded.answer) is not None for one in own),
        golden=sum(one.golden is not None for one in own),
        golden_decides=sum(map(golden_decides, own)),
        self_agreement=make.mean(columns.noise[rows], _ASKED_ONCE).plain(),
        share=facts.shares.get(name, float(columns.weights[rows].sum() / columns.weights.sum())),
        texts=tuple(own[0].options.get("texts", ())),
    )


class _Graded(NamedTuple):
    """What one provider answered.

    Attributes:
        grades: by case and by what they are against.
        answers: to all cases, the mean over the trials of each.
        kappa: the lower limit of the LLM judge's; None without a trusted LLM judge.
    """

    grades: Mapping[int, Sequence[tuple[str, Grade]]]
    answers: AnswersByCase
    kappa: float | None


def _provider(
    columns: Columns, make: Estimator, whole: Estimator, seen: Sequence[Observation], kappa: float | None
) -> ProviderWorkload:
    size = len(columns)
    grades: defaultdict[int, list[tuple[str, Grade]]] = defaultdict(list)
    for one in seen:
        grades[columns.index[one.case]] += [(one.trial, grade) for grade in one.grades]
    answers = AnswersByCase(
        agreement=_by_case(grades, size, Yardstick.BASELINE),
        correct=np.where(columns.golden_decides, _by_case(grades, size, Yardstick.GOLDEN), np.nan),
        baseline=columns.baseline_right,
        judged=_by_case(grades, size, Yardstick.LLM_JUDGE),
        readable=column([_share(grades.get(at, ())) for at in range(size)]),
        decides=columns.deciding,
    )
    graded = _Graded(grades, answers, kappa)
    times = times_of(columns, seen)
    p50, p95 = (whole.quantile(*times, q, of=len(seen), note="no reply arrived") for q in (0.5, 0.95))
    cost = per_case(columns, seen, [one.cost for one in seen])
    saved = columns.recorded(lambda one: one.cost) - cost
    lost = per_case(columns, seen, list(map(loss_of, seen)))
    by_case = tuple(_scores_by_case(columns, answers, saved, lost, times))
    given, read = (
        per_case(columns, seen, counts)
        for counts in ([one.output_tokens for one in seen], [one.input_tokens for one in seen])
    )
    return ProviderWorkload(
        overall=msgspec.structs.replace(
            _result(columns, make, graded, ""), readable=whole.mean(answers.readable, NOT_GRADED)
        ),
        tasks=tuple(
            msgspec.structs.replace(
                _result(columns, make, graded, name), by_case=tuple(itertools.compress(by_case, columns.rows(name)))
            )
            for name in columns.names
        ),
        p50_ms=p50,
        p95_ms=p95,
        failures=whole.lost(lost),
        cost=whole.per_thousand(cost, columns.weights, of=size, note="no price is declared, or no usage reported"),
        saving=whole.per_thousand(saved, columns.weights, of=size, note=NO_COSTS, signed=True),
        output_tokens=mean_of(given, columns.weights, "tokens", of=size),
        input_tokens=mean_of(read, columns.weights, "tokens", of=size),
        disagreements=tuple(_disagreements(columns, grades)),
    )


def _scores_by_case(
    columns: Columns, answers: AnswersByCase, saved: Array, lost: Array, times: tuple[Array, Array]
) -> Iterator[CaseScore]:
    """What is on record of each case, in order; ``times`` as `times_of` gives them."""
    of_case: defaultdict[int, list[float]] = defaultdict(list)
    for ms, at in zip(*(one.tolist() for one in times), strict=True):
        of_case[at].append(ms)
    parts = (saved, answers.agreement, answers.correct, answers.baseline, answers.judged, answers.readable, lost)
    for at, row in enumerate(np.column_stack(parts).tolist()):
        money, agrees, right, baseline, judged, readable, without = (
            None if math.isnan(value) else value for value in row
        )
        yield CaseScore(
            weight=float(columns.weights[at]),
            saved=money,
            agreement=agrees,
            correct=right,
            baseline=baseline,
            judged=judged,
            readable=readable,
            lost=without,
            ms=tuple(of_case.get(at, ())),
        )


def _by_case(grades: Mapping[int, Sequence[tuple[str, Grade]]], size: int, against: Yardstick) -> Array:
    found = [[grade.value for _, grade in grades.get(at, ()) if grade.against is against] for at in range(size)]
    return column([sum(one) / len(one) if one else None for one in found])


def _share(grades: Sequence[tuple[str, Grade]]) -> float | None:
    """The share of readable answers, each counted once, whatever it is compared with."""
    readable = {trial: grade.readable for trial, grade in grades if grade.against is not Yardstick.LLM_JUDGE}
    return sum(readable.values()) / len(readable) if readable else None


def _result(columns: Columns, make: Estimator, graded: _Graded, task: str) -> TaskResult:
    rows = columns.rows(task)
    by_case = [best_known(graded.grades.get(int(at), ())) for at in np.flatnonzero(rows)]
    grades = [grade for own in by_case for grade in own]
    return msgspec.structs.replace(
        result_of(make, graded.answers.of(rows), task, graded.kappa),
        confusion=confusion_of(grades) if task else None,
        fields=fields_of(grades) if task else (),
        against=_yardstick(grades),
        lost_labels=tuple(lost_labels(make, by_case)) if task else (),
        lost_fields=tuple(_lost_fields(columns, make, by_case, rows)) if task else (),
        as_good=None if graded.kappa is None else _as_good(make, graded, rows),
    )


def _lost_fields(
    columns: Columns, make: Estimator, by_case: Sequence[Sequence[Grade]], rows: Array
) -> Iterator[LostField]:
    if not any(grade.fields for grades in by_case for grade in grades):
        return
    at = np.flatnonzero(rows)
    cases = [
        FieldsOf(own, columns.recorded_grades[i], columns.other_grades[i]) for i, own in zip(at, by_case, strict=True)
    ]
    yield from lost_fields(make, cases)


def _yardstick(grades: Sequence[Grade]) -> Yardstick:
    """What the answers with these grades are compared with."""
    against = {grade.against for grade in grades}
    return Yardstick.MIXED if len(against) > 1 else next(iter(against), Yardstick.BASELINE)


def _as_good(make: Estimator, graded: _Graded, rows: Array) -> Quality | None:
    """The share of answers that are not worse by the LLM judge; None if it was asked about none of these cases."""
    found = []
    for at in np.flatnonzero(rows):
        own = [one.value >= 0.5 for _, one in graded.grades.get(int(at), ()) if one.against is Yardstick.LLM_JUDGE]
        found.append(sum(own) / len(own) if own else None)
    scores = column(found)
    return make.mean(scores, "no verdict") if np.isfinite(scores).any() else None


def _disagreements(columns: Columns, grades: Mapping[int, Sequence[tuple[str, Grade]]]) -> Iterator[Disagreement]:
    """The answers that are not right by the golden one, or else not as recorded, the worst first."""
    found = []
    for at, rows in grades.items():
        against = yardstick_of(rows)
        own = [(grade.value, trial, grade) for trial, grade in rows if grade.against is against and grade.value < 1]
        if own:
            found.append((*min(own, key=lambda one: one[:2]), at))
    for value, trial, grade, at in sorted(found, key=lambda one: (one[0], one[3]))[:MOST_SHOWN]:
        right = columns.baseline_right[at]
        yield Disagreement(
            case=columns.keys[at],
            task=columns.tasks[at].name,
            trial=trial,
            score=value,
            against=grade.against,
            read=grade.read,
            wanted=grade.wanted,
            reason=grade.reason,
            baseline_right=None if np.isnan(right) else float(right),
        )
