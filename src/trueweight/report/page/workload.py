"""The section of the page about the user's workload: by task and overall, what is answered instead, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from trueweight.assess import DEFAULT_WORKLOAD_BAR
from trueweight.core.confusion import Confusion, FieldScore
from trueweight.core.estimate import Estimate
from trueweight.core.summary import Summary
from trueweight.core.workload import (
    LostField,
    ProviderWorkload,
    TaskResult,
    TaskSummary,
    WorkloadSummary,
    Yardstick,
)
from trueweight.report.numbers import NONE, counted, percent, span, whole_percent, write
from trueweight.report.text import listed, visible
from trueweight.report.words.llm_judge import llm_judge_sentences
from trueweight.report.words.workload import field_clause

_SHOWN: Final = 25
"""Disagreements of one provider that the page lists; the drawer has the others."""
_FIELDS: Final = 12


class NumberText(NamedTuple):
    """A number with its interval and n, as text."""

    value: str
    interval: str
    n: str


class WorkloadRow(NamedTuple):
    """A provider, or the baseline, in one task or in all."""

    name: str
    cells: tuple[NumberText, ...]


class TaskTable(NamedTuple):
    """The rows of a task.

    Attributes:
        note: what is known of the task: grader, cases, golden answers, the baseline's own noise.
    """

    title: str
    note: str
    rows: tuple[WorkloadRow, ...]


class ConfusionTable(NamedTuple):
    """What a provider answers (columns) where which answer is expected (rows)."""

    provider: str
    title: str
    read: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[int, bool], ...]], ...]
    scores: str


class FieldTable(NamedTuple):
    """The fields of a task in which a provider makes most mistakes.

    Attributes:
        lost: a sentence for each field that is surely wrong far more often than at the baseline.
    """

    provider: str
    title: str
    rows: tuple[tuple[str, str, str, str], ...]
    lost: tuple[str, ...] = ()


class DisagreementRow(NamedTuple):
    """A case that is not answered as expected."""

    case: str
    task: str
    trial: str
    score: str
    words: str


class WorkloadSection(NamedTuple):
    """All of the section.

    Attributes:
        notes: sentences on what was compared with what.
        heads: of the columns of every table in ``tables``.
        wrong: provider → the answers that are not as expected, worst first, and how many there are.
    """

    name: str
    notes: tuple[str, ...]
    heads: tuple[str, ...]
    tables: tuple[TaskTable, ...]
    confusions: tuple[ConfusionTable, ...]
    fields: tuple[FieldTable, ...]
    wrong: tuple[tuple[str, tuple[DisagreementRow, ...], int], ...]


HEADS: Final = (
    "Agrees with the baseline",
    "Right by golden answers",
    "Difference from the baseline, points",
    "Expected form",
    "p95, ms",
    "No reply",
    "USD per 1,000",
    "Saving per 1,000",
)


LLM_JUDGE_HEAD: Final = "As good by the LLM judge"


def _has_llm_judge(found: WorkloadSummary) -> bool:
    return found.llm_judge is not None and found.llm_judge.trusted


def workload_section(summary: Summary, order: Sequence[str]) -> WorkloadSection | None:
    """The section; None if the run has no workload."""
    found = summary.workload
    if found is None:
        return None
    own = {name: one for name in order if (one := summary.providers[name].workload) is not None}
    tasks = [found.tasks[0]] if len(found.tasks) == 1 else [None, *found.tasks]
    return WorkloadSection(
        visible(found.name, limit=80),
        tuple(_notes(found)),
        HEADS if not _has_llm_judge(found) else (*HEADS[:3], LLM_JUDGE_HEAD, *HEADS[3:]),
        tuple(_table(found, own, task) for task in tasks),
        tuple(_confusions(own)),
        tuple(_fields(own)),
        tuple((name, _wrong(one), len(one.disagreements)) for name, one in own.items() if one.disagreements),
    )


def _notes(found: WorkloadSummary) -> Iterator[str]:
    model = f" ({visible(found.baseline.model, limit=80)})" if found.baseline.model else ""
    yield (
        f"{counted(found.cases, 'case')} of {counted(len(found.tasks), 'task')}, compared with the recorded "
        f"answers{model}, paired by case. A recorded answer is not the truth; the second column is by golden answers."
    )
    golden = sum(task.golden for task in found.tasks)
    if golden:
        yield (
            f"{counted(golden, 'case')} of {found.cases} {'has a' if golden == 1 else 'have a'} golden answer. A case "
            "is scored by it, and without one by the recorded answer, where its grader decides. An answer that equals "
            "the recorded one is right as often as the baseline; one that differs and has no golden answer is a loss "
            "at the lower end of the difference, and a gain at the upper one."
        )
    else:
        texts = [visible(task.name, limit=60) for task in found.tasks if not task.decides]
        but = f", but not in {', '.join(texts)}, where two good answers differ" if texts else ""
        yield f"There are no golden answers, so agreement with the recorded answers decides{but}."
    if found.llm_judge is not None:
        yield from llm_judge_sentences(found.llm_judge)
    if found.default_bar:
        answers = DEFAULT_WORKLOAD_BAR.answers
        margin, agreement = (
            whole_percent(answers.quality_margin or 0.0),
            whole_percent(answers.agreement_at_least or 0.0),
        )
        yield (
            "No bar was set for the workload, so the default one holds: right no less often than the baseline, but for "
            f"{margin} of the cases, by golden answers; where they decide nothing, agreement of at least {agreement}."
        )
    if found.unconfirmed:
        names = ", ".join(visible(name, limit=60) for name in found.unconfirmed)
        yield f"The graders of {names} were chosen by what the answers look like, and were not confirmed."
    if found.candidates > 1 or len(found.tasks) > 1:
        yield (
            "Shown intervals are 95% each. Rules are decided by wider ones, which hold for all "
            f"{counted(found.candidates, 'candidate')} and all tasks together."
        )


def _number(found: Estimate | None, unit: str = "") -> NumberText:
    if found is None or found.value is None:
        return NumberText(NONE, "" if found is None else found.note, "")
    interval = "" if found.low == found.high else span(found)  # of what is the same in all cases there is none to show
    return NumberText(write(found.value, unit or found.unit), interval, f"n = {found.n}")


def _table(found: WorkloadSummary, own: dict[str, ProviderWorkload], task: TaskSummary | None) -> TaskTable:
    rows = [_baseline(found, task)]
    for name, one in own.items():
        result = _result(one, "" if task is None else task.name)
        whole = one if task is None or len(found.tasks) == 1 else None
        rows.append(
            WorkloadRow(
                visible(name, limit=80),
                (
                    _number(result.agreement),
                    _number(result.correct),
                    _number(result.difference),
                    *((_number(result.as_good),) if _has_llm_judge(found) else ()),
                    _number(result.readable),
                    *((_number(whole.p95_ms), _number(whole.failures)) if whole is not None else ()),
                    *((_number(whole.cost), _number(whole.saving)) if whole is not None else ()),
                ),
            )
        )
    title = "All tasks" if task is None else visible(task.name, limit=80)
    return TaskTable(title, "" if task is None else _note(task), tuple(rows))


def _result(one: ProviderWorkload, task: str) -> TaskResult:
    return next((result for result in one.tasks if result.task == task), one.overall)


def _baseline(found: WorkloadSummary, task: TaskSummary | None) -> WorkloadRow:
    base = found.baseline
    own = base.self_agreement if task is None else task.self_agreement
    whole = task is None or len(found.tasks) == 1
    nothing = NumberText("", "", "")
    llm_judge = (nothing,) if _has_llm_judge(found) else ()
    cells: tuple[NumberText, ...] = (
        _number(own),
        _number(base.correct if whole else None),
        nothing,
        *llm_judge,
        nothing,
    )
    if whole:
        cells = (*cells, _number(base.p95_ms), nothing, _number(base.cost), nothing)
    return WorkloadRow("baseline, with itself", cells)


def _note(task: TaskSummary) -> str:
    decides = "" if task.decides else "; agreement does not decide, because two good texts differ"
    if task.texts:
        names = listed([visible(path, limit=60) for path in task.texts])
        decides += f"; texts in {names} are not compared, because two good ones differ"
    if task.grader == "prose":
        decides += "; agreement is ROUGE-L, the words that two texts share in the same order"
    without = task.golden - task.golden_decides
    if without:
        decides += (
            f"; {counted(without, 'golden text')} without facts {'decides' if without == 1 else 'decide'} nothing"
        )
    return (
        f"grader {task.grader}{decides}; {counted(task.cases, 'case')}, {task.recorded} with a recorded and "
        f"{task.golden} with a golden answer; {whole_percent(task.share)} of the log's requests"
    )


_AGAINST: Final = {
    Yardstick.GOLDEN: "golden answers",
    Yardstick.BASELINE: "recorded answers",
    Yardstick.LLM_JUDGE: "the LLM judge",
    Yardstick.MIXED: "golden answers, and recorded ones where there are none",
}


def _confusions(own: dict[str, ProviderWorkload]) -> Iterator[ConfusionTable]:
    for name, one in own.items():
        for result in one.tasks:
            matrix = result.confusion
            if matrix is not None:
                yield ConfusionTable(
                    visible(name, limit=80),
                    f"{visible(result.task, limit=60)}, by {_AGAINST[result.against]}",
                    tuple(visible(label, limit=60) for label in matrix.read),
                    tuple(
                        (
                            visible(label, limit=60),
                            tuple((count, label == read) for count, read in zip(counts, matrix.read, strict=True)),
                        )
                        for label, counts in zip(matrix.wanted, matrix.counts, strict=True)
                    ),
                    _scores(matrix),
                )


def _scores(matrix: Confusion) -> str:
    if matrix.accuracy is None or matrix.macro_f1 is None:
        return ""
    return f"accuracy {percent(matrix.accuracy)}, macro F1 {percent(matrix.macro_f1)}"


def _fields(own: dict[str, ProviderWorkload]) -> Iterator[FieldTable]:
    for name, one in own.items():
        for result in one.tasks:
            rows = tuple(_field(field) for field in result.fields[:_FIELDS])
            if rows:
                title = f"{visible(result.task, limit=60)}, by {_AGAINST[result.against]}"
                yield FieldTable(visible(name, limit=80), title, rows, tuple(map(_lost, result.lost_fields)))


def _lost(one: LostField) -> str:
    """A lost field as a sentence."""
    clause = field_clause(one.path, one.right, one.baseline)
    return f"{clause[0].upper()}{clause[1:]}, by {_AGAINST[one.against]}."


def _field(field: FieldScore) -> tuple[str, str, str, str]:
    numbers = (field.precision, field.recall, field.f1)
    texts = [NONE if number is None else percent(number) for number in numbers]
    return visible(field.path or "(all)", limit=80), texts[0], texts[1], texts[2]


def _wrong(one: ProviderWorkload) -> tuple[DisagreementRow, ...]:
    rows = []
    for found in one.disagreements[:_SHOWN]:
        words = visible(found.reason, limit=160)
        if found.wanted:
            words = f"{visible(found.read, limit=60) or '(nothing)'} instead of {visible(found.wanted, limit=60)}"
        if found.baseline_right is not None:
            words += "; the baseline is right there" if found.baseline_right == 1 else "; the baseline is wrong there"
        rows.append(
            DisagreementRow(
                visible(found.case, limit=120), visible(found.task, limit=60), found.trial, percent(found.score), words
            )
        )
    return tuple(rows)
