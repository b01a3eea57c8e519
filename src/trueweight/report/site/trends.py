"""One metric of one provider over all runs: a line of estimates, each with its interval, on an axis that all share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from trueweight.core import Estimate
from trueweight.core.summary import Summary
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
    summary: Summary

    @property
    def started_at(self) -> str:
        """UTC, ISO 8601."""
        return self.summary.run.started_at


class Dot(NamedTuple):
    """One run's estimate: where it stands, its interval's ends, and the run."""

    x: float
    y: float
    top: float
    bottom: float
    title: str


class Trend(NamedTuple):
    """A drawn line. A new piece begins where the suites changed, because numbers of different suites do not compare.

    Attributes:
        ends: the values at the top and at the bottom of the drawing, as text.
    """

    metric: Metric
    pieces: tuple[str, ...]
    dots: tuple[Dot, ...]
    latest: str
    span: str
    label: str
    ends: tuple[str, str]


def shown_metrics(runs: Sequence[SiteRun]) -> tuple[Metric, ...]:
    """The metrics of the report's first table that any run has."""
    return tuple(
        metric
        for metric in in_order(all_metrics())
        if metric.column and any(_estimate(run, name, metric.id) for run in runs for name in run.summary.providers)
    )


def _estimate(run: SiteRun, name: str, metric: str) -> Estimate | None:
    provider = run.summary.providers.get(name)
    found = provider.metrics.get(metric) if provider is not None else None
    return found if found is not None and found.value is not None else None


def scale(runs: Sequence[SiteRun], metric: str) -> Axis:
    """The axis of a metric over all providers. A proportion's spans 0.9 to 1 at least: small stays small."""
    found = [_estimate(run, name, metric) for run in runs[-MOST:] for name in run.summary.providers]
    ends = [end for one in found if one for end in (one.value, one.low, one.high) if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if any(one and one.unit == "proportion" for one in found):
        return Axis(min(low, 0.9), 1.0, start=HEIGHT - _EDGE, end=_EDGE)
    return Axis(min(0.0, low), high, start=HEIGHT - _EDGE, end=_EDGE)


def trend(runs: Sequence[SiteRun], provider: str, metric: Metric, axis: Axis) -> Trend:
    """The line of one metric and one provider over the latest `MOST` runs, and its number in the last that it is in."""
    recent = runs[-MOST:]
    across = Axis(0.0, max(1, len(recent) - 1), start=_EDGE, end=WIDTH - _EDGE)
    pieces: list[list[Dot]] = []
    before: object = None
    for place, run in enumerate(recent):
        found = _estimate(run, provider, metric.id)
        suites = [(suite.name, suite.digest) for suite in run.summary.run.suites]
        if found is None or suites != before or not pieces:
            pieces.append([])
        before = suites if found is not None else None
        if found is not None:
            pieces[-1].append(_dot(across.at(place), found, axis, run))
    dots = tuple(dot for piece in pieces for dot in piece)
    last = next((run for run in reversed(runs) if provider in run.summary.providers), None)
    latest = _estimate(last, provider, metric.id) if last else None
    value = write(latest.value, latest.unit) if latest else NONE
    within = span(latest) if latest else ""
    label = f"{metric.title}: {value}{f' ({within})' if within else ''} in the last of {len(dots)} runs"
    lines = tuple(" ".join(f"{dot.x},{dot.y}" for dot in piece) for piece in pieces if len(piece) > 1)
    known = (found for run in recent if (found := _estimate(run, provider, metric.id)))
    unit = next((found.unit for found in known), "")
    ends = (write(axis.high, unit), write(axis.low, unit))
    return Trend(metric, lines, dots, value, within, label, ends)


def _dot(x: float, found: Estimate, axis: Axis, run: SiteRun) -> Dot:
    value = found.value or 0.0
    low, high = (value if end is None else end for end in (found.low, found.high))
    title = f"{run.started_at[:10]}: {write(value, found.unit)} {span(found)}"
    return Dot(x, axis.at(value), axis.at(high), axis.at(low), title)
