"""Entries → files of a static site. It only ever adds and overwrites, so a link that worked goes on working."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from trueweight.core import ConfigError
from trueweight.report import Group, Standing, render, standings, visible
from trueweight.report.site.entries import Entry
from trueweight.report.site.trends import HEIGHT, MOST, WIDTH, Trend, scale, shown_metrics, trend
from trueweight.store.files import replace_plain
from trueweight.workflow.judge import summary_text

MARKER: Final = ".trueweight-site"
_SLUG: Final = re.compile(r"[^a-z0-9]+")


class Line(NamedTuple):
    """A provider on the index."""

    name: str
    slug: str
    standing: Standing | None
    trends: tuple[Trend, ...]
    runs: int


class Row(NamedTuple):
    """A run on the index: how many stand where."""

    entry: Entry
    counts: tuple[tuple[str, str, int], ...]
    suites: str


def slug(provider: str) -> str:
    """A provider's address: readable, and its own whatever is in its name."""
    short = _SLUG.sub("-", provider.lower()).strip("-")[:40]
    return f"{short or 'provider'}-{hashlib.sha256(provider.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def build_site(entries: Sequence[Entry], out: Path, *, keep: int, public: bool) -> list[Path]:
    """Write the site.

    Args:
        entries: oldest first.
        keep: how many of the newest runs keep their evidence; older ones keep every number.

    Returns:
        What was written.

    Raises:
        ConfigError: if there is no run, or ``out`` is a folder with other things in it.
    """
    if not entries:
        raise ConfigError("no run to show", code="site-empty", hint="Valid: --add RUN puts a run into the folder.")
    _claim(out)
    site = _Site(out)
    for place, entry in enumerate(entries):
        kept = len(entries) - place <= keep
        text = entry.report(public=public) if kept else entry.bare_report()
        site.write(f"runs/{entry.name}/index.html", text)
        site.write(f"runs/{entry.name}/summary.json", summary_text(entry.summary))
        if place == len(entries) - 1:
            site.write("latest/index.html", text)
            site.write("latest/summary.json", summary_text(entry.summary))
            site.write("badge.json", render("badge", entry.summary))
    lines = _lines(entries)
    site.write("index.html", _page("index.html.j2", root="", **_index(entries, lines)))
    for line in lines:
        rows = [(entry, _standing(entry, line.name)) for entry in reversed(entries)]
        page = _page("provider.html.j2", root="../../", line=line, rows=[row for row in rows if row[1]], most=MOST)
        site.write(f"providers/{line.slug}/index.html", page)
    site.write("history.json", json.dumps(history(entries), sort_keys=True, separators=(",", ":")) + "\n")
    return site.written


class _Site:
    def __init__(self, out: Path) -> None:
        self._out = out
        self.written: list[Path] = []

    def write(self, name: str, text: str) -> None:
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_plain(path, text.encode("utf-8", "backslashreplace"))
        self.written.append(path)


def _claim(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not (out / MARKER).exists():
        raise ConfigError(
            "this folder holds something that is not a site of trueweight",
            code="site-foreign",
            where=str(out),
            hint="Valid: a new or empty folder, or one that `trueweight site` wrote.",
        )
    out.mkdir(parents=True, exist_ok=True)
    replace_plain(out / MARKER, b"")


def _standing(entry: Entry, provider: str) -> Standing | None:
    return next((one for one in standings(entry.summary) if one.provider == provider), None)


def _lines(entries: Sequence[Entry]) -> list[Line]:
    """Providers as the latest run ranks them, then those that only older runs have."""
    names = [one.provider for one in standings(entries[-1].summary)]
    names += sorted({name for entry in entries for name in entry.summary["providers"]} - set(names))
    metrics = shown_metrics(entries)
    axes = {metric.id: scale(entries, metric.id) for metric in metrics}
    return [
        Line(
            name,
            slug(name),
            _standing(entries[-1], name),
            tuple(trend(entries, name, metric, axes[metric.id]) for metric in metrics),
            sum(name in entry.summary["providers"] for entry in entries),
        )
        for name in names
    ]


def _index(entries: Sequence[Entry], lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "lines": lines,
        "metrics": [one.metric for one in lines[0].trends] if lines else [],
        "rows": [_row(entry) for entry in reversed(entries)],
        "latest": entries[-1],
        "most": MOST,
    }


def _row(entry: Entry) -> Row:
    found = Counter(one.group for one in standings(entry.summary))
    words = ((Group.USE, "✓"), (Group.UNDECIDED, "?"), (Group.AVOID, "✕"))
    counts = tuple((group.value, mark, found[group]) for group, mark in words if found[group])
    suites = ", ".join(f"{suite['name']} ({suite['cases']})" for suite in entry.summary["run"]["suites"])
    return Row(entry, counts, suites)


def history(entries: Sequence[Entry]) -> dict[str, Any]:
    """Every run's headline numbers, for other people's dashboards."""
    metrics = [metric.id for metric in shown_metrics(entries)]
    runs = [
        {
            "run": entry.name,
            "started_at": entry.started_at,
            "suites": entry.summary["run"]["suites"],
            "providers": {
                name: {
                    "verdict": (provider["verdict"] or {}).get("outcome"),
                    "metrics": {key: provider["metrics"][key] for key in metrics if key in provider["metrics"]},
                }
                for name, provider in entry.summary["providers"].items()
            },
        }
        for entry in entries
    ]
    return {"format": "trueweight.history/1", "runs": runs}


def _asset(name: str) -> str:
    return resources.files("trueweight.report.site").joinpath(name).read_text(encoding="utf-8")


def _finalize(value: Any) -> Any:
    """Whatever a template prints: no unseen character passes, and nothing is endless."""
    return visible(value, limit=400) if isinstance(value, str) and not isinstance(value, Markup) else value


def _page(template: str, **values: Any) -> str:
    """A page that runs no script and loads nothing."""
    style = _asset("site.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    env = Environment(
        loader=PackageLoader("trueweight.report.site", ""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return env.get_template(template).render(
        style=Markup(style),  # noqa: S704 - our own file
        policy=Markup(policy),  # noqa: S704 - made of constants and base64
        width=WIDTH,
        height=HEIGHT,
        **values,
    )
