"""The curves of a load sweep, in a sentence and as one offline page: plain SVG, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Final, NamedTuple

from trueweight.core import Estimate
from trueweight.core.load_result import LoadPoint
from trueweight.report.axes import Axis
from trueweight.report.numbers import NONE, decimals_of, plain, span
from trueweight.report.text import visible

_COLOURS: Final = ("#0b5fa5", "#b3261e", "#2e7d32", "#7b3fa0", "#a65f00", "#00707a", "#5d4037", "#ad1457")
_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 460, 260, 56, 40, 14, 12


_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem}figure{display:inline-block;margin:0 1rem 1rem 0}
figcaption{font-weight:600}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}
.bad{color:#b3261e;font-weight:600}svg text{font:12px system-ui,sans-serif;fill:#333}.scroll{overflow-x:auto}
"""


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
    if curve.points and all(point.ok and point.cut_in_thought == point.ok for point in curve.points):
        return "nothing was judged: every reply was cut in thought"
    if top is None or not top.good:
        return "no request met the limits at any level" if limits else "no request succeeded at any level"
    goodput = _number(top.goodput or 0.0)
    most = f"most goodput at {top.level_name}: {goodput} good requests/s, {top.good} of {top.judged}"
    if full is None:
        return f"{most}; not saturated up to the highest level"
    return f"{most}; saturates at {full.level_name} ({_number(full.throughput)} requests/s)"


def load_page(curves: Sequence[LoadCurve], *, limits: str, suite: str, requests: int) -> str:
    """HTML of a sweep; all names in it are escaped.

    Args:
        limits: as for `load_sentence`.
        requests: sent at each level.
    """
    points = [point for curve in curves for point in curve.points]
    under = f" under {limits}" if limits else ""
    says = "".join(
        f"<li><b>{_text(curve.provider)}</b>: {_text(load_sentence(curve, limits))}</li>" for curve in curves
    )
    charts = "".join(
        f"<figure><figcaption>{_text(title)}</figcaption>{_chart(curves, value, title)}</figure>"
        for title, value in _charts(under)
        if any(value(point) is not None for point in points)
    )
    spoiled = sum(point.client_limited for point in points)
    banner = (
        f'<p class="bad">CLIENT-LIMITED: this machine was too busy during {spoiled} requests; '
        "their times are left out.</p>"
        if spoiled
        else ""
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Load: {_text(suite)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body>
<h1>Load: suite {_text(suite)}, {requests} requests at each level</h1>{banner}<ul>{says}</ul>
{charts}<h2>All levels</h2><div class="scroll">{_table(curves, under)}</div>
<p>Rates are per second in which at least one request was under way. Good means: a success that met every limit, as a
share of all that were attempted. Times are p50 / p95 of successes, with the 95% interval in the title of each cell.</p>
</body></html>
"""


def _text(text: str) -> str:
    return escape(visible(text, limit=200))


def _charts(under: str) -> tuple[tuple[str, Value], ...]:
    def time(name: str, q: str) -> Value:
        return lambda point: point.times[name][q].value

    return (
        ("Throughput, requests/s", lambda point: point.throughput),
        (f"Goodput{under}, requests/s", lambda point: point.goodput),
        ("TTFT p95, ms", time("ttft", "p95")),
        ("TTFO p95, ms", time("ttfo", "p95")),
        ("TPOT p50, ms", time("tpot", "p50")),
        ("Response time p95, ms", time("response", "p95")),
        ("Output, tokens/s in all", lambda point: point.tokens_per_second),
    )


def _chart(curves: Sequence[LoadCurve], value: Value, title: str) -> str:
    """One line per provider over the levels, spaced evenly; a ring marks where it saturates."""
    levels = sorted({point.level for curve in curves for point in curve.points})
    top = max((found for curve in curves for p in curve.points if (found := value(p)) is not None), default=0.0) or 1.0
    across = Axis(0.0, max(1, len(levels) - 1), start=_LEFT, end=_WIDTH - _RIGHT)
    upwards = Axis(0.0, top, start=_HEIGHT - _BOTTOM, end=_TOP)

    def x(point: LoadPoint) -> float:
        return across.at(levels.index(point.level))

    parts = [f'<line x1="{_LEFT}" y1="{upwards.at(0):.1f}" x2="{_WIDTH}" y2="{upwards.at(0):.1f}" stroke="#999"/>']
    for share in (0, 0.5, 1):
        y, label = upwards.at(top * share) + 4, _number(top * share)
        parts.append(f'<text x="{_LEFT - 6}" y="{y:.1f}" text-anchor="end">{label}</text>')
    for place, level in enumerate(levels):
        parts.append(f'<text x="{across.at(place):.1f}" y="{_HEIGHT - 20}" text-anchor="middle">{level:g}</text>')
    for number, curve in enumerate(curves):
        places = [(x(p), upwards.at(found)) for p in curve.points if (found := value(p)) is not None]
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in places]
        full = curve.saturation
        if full is not None and (found := value(full)) is not None:
            ring = f'cx="{x(full):.1f}" cy="{upwards.at(found):.1f}"'
            parts.append(f'<circle {ring} r="7" fill="none" stroke="{colour}"><title>saturates here</title></circle>')
        row = _TOP + 14 * (number + 1)
        parts.append(f'<text x="{_LEFT + 8}" y="{row}" style="fill:{colour}">— {_text(curve.provider)}</text>')
    inside = "".join(parts)
    label = f"{_text(title)} over levels of load"
    return f'<svg role="img" aria-label="{label}" width="{_WIDTH}" height="{_HEIGHT}">{inside}</svg>'


def _table(curves: Sequence[LoadCurve], under: str) -> str:
    heads = (
        "provider",
        "level",
        "ok",
        "requests/s",
        f"good{under}",
        "good/s",
        "TTFT ms",
        "TTFO ms",
        "TPOT ms",
        "e2e ms",
        "tokens/s",
    )
    rows = []
    for curve in curves:
        for p in curve.points:
            cells = [_text(p.level_name), f"{p.ok}/{p.attempted}", _number(p.throughput), _good(p)]
            cells.append(NONE if p.goodput is None else _number(p.goodput))
            cells = [f"<td>{cell}</td>" for cell in (_text(curve.provider), *cells)]
            cells += [_pair(p.times[time]) for time in ("ttft", "ttfo", "tpot", "e2e")]
            rows.append(f"<tr>{''.join(cells)}<td>{_number(p.tokens_per_second)}</td></tr>")
    head = "".join(f"<th>{_text(head)}</th>" for head in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _pair(found: Mapping[str, Estimate]) -> str:
    p50, p95 = found["p50"], found["p95"]
    if p50.value is None or p95.value is None:
        return f'<td title="{escape(p50.note)}">n/a</td>'
    ends = "; ".join(f"{label} {span(e) or NONE}" for label, e in (("p50", p50), ("p95", p95)))
    return f'<td title="{escape(ends)}, n = {p50.n}">{_number(p50.value)} / {_number(p95.value)}</td>'


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
