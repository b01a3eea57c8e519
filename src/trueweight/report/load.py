"""The curves of a load sweep, in a sentence and as one offline page: plain SVG, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from trueweight.core import Estimate, FailureKind
from trueweight.core.load_result import LoadPoint, OffPlan
from trueweight.report.axes import Axis
from trueweight.report.numbers import NONE, counted, decimals_of, plain, span, write
from trueweight.report.template import asset, content_policy, environment

_HUES: Final = 8
"""Colours of lines; the style sheet has them for light and dark. More providers repeat them with another dash."""
_DASHES: Final = 4
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 460, 260, 76, 40, 16, 20


class ChartLine(NamedTuple):
    """A provider's line in a chart.

    Attributes:
        hue, dash: numbers of its colour and its dash in the style sheet.
        points: of the polyline; ``dots``: the same as pairs.
        ring: where it saturates; None if it does not.
    """

    provider: str
    hue: int
    dash: int
    points: str
    dots: tuple[tuple[float, float], ...]
    ring: tuple[float, float] | None


class Chart(NamedTuple):
    """One value over the levels of load.

    Attributes:
        rows: height of a grid line, and its label.
        columns: place of a level, and its label.
    """

    title: str
    rows: tuple[tuple[float, str], ...]
    columns: tuple[tuple[float, str], ...]
    lines: tuple[ChartLine, ...]


class TableCell(NamedTuple):
    """A cell of the table of all levels; ``title`` explains it."""

    text: str
    title: str = ""


class LoadCurve(NamedTuple):
    """One provider over all levels, lowest first.

    Attributes:
        best: the level of most goodput.
        saturation: the level from which more load brings hardly more throughput; None if there is none.
    """

    provider: str
    points: Sequence[LoadPoint]
    best: LoadPoint | None
    saturation: LoadPoint | None


Value = Callable[[LoadPoint], float | None]


def load_sentence(curve: LoadCurve, limits: str) -> str:
    """What the curve says, in a sentence.

    Args:
        limits: the service level objectives as the user wrote them; empty if there are none.
    """
    top, full = curve.best, curve.saturation
    fair = [point for point in curve.points if point.measures_provider]
    left_out = "".join(f"; {p.level_name} left out: {left_out_words(p)}" for p in curve.points if p not in fair)
    if curve.points and all(point.ok and point.cut_in_thought == point.ok for point in curve.points):
        return "nothing was judged: every reply was cut in thought"
    unmeasured = sum(point.not_judged for point in curve.points)
    if unmeasured and not any(point.judged for point in curve.points):
        return f"nothing was judged: a time of the limits cannot be measured in {counted(unmeasured, 'request')}"
    open_ones = f"; {unmeasured} not judged: a time cannot be measured" if unmeasured else ""
    if not fair and any(point.ok for point in curve.points):
        return f"nothing was measured{left_out}"
    open_ones += left_out
    if top is None or not top.good:
        return f"no request met the limits at any level{open_ones}" if limits else "no request succeeded at any level"
    goodput = _number(top.goodput or 0.0)
    most = f"most goodput at {top.level_name}: {goodput} good requests/s, {top.good} of {top.judged}"
    pieces = sum(point.in_one_piece for point in curve.points)
    held = (f"; {pieces} streams came in one piece, and have no TTFT" if pieces else "") + open_ones
    if full is None:
        highest = fair[-1].level_name if left_out else "the highest level"
        return f"{most}; not saturated up to {highest}{held}"
    return f"{most}; saturates at {full.level_name} ({_number(full.throughput)} requests/s){held}"


def left_out_words(point: LoadPoint) -> str:
    """Why a level says nothing of the provider's throughput, and what to do; empty if it does."""
    if point.off_plan is OffPlan.INCOMPLETE:
        sent = point.attempted - point.failures.get(FailureKind.INTERRUPTED, 0)
        reason = f" ({point.unsent_reason})" if point.unsent_reason else ""
        return f"{sent} of {sent + point.unsent} requests sent{reason}"
    if point.off_plan is None:
        busy = f"this machine was too busy in {point.client_limited} of {point.attempted} requests"
        return busy if point.mostly_client_limited else ""
    why = {
        OffPlan.MOVED: "the run was resumed or a worker was replaced; delete its folder and run again",
        OffPlan.LATE: "this client started requests late",
        OffPlan.PACED: "requests_per_minute in providers.toml is lower",
    }[point.off_plan]
    planned, sent_at = (
        NONE if rate is None else _number(rate) for rate in (point.planned_per_second, point.sent_per_second)
    )
    return f"sent at {sent_at} of {planned} a second: {why}"


