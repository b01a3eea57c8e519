"""What the page is about: the model, the suites, when, and who asked; and the title of the document."""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

from trueweight.core.summary import Summary
from trueweight.report.numbers import counted
from trueweight.report.text import visible

_NAME: Final = 60
_SUITES: Final = 3
"""Suites that the heading names; the section on the run has all."""


class Heading(NamedTuple):
    """Facts of a run, each as it is printed; "" where the run does not say it.

    Attributes:
        model: id that most providers were asked for, and how many other ids there are.
        amount: providers, cases and ways of sending.
        when: begin and end, UTC.
        title: of the document: model, providers, suites and day.
    """

    model: str
    amount: str
    suites: str
    when: str
    asked_by: str
    title: str


def heading(summary: Summary) -> Heading:
    """The heading of a run's page."""
    run = summary.run
    model, suites = _model(summary), _suites(summary)
    providers = counted(len(summary.providers), "provider")
    cases = f"{counted(run.cases, 'case')}{' × ' + ', '.join(run.modes) if run.modes else ''}" if run.cases else ""
    day = run.started_at[:10]
    end = f" to {run.finished_at[11:16]}" if run.finished_at else ""
    return Heading(
        model=model,
        amount=" · ".join(filter(None, [providers, cases])),
        suites=suites,
        when=f"{day} {run.started_at[11:16]}{end} UTC",
        asked_by=visible(run.asked_by, limit=_NAME),
        title=", ".join(filter(None, [model, providers, suites, day])) + " · trueweight",
    )


def _model(summary: Summary) -> str:
    ids = Counter(one.model for one in summary.providers.values() if one.model)
    if not ids:
        return ""
    reference = summary.reference
    first = reference.model if reference is not None and reference.model else ids.most_common(1)[0][0]
    others = len(ids) - 1
    return visible(first, limit=_NAME) + (f" and {counted(others, 'other id')}" if others > 0 else "")


def _suites(summary: Summary) -> str:
    names = [visible(suite.name, limit=_NAME) for suite in summary.run.suites]
    more = f" and {len(names) - _SUITES} more" if len(names) > _SUITES else ""
    return ", ".join(names[:_SUITES]) + more
