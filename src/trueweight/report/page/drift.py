"""Drift drawn: the effect against the tolerated band, the rungs it is consistent with, and how the evidence grew."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.report.numbers import span, write
from trueweight.report.page.charts import Axis, Mark, Tick, axis, mark

HEIGHT: Final = 40.0
_DECADES: Final = (-2.0, 4.0)
_WORDS: Final = {
    "drift": ("✕", "drift", "avoid"),
    "equivalent": ("✓", "same", "use"),
    "inconclusive": ("?", "open", "undecided"),
    "misconfigured": ("?", "not comparable", "undecided"),
}


class DriftRow(NamedTuple):
    """One candidate."""

    provider: str
    mark: str
    word: str
    css: str
    effect: str
    interval: str
    drawn: Mark | None
    evidence: str
    wealth: str
    rungs: tuple[tuple[str, bool], ...]
    asked: str
    words: str
    findings: tuple[str, ...]


class Drifts(NamedTuple):
    """All candidates on one axis; ``band`` is what is tolerated, ``bar`` the height at which evidence decides."""

    ticks: tuple[Tick, ...]
    band: tuple[float, float]
    zero: float
    tau: str
    alpha: str
    bar: float
    rows: tuple[DriftRow, ...]


def _height(value: float) -> float:
    low, high = _DECADES
    share = (math.log10(max(value, 1e-12)) - low) / (high - low)
    return round(HEIGHT - 1 - (HEIGHT - 2) * min(1.0, max(0.0, share)), 2)


def _wealth(values: Sequence[float]) -> str:
    across = Axis(0.0, max(1.0, len(values)), log=False, unit="")
    points = [(0.0, 1.0), *((i + 1.0, value) for i, value in enumerate(values))]
    return " ".join(f"{across.x(i)},{_height(value)}" for i, value in points) if values else ""


def _evidence(value: float) -> str:
    return f"{value:,.0f}" if 100 <= value < 1e6 else f"{value:.2g}"


def _asked(found: Mapping[str, Any]) -> str:
    parts = [f"{found.get('prompts', 0)} prompts, {found.get('requests', 0)} requests"]
    if found.get("cost") is not None:
        parts.append(f"${found['cost']:.4f}")
    if found.get("mode"):
        parts.append(f"by {found['mode']}")
    parts += [f"{count} {why}" for why, count in sorted((found.get("missing") or {}).items())]
    return ", ".join(parts)


def _ladder(found: Mapping[str, Any], every: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    fitting = set(found.get("rungs") or ())
    return tuple((rung, rung in fitting) for rung in every) if fitting else ()


def _row(name: str, found: Mapping[str, Any], scale: Axis | None, ladder: Sequence[str]) -> DriftRow:
    glyph, word, css = _WORDS.get(str(found.get("verdict")), _WORDS["inconclusive"])
    effect = found.get("effect") or {}
    value = effect.get("value")
    return DriftRow(
        name,
        glyph,
        word,
        css,
        "n/a" if value is None else write(value, "", 3),
        span({**effect, "unit": ""}, 3) if value is not None else "",
        mark(scale, effect),
        _evidence(found.get("e_value", 0.0)),
        _wealth(found.get("wealth") or ()),
        _ladder(found, ladder),
        _asked(found),
        str(found.get("words") or ""),
        tuple(map(str, found.get("findings") or ())),
    )


def drifts(summary: Mapping[str, Any], order: Sequence[str]) -> Drifts | None:
    """Lay out the drawings; None if drift was not measured."""
    found = {name: summary["providers"][name]["drift"] for name in order if summary["providers"][name].get("drift")}
    if not found:
        return None
    first = next(iter(found.values()))
    tau, alpha = float(first.get("tau") or 0.0), float(first.get("alpha") or 0.05)
    effects = [one["effect"] for one in found.values() if one.get("effect")]
    scale = axis([*effects, {"value": tau, "low": -tau, "unit": "difference"}], log=False)
    ladder: list[str] = []
    for one in found.values():
        ladder += [rung for rung in one.get("rungs") or () if rung not in ladder]
    rows = tuple(_row(name, one, scale, ladder) for name, one in found.items())
    if scale is None:
        return None
    band = (scale.x(-tau), scale.x(tau))
    return Drifts(scale.ticks(), band, scale.x(0.0), f"{tau:g}", f"{alpha:g}", _height(1 / alpha), rows)
