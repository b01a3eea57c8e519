"""The curves of a sweep as one offline page: plain SVG, no script, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from trueweight.core import Estimate
from trueweight.report import visible
from trueweight.workflow.load.measured import Point
from trueweight.workflow.load.outcome import saturation, sentence
from trueweight.workflow.load.slo import Slo

_COLOURS: Final = ("#0b5fa5", "#b3261e", "#2e7d32", "#7b3fa0", "#a65f00", "#00707a", "#5d4037", "#ad1457")
_DASHES: Final = ("", "6 3", "2 3", "8 3 2 3")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 460, 260, 56, 40, 14, 12

Value = Callable[[Point], float | None]

_STYLE: Final = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.1rem}figure{display:inline-block;margin:0 1rem 1rem 0}
figcaption{font-weight:600}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.25rem .5rem;text-align:right;border-bottom:1px solid #ddd}th:first-child,td:first-child{text-align:left}
.bad{color:#b3261e;font-weight:600}svg text{font:12px system-ui,sans-serif;fill:#333}.scroll{overflow-x:auto}
"""


def page(points: Sequence[Point], slo: Slo, *, suite: str, requests: int) -> str:
    """HTML of a sweep. Every name in it is somebody else's and is escaped."""
    names = sorted({point.provider for point in points})
    by_name = {name: sorted((p for p in points if p.provider == name), key=lambda p: p.level.value) for name in names}
    limits = f" under {slo}" if slo.limits else ""
    says = "".join(f"<li><b>{_text(name)}</b>: {_text(sentence(own, slo))}</li>" for name, own in by_name.items())
    charts = "".join(
        f"<figure><figcaption>{_text(title)}</figcaption>{_chart(by_name, value, title)}</figure>"
        for title, value in _charts(limits)
        if any(value(point) is not None for point in points)
    )
    spoiled = sum(point.limited for point in points)
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
{charts}<h2>All levels</h2><div class="scroll">{_table(by_name, limits)}</div>
<p>Rates are per second in which at least one request was under way. Good means: a success that met every limit, as a
share of all that were attempted. Times are p50 / p95 of successes, with the 95% interval in the title of each cell.</p>
</body></html>
"""


def _text(text: str) -> str:
    return escape(visible(text, limit=200))


def _charts(limits: str) -> tuple[tuple[str, Value], ...]:
    def time(name: str, q: str) -> Value:
        return lambda point: point.times[name][q].value

    return (
        ("Throughput, requests/s", lambda point: point.throughput),
        (f"Goodput{limits}, requests/s", lambda point: point.goodput),
        ("TTFT p95, ms", time("ttft", "p95")),
        ("TPOT p50, ms", time("tpot", "p50")),
        ("Response time p95, ms", time("response", "p95")),
        ("Output, tokens/s in all", lambda point: point.token_rate),
    )


def _chart(by_name: dict[str, list[Point]], value: Value, title: str) -> str:
    """One line per provider over the levels, spaced evenly; a ring marks where it saturates."""
    levels = sorted({point.level.value for own in by_name.values() for point in own})
    top = max((found for own in by_name.values() for p in own if (found := value(p)) is not None), default=0.0) or 1.0
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(levels) - 1)

    def x(level: float) -> float:
        return _LEFT + step * levels.index(level)

    def y(found: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * found / top

    parts = [f'<line x1="{_LEFT}" y1="{y(0):.1f}" x2="{_WIDTH}" y2="{y(0):.1f}" stroke="#999"/>']
    for share in (0, 0.5, 1):
        parts.append(f'<text x="{_LEFT - 6}" y="{y(top * share) + 4:.1f}" text-anchor="end">{top * share:.3g}</text>')
    for level in levels:
        parts.append(f'<text x="{x(level):.1f}" y="{_HEIGHT - 20}" text-anchor="middle">{level:g}</text>')
    for number, (name, own) in enumerate(by_name.items()):
        places = [(x(p.level.value), y(found)) for p in own if (found := value(p)) is not None]
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
        line = " ".join(f"{px:.1f},{py:.1f}" for px, py in places)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="3" fill="{colour}"/>' for px, py in places]
        full = saturation(own)
        if full is not None and (found := value(full)) is not None:
            ring = f'cx="{x(full.level.value):.1f}" cy="{y(found):.1f}"'
            parts.append(f'<circle {ring} r="7" fill="none" stroke="{colour}"><title>saturates here</title></circle>')
        parts.append(
            f'<text x="{_LEFT + 8}" y="{_TOP + 14 * (number + 1)}" style="fill:{colour}">— {_text(name)}</text>'
        )
    inside = "".join(parts)
    label = f"{_text(title)} over levels of load"
    return f'<svg role="img" aria-label="{label}" width="{_WIDTH}" height="{_HEIGHT}">{inside}</svg>'


def _table(by_name: dict[str, list[Point]], limits: str) -> str:
    heads = (
        "provider",
        "level",
        "ok",
        "requests/s",
        f"good{limits}",
        "good/s",
        "TTFT ms",
        "TPOT ms",
        "e2e ms",
        "tokens/s",
    )
    rows = []
    for name, own in by_name.items():
        for p in own:
            cells = [_text(p.level.name), f"{p.ok}/{p.attempted}", f"{p.throughput:.3g}", f"{p.good}/{p.attempted}"]
            cells += [
                f"{p.goodput:.3g}",
                *(_pair(p.times[time]) for time in ("ttft", "tpot", "e2e")),
                f"{p.token_rate:.3g}",
            ]
            rows.append(f"<tr><td>{_text(name)}</td>{''.join(_cell(cell) for cell in cells)}</tr>")
    head = "".join(f"<th>{_text(head)}</th>" for head in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cell(content: str) -> str:
    return content if content.startswith("<td") else f"<td>{content}</td>"


def _pair(found: dict[str, Estimate]) -> str:
    p50, p95 = found["p50"], found["p95"]
    if p50.value is None or p95.value is None:
        return f'<td title="{escape(p50.note)}">n/a</td>'
    ends = "; ".join(
        f"{label} {e.low or 0:.3g}–{e.high or float('inf'):.3g}" for label, e in (("p50", p50), ("p95", p95))
    )
    return f'<td title="{escape(ends)}, n = {p50.n}">{p50.value:.3g} / {p95.value:.3g}</td>'
