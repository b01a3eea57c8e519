"""Runs → the pages of a static site that cover several runs: index, a page per provider, history, badge."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from markupsafe import Markup

from trueweight.core.assessment import Recommendation
from trueweight.core.summary import ProviderSummary
from trueweight.report.formats import render
from trueweight.report.site.trends import HEIGHT, MOST, WIDTH, SiteRun, Trend, scale, shown_metrics, trend
from trueweight.report.template import asset, content_policy, environment
from trueweight.report.words import (
    MARKS,
    Recommended,
    ranked,
    recommendation_lines,
    run_limits,
    run_notes,
    summary_sentence,
)

_SLUG: Final = re.compile(r"[^a-z0-9]+")


class ProviderTrends(NamedTuple):
    """A provider on the index: its slug, its recommendation in the latest run, and its trends.

    Attributes:
        recommended: None if it is not in the latest run.
        last: the newest run that it is in.
    """

    name: str
    slug: str
    recommended: Recommended | None
    trends: tuple[Trend, ...]
    runs: int
    last: SiteRun


class RunRow(NamedTuple):
    """A run on the index; ``counts`` is recommendation, mark and number of providers."""

    run: SiteRun
    counts: tuple[tuple[str, str, int], ...]
    suites: str


def slug(provider: str) -> str:
    """The part of a URL that names a provider: readable, and unique whatever characters the name has."""
    short = _SLUG.sub("-", provider.lower()).strip("-")[:40]
    return f"{short or 'provider'}-{hashlib.sha256(provider.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def overview(runs: Sequence[SiteRun], *, docs: str = "") -> Iterator[tuple[str, str]]:
    """Path within the site and text of each page that covers several runs.

    Args:
        runs: oldest first, at least one.
        docs: address of the documentation, which the index links; "" for none.
    """
    yield "badge.json", render("badge", runs[-1].summary)
    lines = _lines(runs)
    yield "index.html", _page("index.html.j2", root="", docs=docs, **_index(runs, lines))
    for line in lines:
        rows = [(run, _recommended(run, line.name)) for run in reversed(runs)]
        page = _page(
            "provider.html.j2",
            root="../../",
            line=line,
            drawn=_has_line([line]),
            rows=[row for row in rows if row[1]],
            most=MOST,
            summary_sentence=summary_sentence,
        )
        yield f"providers/{line.slug}/index.html", page
    yield "history.json", json.dumps(history(runs), sort_keys=True, separators=(",", ":")) + "\n"


def _recommended(run: SiteRun, provider: str) -> Recommended | None:
    return next((one for one in ranked(run.summary) if one.name == provider), None)


def _lines(runs: Sequence[SiteRun]) -> list[ProviderTrends]:
    """Providers as the latest run ranks them, then those that only older runs have."""
    names = list(runs[-1].summary.ranked())
    names += sorted({name for run in runs for name in run.summary.providers} - set(names))
    metrics = shown_metrics(runs)
    axes = {metric.id: scale(runs, metric.id) for metric in metrics}
    return [
        ProviderTrends(
            name,
            slug(name),
            _recommended(runs[-1], name),
            tuple(trend(runs, name, metric, axes[metric.id]) for metric in metrics),
            sum(name in run.summary.providers for run in runs),
            next(run for run in reversed(runs) if name in run.summary.providers),
        )
        for name in names
    ]


def _index(runs: Sequence[SiteRun], lines: Sequence[ProviderTrends]) -> dict[str, Any]:
    latest = runs[-1].summary
    return {
        "lines": lines,
        "answer": recommendation_lines(latest, ranked(latest)),
        "slugs": {line.name: line.slug for line in lines},
        "drawn": _has_line(lines),
        "metrics": [one.metric for one in lines[0].trends] if lines else [],
        "rows": [_row(run) for run in reversed(runs)],
        "latest": runs[-1],
        "limits": run_limits(latest),
        "notes": run_notes(latest),
        "most": MOST,
    }


def _has_line(lines: Sequence[ProviderTrends]) -> bool:
    """One dot is no trend, so it is not drawn; this says whether anything is."""
    return any(len(one.dots) > 1 for line in lines for one in line.trends)


def _row(run: SiteRun) -> RunRow:
    found = Counter(one.assessment.recommendation for one in run.summary.providers.values())
    order = (Recommendation.USE, Recommendation.UNDECIDED, Recommendation.AVOID)
    counts = tuple((one.value, MARKS[one], found[one]) for one in order if found[one])
    suites = ", ".join(f"{suite.name} ({suite.cases})" for suite in run.summary.run.suites)
    return RunRow(run, counts, suites)


def history(runs: Sequence[SiteRun]) -> dict[str, Any]:
    """The headline numbers of every run, for dashboards: the content of ``history.json``."""
    metrics = [metric.id for metric in shown_metrics(runs)]
    found = [
        {
            "run": run.name,
            "started_at": run.started_at,
            "suites": msgspec.to_builtins(run.summary.run.suites),
            "providers": {name: _numbers(provider, metrics) for name, provider in run.summary.providers.items()},
        }
        for run in runs
    ]
    return {"format": "trueweight.history/1", "runs": found}


def _numbers(provider: ProviderSummary, metrics: Sequence[str]) -> dict[str, Any]:
    bar = provider.assessment.bar
    return {
        "recommendation": provider.assessment.recommendation.value,
        "verdict": None if bar is None else bar.outcome.value,
        "metrics": {name: provider.metrics[name].as_json() for name in metrics if name in provider.metrics},
    }


def _page(template: str, **values: Any) -> str:
    """A page that runs no script and loads nothing."""
    style = asset("site", "site.css")
    env = environment("site", limit=400)
    return env.get_template(template).render(
        style=Markup(style),  # noqa: S704 - our own file
        policy=content_policy(style),
        width=WIDTH,
        height=HEIGHT,
        **values,
    )
