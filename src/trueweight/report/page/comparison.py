"""What changed between two runs, as one offline page without a script: a deployment before and after."""

from __future__ import annotations

from markupsafe import Markup

from trueweight.core.run_comparison import Change, RunComparison
from trueweight.report.comparison import (
    ARROWS,
    TIMES_NOTE,
    cell_text,
    changed_metrics,
    flips,
    has_times,
    headline,
    scope,
)
from trueweight.report.template import asset, content_policy, environment

_MOST_CELLS = 500
"""Flipped cells of one provider on the page; the JSON has all."""


def comparison_page(found: RunComparison) -> str:
    """HTML of a comparison; all that a provider, a model or a suite wrote is escaped."""
    style = asset("page", "page.css")
    lines = changed_metrics(found)
    return (
        environment("page", limit=400)
        .get_template("comparison.html.j2")
        .render(
            policy=content_policy(style),
            style=Markup(style),  # noqa: S704 - our own file
            headline=headline(found),
            scope=scope(found),
            sides=(("Before", found.before), ("After", found.after)),
            lines=[(line, ARROWS[line.change], "avoid" if line.change is Change.WORSE else "use") for line in lines],
            times=TIMES_NOTE if has_times(lines) else "",
            flips=[
                (one.provider, one.tallies, [(mark, cell_text(cell)) for mark, cell in one.cells[:_MOST_CELLS]])
                for one in flips(found)
            ],
        )
    )
