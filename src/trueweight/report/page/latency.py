"""Latency drawn whole: a distribution per provider on one axis, and its median over the course of the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.report.axes import Axis, Tick, axis
from trueweight.report.numbers import NONE, plain

HEIGHT: Final = 40.0
_TIMES: Final = (("ttft", "Time to first token, ms"), ("e2e", "Whole reply, ms"))
_PERCENTS: Final = (50, 90, 95, 99)
_P99_NEEDS: Final = 100


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


def _curve(scale: Axis, found: Mapping[str, Any] | None) -> Curve | None:
    if not found:
        return None
    percentiles, n = found["percentiles"], int(found["n"])
    texts = tuple(
        plain(percentiles[p], 0 if percentiles[p] >= 100 else 1) if p < 99 or n >= _P99_NEEDS else NONE
        for p in _PERCENTS
    )
    return Curve(_ecdf(scale, percentiles), texts, n)


def _panel(title: str, found: Sequence[Mapping[str, Any] | None], reference: Mapping[str, Any] | None) -> Panel | None:
    # The least and the most of all make an axis of outliers; from 1% to 99% it shows what is there to be seen.
    ends = [{"value": one["percentiles"][p], "unit": "ms"} for one in found if one for p in (1, 99)]
    scale = axis([end for end in ends if end["value"] > 0], log=True)
    if scale is None:
        return None
    under = _ecdf(scale, reference["percentiles"]) if reference else ""
    return Panel(title, scale.ticks(), under, tuple(_curve(scale, one) for one in found))


def _course(scale: Axis | None, found: Mapping[str, Any] | None, end: float) -> Course | None:
    if scale is None or not found or not found["bins"]:
        return None
    width = float(found["seconds"])
    across, upwards = Axis(0.0, end), scale._replace(start=_UPWARDS.start, end=_UPWARDS.end)
    lines: list[list[str]] = [[]]
    previous = None
    for one in found["bins"]:
        if previous is not None and one["at"] - previous > 1.5 * width:
            lines.append([])
        previous = one["at"]
        if one["e2e"]:
            lines[-1].append(f"{across.at(one['at'] + width / 2)},{upwards.at(one['e2e'])}")
    marks = {
        key: tuple(across.at(one["at"] + width / 2) for one in found["bins"] if one[key])
        for key in ("first_failed", "lost")
    }
    failed, lost = (sum(one[key] for one in found["bins"]) for key in ("first_failed", "lost"))
    words = f"{failed} first attempts failed, {lost} trials lost" if failed or lost else "every first attempt arrived"
    drawn = tuple(" ".join(line if len(line) > 1 else line * 2) for line in lines if line)
    return Course(drawn, marks["first_failed"], marks["lost"], words)


def _medians(courses: Iterable[Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    return [{"value": one["e2e"], "unit": "ms"} for found in courses if found for one in found["bins"] if one["e2e"]]


def latency(summary: Mapping[str, Any], order: Sequence[str]) -> Latency:
    """Lay out the drawings, providers in the order given."""
    providers, reference = summary["providers"], summary["run"].get("reference")
    panels = []
    for name, title in _TIMES:
        found = [providers[provider].get("latency", {}).get(name) for provider in order]
        theirs = providers.get(reference, {}).get("latency", {}).get(name)
        panel = _panel(title, found, theirs)
        if panel:
            panels.append(panel)
    raw = [providers[provider].get("over_time") for provider in order]
    end = max((one["at"] + float(found["seconds"]) for found in raw if found for one in found["bins"]), default=0.0)
    scale = axis(_medians(raw), log=True)
    ends = (f"{scale.low:g}", f"{scale.high:g}") if scale else ("", "")
    duration = f"{end / 60:.0f} min" if end >= 120 else f"{end:.0f} s"
    return Latency(tuple(panels), tuple(_course(scale, found, end) for found in raw), ends, duration)
