"""The answers to a workload as a table of comma-separated values: recorded, golden and given, with the scores."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from trueweight.core.summary import Summary
from trueweight.core.workload import Yardstick
from trueweight.report.evidence import Evidence, answer_text, reply_text
from trueweight.report.formats import Format, register

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
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for a formula if a cell begins with it; those of full width in some languages only."""


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def render(summary: Summary, evidence: Iterable[Evidence]) -> str:  # noqa: ARG001
    """A row for each answer to a case of a workload, by case and provider; only the heads without a workload."""
    rows = []
    for item in evidence:
        task = item.task
        if task is None:
            continue
        scores = {grade.against: grade for grade in item.grades}
        written = {against: f"{grade.value:.4g}" for against, grade in scores.items()}
        rows.append(
            (
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
        )
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADS)
    writer.writerows([_cell(text) for text in row] for row in sorted(rows))
    return out.getvalue()


register(Format("csv", ".csv", render))