def load_page(curves: Sequence[LoadCurve], *, limits: str, suite: str, requests: int) -> str:
    """HTML of a sweep, in the design of a run's page; everything in it is escaped.

    Args:
        limits: as for `load_sentence`.
        requests: sent at each level.
    """
    points = [point for curve in curves for point in curve.points if point.measures_provider]
    under = f" under {limits}" if limits else ""
    style = asset("page", "page.css") + asset("page", "load.css")
    return (
        environment("page", limit=200)
        .get_template("load.html.j2")
        .render(
            policy=content_policy(style),
            style=Markup(style),  # noqa: S704 - our own files
            suite=suite,
            requests=requests,
            sentences=[(curve.provider, load_sentence(curve, limits)) for curve in curves],
            charts=[
                _chart(curves, value, title, unit)
                for title, unit, value in _charts(under)
                if any(value(point) is not None for point in points)
            ],
            keys=[(number % _HUES, number // _HUES % _DASHES, curve.provider) for number, curve in enumerate(curves)],
            spoiled=sum(point.client_limited for curve in curves for point in curve.points),
            heads=_heads(under),
            rows=[_row(curve.provider, point) for curve in curves for point in curve.points],
            width=_WIDTH,
            height=_HEIGHT,
            left=_LEFT,
        )
    )


def _charts(under: str) -> tuple[tuple[str, str, Value], ...]:
    """What each chart shows, in which unit, and its value at a level."""

    def time(name: str, q: str) -> Value:
        return lambda point: point.times[name][q].value

    return (
        ("Throughput", "requests/s", lambda point: point.throughput),
        (f"Goodput{under}", "requests/s", lambda point: point.goodput),
        ("TTFT p95", "ms", time("ttft", "p95")),
        ("TTFO p95", "ms", time("ttfo", "p95")),
        ("TPOT p50", "ms", time("tpot", "p50")),
        ("Response time p95", "ms", time("response", "p95")),
        ("Output", "tokens/s in all", lambda point: point.tokens_per_second),
    )


def _chart(curves: Sequence[LoadCurve], value: Value, title: str, unit: str) -> Chart:
    """One line per provider over the levels, spaced evenly; a ring marks where it saturates."""
    levels = sorted({point.level for curve in curves for point in curve.points})

    def shown(point: LoadPoint) -> float | None:
        return value(point) if point.measures_provider else None

    top = max((found for curve in curves for p in curve.points if (found := shown(p)) is not None), default=0.0) or 1.0
    across = Axis(0.0, max(1, len(levels) - 1), start=_LEFT, end=_WIDTH - _RIGHT)
    upwards = Axis(0.0, top, start=_HEIGHT - _BOTTOM, end=_TOP)

    def place(point: LoadPoint) -> tuple[float, float] | None:
        found = shown(point)
        return None if found is None else (across.at(levels.index(point.level)), upwards.at(found))

    def line(number: int, curve: LoadCurve) -> ChartLine:
        dots = tuple(at for point in curve.points if (at := place(point)) is not None)
        drawn = " ".join(f"{x},{y}" for x, y in dots)
        ring = None if curve.saturation is None else place(curve.saturation)
        return ChartLine(curve.provider, number % _HUES, number // _HUES % _DASHES, drawn, dots, ring)

    return Chart(
        f"{title}, {unit}",
        tuple((upwards.at(top * share), write(top * share, unit)) for share in (0, 0.5, 1)),
        tuple((across.at(at), f"{level:g}") for at, level in enumerate(levels)),
        tuple(line(number, curve) for number, curve in enumerate(curves)),
    )


def _heads(under: str) -> tuple[str, ...]:
    rates = ("Level", "Answered", "Requests/s", f"Good{under}", "Good/s")
    return (*rates, "TTFT, ms", "TTFO, ms", "TPOT, ms", "Whole reply, ms", "Tokens/s")


def _row(provider: str, p: LoadPoint) -> tuple[str, tuple[TableCell, ...]]:
    why = left_out_words(p)

    def rate(value: float | None) -> TableCell:
        return TableCell(NONE, why) if why else TableCell(NONE if value is None else _number(value))

    cells = (TableCell(p.level_name), TableCell(f"{p.ok}/{p.attempted}"), rate(p.throughput), TableCell(_good(p)))
    times = (_pair(p.times[time]) for time in ("ttft", "ttfo", "tpot", "e2e"))
    return provider, (*cells, rate(p.goodput), *times, rate(p.tokens_per_second))


def _pair(found: Mapping[str, Estimate]) -> TableCell:
    p50, p95 = found["p50"], found["p95"]
    if p50.value is None or p95.value is None:
        return TableCell(NONE, p50.note)
    ends = "; ".join(f"{label} {span(e) or NONE}" for label, e in (("p50", p50), ("p95", p95)))
    return TableCell(f"{write(p50.value, p50.unit)} / {write(p95.value, p95.unit)}", f"{ends}, n = {p50.n}")


def _good(point: LoadPoint) -> str:
    """Good requests of those that were judged, and how many could not be."""
    rest = f" ({point.not_judged} not judged: a time cannot be measured)" if point.not_judged else ""
    return f"{point.good}/{point.judged}{rest}"


def _number(value: float) -> str:
    """Three significant digits, never in scientific notation."""
    return plain(value, decimals_of(value))


def cut_in_load(point: LoadPoint) -> str:
    """That replies of a level are not judged, because their thoughts left no room for an answer."""
    return (
        f"{point.provider}, {point.level_name}: {point.cut_in_thought} of {point.attempted} replies not judged: cut in "
        "thought. Run in another --out with a larger --thinking-allowance."
    )
