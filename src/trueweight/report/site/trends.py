"""One metric of one provider over all runs: a line of estimates, each with its interval, on an axis that all share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from trueweight.metrics import Metric, all_metrics, in_order
from trueweight.report.axes import Axis
from trueweight.report.numbers import NONE, span, write

WIDTH: Final = 168.0
HEIGHT: Final = 44.0
_EDGE: Final = 4.0
MOST: Final = 60
"""Runs that a line shows; the table below it has all."""


@dataclass(frozen=True, slots=True)
class SiteRun:
    """A run of the site; ``name`` is its address in the site, which never changes."""

    name: str
    summary: Mapping[str, Any]

    @property
    def started_at(self) -> str:
        """UTC, ISO 8601."""
        return str(self.summary["run"]["started_at"])


class Dot(NamedTuple):
    """One run's estimate: where it stands, its interval's ends, and the run."""

    x: float
    y: float
    top: float
    bottom: float
    title: str


class Trend(NamedTuple):
    """A drawn line. A new piece begins where the suites changed: numbers on either side are of other questions.

    Attributes:
        ends: what the top and the bottom of the drawing stand for.
    """

    metric: Metric
    pieces: tuple[str, ...]
    dots: tuple[Dot, ...]
    latest: str
    span: str
    label: str
    ends: tuple[str, str]


def shown_metrics(runs: Sequence[SiteRun]) -> tuple[Metric, ...]:
    """The report's own columns, as far as any run has them."""
    return tuple(
        metric
        for metric in in_order(all_metrics())
        if metric.column and any(_estimate(run, name, metric.id) for run in runs for name in run.summary["providers"])
    )


def _estimate(run: SiteRun, provider: str, metric: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = run.summary["providers"].get(provider, {}).get("metrics", {}).get(metric)
    return found if found and found.get("value") is not None else None


def scale(runs: Sequence[SiteRun], metric: str) -> Axis:
    """The axis of a metric; a proportion's never looks wider than it is because all is well."""
    found = [_estimate(run, name, metric) for run in runs[-MOST:] for name in run.summary["providers"]]
    ends = [one[key] for one in found if one for key in ("value", "low", "high") if one[key] is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if any(one and one["unit"] == "proportion" for one in found):
        return Axis(min(low, 0.9), 1.0, start=HEIGHT - _EDGE, end=_EDGE)
    return Axis(min(0.0, low), high, start=HEIGHT - _EDGE, end=_EDGE)


def trend(runs: Sequence[SiteRun], provider: str, metric: Metric, axis: Axis) -> Trend:
    """Draw one."""
    recent = runs[-MOST:]
    across = Axis(0.0, max(1, len(recent) - 1), start=_EDGE, end=WIDTH - _EDGE)
    pieces: list[list[Dot]] = []
    before: object = None
    for place, run in enumerate(recent):
        found = _estimate(run, provider, metric.id)
        asked = [(suite["name"], suite["digest"]) for suite in run.summary["run"]["suites"]]
        if found is None or asked != before or not pieces:
            pieces.append([])
        before = asked if found is not None else None
        if found is not None:
            pieces[-1].append(_dot(across.at(place), found, axis, run))
    dots = tuple(dot for piece in pieces for dot in piece)
    latest = _estimate(recent[-1], provider, metric.id) if recent else None
    value = write(latest["value"], latest["unit"]) if latest else NONE
    within = span(latest) if latest else ""
    label = f"{metric.title}: {value}{f' ({within})' if within else ''} in the latest of {len(dots)} runs"
    lines = tuple(" ".join(f"{dot.x},{dot.y}" for dot in piece) for piece in pieces if len(piece) > 1)
    known = (found for run in recent if (found := _estimate(run, provider, metric.id)))
    unit = next((str(found["unit"]) for found in known), "")
    ends = (write(axis.high, unit), write(axis.low, unit))
    return Trend(metric, lines, dots, value, within, label, ends)


def _dot(x: float, found: Mapping[str, Any], axis: Axis, run: SiteRun) -> Dot:
    low, high = (found[key] if found[key] is not None else found["value"] for key in ("low", "high"))
    title = f"{run.started_at[:10]}: {write(found['value'], found['unit'])} {span(found)}"
    return Dot(x, axis.at(found["value"]), axis.at(high), axis.at(low), title)
