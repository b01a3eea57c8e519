"""Latency drawn whole: a distribution per provider on one axis, and its median over the course of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from trueweight.core import Estimate
from trueweight.core.summary import Distribution, Summary, TimeBin, TimeCourse
from trueweight.report.axes import Axis, Tick, axis, point
from trueweight.report.numbers import NONE, counted, plain
from trueweight.statistics.quantile import P99_NEEDS

HEIGHT: Final = 40.0
_TIMES: Final = (
    ("ttft", "Time to first token, ms"),
    ("ttfo", "Time to first token of the answer, ms"),
    ("e2e", "Whole reply, ms"),
)
_PERCENTS: Final = (50, 90, 95, 99)


class Curve(NamedTuple):
    """An empirical distribution: its path, the percentiles as text, and n."""

    path: str
    percentiles: tuple[str, ...]
    n: int


class Panel(NamedTuple):
    """One time: its axis, the reference's path to lay under the others, and a curve per provider (None: no data)."""

    title: str
    ticks: tuple[Tick, ...]
    under: str
    curves: tuple[Curve | None, ...]


class Course(NamedTuple):
    """A provider over the run: polylines of its median, and where trials needed retries or were lost."""

    lines: tuple[str, ...]
    retried: tuple[float, ...]
    lost: tuple[float, ...]
    words: str


class Latency(NamedTuple):
    """All panels, and the courses with the ends of their axes as text."""

    panels: tuple[Panel, ...]
    courses: tuple[Course | None, ...]
    course_ends: tuple[str, str]
    duration: str


_UPWARDS: Final = Axis(0.0, 1.0, start=HEIGHT - 1, end=1.0)
"""A share, drawn from the bottom to the top."""


def _ecdf(scale: Axis, percentiles: Sequence[float]) -> str:
    points = (f"{scale.at(value)} {_UPWARDS.at(i / 100)}" for i, value in enumerate(percentiles))
    return "M" + "L".join(points)


def _curve(scale: Axis, found: Distribution | None) -> Curve | None:
    if not found:
        return None
    percentiles, n = found.percentiles, found.n
    texts = tuple(
        plain(percentiles[p], 0 if percentiles[p] >= 100 else 1) if p < 99 or n >= P99_NEEDS else NONE
        for p in _PERCENTS
    )
    return Curve(_ecdf(scale, percentiles), texts, n)


def _panel(title: str, found: Sequence[Distribution | None], reference: Distribution | None) -> Panel | None:
    # From the 1st to the 99th percentile: outliers would stretch the axis until nothing else can be seen.
    ends = [one.percentiles[p] for one in found if one for p in (1, 99)]
    scale = axis([point(end, "ms") for end in ends if end > 0], log=True)
    if scale is None:
        return None
    under = _ecdf(scale, reference.percentiles) if reference else ""
    return Panel(title, scale.ticks(), under, tuple(_curve(scale, one) for one in found))


def _course(scale: Axis | None, found: TimeCourse | None, end: float) -> Course | None:
    if scale is None or found is None or not found.bins:
        return None
    across = Axis(0.0, end)
    middles = [across.at(one.at + found.seconds / 2) for one in found.bins]
    failed, lost = (sum(getattr(one, name) for one in found.bins) for name in ("first_failed", "lost"))
    words = "every first attempt arrived"
    if failed or lost:
        words = f"{counted(failed, 'first attempt')} failed, {counted(lost, 'trial')} lost"
    return Course(
        tuple(_lines(scale._replace(start=_UPWARDS.start, end=_UPWARDS.end), found, middles)),
        tuple(x for x, one in zip(middles, found.bins, strict=True) if one.first_failed),
        tuple(x for x, one in zip(middles, found.bins, strict=True) if one.lost),
        words,
    )


def _lines(upwards: Axis, found: TimeCourse, middles: Sequence[float]) -> Iterable[str]:
    """A polyline for each stretch without a gap; a single point is a line of no length."""
    lines: list[list[str]] = [[]]
    previous: TimeBin | None = None
    for x, one in zip(middles, found.bins, strict=True):
        if previous is not None and one.at - previous.at > 1.5 * found.seconds:
            lines.append([])
        previous = one
        if one.e2e:
            lines[-1].append(f"{x},{upwards.at(one.e2e)}")
    return (" ".join(line if len(line) > 1 else line * 2) for line in lines if line)


def _medians(courses: Iterable[TimeCourse | None]) -> list[Estimate]:
    return [point(one.e2e, "ms") for found in courses if found for one in found.bins if one.e2e]


def latency(summary: Summary, order: Sequence[str]) -> Latency:
    """Lay out the drawings, providers in the order given."""
    providers, reference = summary.providers, summary.reference
    panels = []
    for name, title in _TIMES:
        found = [providers[provider].latency.get(name) for provider in order]
        panel = _panel(title, found, reference.latency.get(name) if reference is not None else None)
        if panel:
            panels.append(panel)
    raw = [providers[provider].over_time for provider in order]
    end = max((one.at + found.seconds for found in raw if found for one in found.bins), default=0.0)
    scale = axis(_medians(raw), log=True)
    ends = (f"{scale.low:g}", f"{scale.high:g}") if scale else ("", "")
    duration = f"{end / 60:.0f} min" if end >= 120 else f"{end:.0f} s"
    return Latency(tuple(panels), tuple(_course(scale, found, end) for found in raw), ends, duration)
