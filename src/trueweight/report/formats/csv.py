"""Comma-separated values: the answers to a workload with their scores; of another run the table of the page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trueweight.core.summary import Summary
from trueweight.core.workload import Yardstick
from trueweight.report.evidence import Evidence, answer_text, reply_text
from trueweight.report.formats import Format, register
from trueweight.report.page.answer import first_screen
from trueweight.report.words import ranked
from trueweight.report.words.bar import bar_on_record

HEADS: Final = (
    "case",
    "task",
    "provider",
    "trial",
    "recorded",
    "golden",
    "answer",
    "score against recorded",
    "score against golden",
    "reason",
    "bar",
)
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?%?")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for a formula if a cell begins with it; those of full width in some languages only."""


def _cell(text: str) -> str:
    """The text, harmless in a spreadsheet. A number stays a number, with the minus sign that a spreadsheet reads."""
    number = text.replace("−", "-").replace("\u2009", "")
    if _NUMBER.fullmatch(number):
        return number
    return f"'{text}" if text.startswith(_FORMULA) else text


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:
    """Of a workload a row for each answer, by case and provider. Of another run a row for each provider, best first:
    the recommendation, each column of the page's first table with its interval, and the sentence below."""
    if summary.workload is not None:
        return _written(HEADS, ((*row, bar_on_record(summary)) for row in sorted(_answers(evidence))))
    return _written(*_table(summary))


def _table(summary: Summary) -> tuple[list[str], list[list[str]]]:
    screen = first_screen(summary, ranked(summary))
    heads = ["Provider", "Recommendation"]
    for column in screen.columns:
        heads += [column.metric.title, f"{column.metric.title}, beside"]
    rows = [
        [
            row.recommended.name,
            row.recommended.word,
            *(text for cell in row.cells for text in (cell.value, cell.small)),
            row.sentence,
        ]
        for row in screen.rows
    ]
    bar = bar_on_record(summary)
    if bar:
        return [*heads, "In words", "Bar"], [[*row, bar] for row in rows]
    return [*heads, "In words"], rows


def _answers(evidence: Iterable[Evidence]) -> Iterator[tuple[str, ...]]:
    for item in evidence:
        task = item.task
        if task is None:
            continue
        scores = {grade.against: grade for grade in item.grades}
        written = {against: f"{grade.value:.4g}" for against, grade in scores.items()}
        yield (
            item.case,
            task.name,
            item.provider,
            item.trial,
            "" if task.recorded is None else answer_text(task.recorded.answer),
            "" if task.golden is None else answer_text(task.golden),
            reply_text(item.reply),
            written.get(Yardstick.BASELINE, ""),
            written.get(Yardstick.GOLDEN, ""),
            next((grade.reason for grade in item.grades if grade.reason), ""),
        )


def _written(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_cell(text) for text in row] for row in rows)
    return out.getvalue()


register(Format("csv", ".csv", render))
