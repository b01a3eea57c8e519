"""One metric of one provider over all runs: a line of estimates, each with its interval, on an axis that all share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.metrics import Metric, all_metrics, in_order
from trueweight.report.axes import Axis
from trueweight.report.numbers import NONE, span, write
from trueweight.report.site.entries import Entry

WIDTH: Final = 168.0
HEIGHT: Final = 44.0
_EDGE: Final = 4.0
MOST: Final = 60
"""Runs that a line shows; the table below it has all."""


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


def shown_metrics(entries: Sequence[Entry]) -> tuple[Metric, ...]:
    """The report's own columns, as far as any run has them."""
    return tuple(
        metric
        for metric in in_order(all_metrics())
        if metric.column
        and any(_estimate(entry, name, metric.id) for entry in entries for name in entry.summary["providers"])
    )


def _estimate(entry: Entry, provider: str, metric: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = entry.summary["providers"].get(provider, {}).get("metrics", {}).get(metric)
    return found if found and found.get("value") is not None else None


def scale(entries: Sequence[Entry], metric: str) -> Axis:
    """The axis of a metric; a proportion's never looks wider than it is because all is well."""
    found = [_estimate(entry, name, metric) for entry in entries[-MOST:] for name in entry.summary["providers"]]
    ends = [one[key] for one in found if one for key in ("value", "low", "high") if one[key] is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if any(one and one["unit"] == "proportion" for one in found):
        return Axis(min(low, 0.9), 1.0, start=HEIGHT - _EDGE, end=_EDGE)
    return Axis(min(0.0, low), high, start=HEIGHT - _EDGE, end=_EDGE)


def trend(entries: Sequence[Entry], provider: str, metric: Metric, axis: Axis) -> Trend:
    """Draw one."""
    recent = entries[-MOST:]
    across = Axis(0.0, max(1, len(recent) - 1), start=_EDGE, end=WIDTH - _EDGE)
    pieces: list[list[Dot]] = []
    before: object = None
    for place, entry in enumerate(recent):
        found = _estimate(entry, provider, metric.id)
        asked = [(suite["name"], suite["digest"]) for suite in entry.summary["run"]["suites"]]
        if found is None or asked != before or not pieces:
            pieces.append([])
        before = asked if found is not None else None
        if found is not None:
            pieces[-1].append(_dot(across.at(place), found, axis, entry))
    dots = tuple(dot for piece in pieces for dot in piece)
    latest = _estimate(recent[-1], provider, metric.id) if recent else None
    value = write(latest["value"], latest["unit"]) if latest else NONE
    within = span(latest) if latest else ""
    label = f"{metric.title}: {value}{f' ({within})' if within else ''} in the latest of {len(dots)} runs"
    lines = tuple(" ".join(f"{dot.x},{dot.y}" for dot in piece) for piece in pieces if len(piece) > 1)
    known = (found for entry in recent if (found := _estimate(entry, provider, metric.id)))
    unit = next((str(found["unit"]) for found in known), "")
    ends = (write(axis.high, unit), write(axis.low, unit))
    return Trend(metric, lines, dots, value, within, label, ends)


def _dot(x: float, found: Mapping[str, Any], axis: Axis, entry: Entry) -> Dot:
    low, high = (found[key] if found[key] is not None else found["value"] for key in ("low", "high"))
    title = f"{entry.started_at[:10]}: {write(found['value'], found['unit'])} {span(found)}"
    return Dot(x, axis.at(found["value"]), axis.at(high), axis.at(low), title)
