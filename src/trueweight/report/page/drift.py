"""Drift drawn: the effect against the tolerated band, the rungs it is consistent with, and how the evidence grew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.report.axes import Axis, Mark, Tick, axis, mark
from trueweight.report.numbers import span, write

HEIGHT: Final = 40.0
_EVIDENCE: Final = Axis(0.01, 10_000.0, log=True, start=HEIGHT - 1, end=1.0)
_WORDS: Final = {
    "drift": ("✕", "drift", "avoid"),
    "equivalent": ("✓", "same", "use"),
    "inconclusive": ("?", "open", "undecided"),
    "misconfigured": ("?", "not comparable", "undecided"),
}


class DriftRow(NamedTuple):
    """One candidate. ``band`` is what its mode tolerates, ``ladder`` where the recorded rungs stand on the axis."""

    provider: str
    mark: str
    word: str
    css: str
    effect: str
    interval: str
    drawn: Mark | None
    band: tuple[float, float]
    ladder: tuple[float, ...]
    evidence: str
    wealth: str
    rungs: tuple[tuple[str, bool], ...]
    asked: str
    words: str
    findings: tuple[str, ...]


class Drifts(NamedTuple):
    """All candidates on one axis; ``bar`` is the height at which evidence decides."""

    ticks: tuple[Tick, ...]
    zero: float
    taus: str
    alpha: str
    bar: float
    rows: tuple[DriftRow, ...]


def _wealth(values: Sequence[float]) -> str:
    across = Axis(0.0, max(1.0, len(values)))
    points = [(0.0, 1.0), *((i + 1.0, value) for i, value in enumerate(values))]
    return " ".join(f"{across.at(i)},{_EVIDENCE.at(value)}" for i, value in points) if values else ""


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


def _rungs(found: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    """Every rung of the ladder, finest first, and whether the candidate may be it."""
    fitting = [str(rung) for rung in found.get("rungs") or ()]
    every = [str(one["rung"]) for one in found.get("ladder") or ()] or fitting
    return tuple((rung, rung in fitting) for rung in every)


def _ladder(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    effects = [one.get("effect") or {} for one in found.get("ladder") or ()]
    return [effect for effect in effects if effect.get("value") is not None]


def _row(name: str, found: Mapping[str, Any], scale: Axis) -> DriftRow:
    glyph, word, css = _WORDS.get(str(found.get("verdict")), _WORDS["inconclusive"])
    effect = found.get("effect") or {}
    value, tau = effect.get("value"), float(found.get("tau") or 0.0)
    return DriftRow(
        name,
        glyph,
        word,
        css,
        "n/a" if value is None else write(value, "", 3),
        span({**effect, "unit": ""}, 3) if value is not None else "",
        mark(scale, effect),
        (scale.at(-tau), scale.at(tau)),
        tuple(scale.at(one["value"]) for one in _ladder(found)),
        _evidence(found.get("e_value", 0.0)),
        _wealth(found.get("wealth") or ()),
        _rungs(found),
        _asked(found),
        str(found.get("words") or ""),
        tuple(map(str, found.get("findings") or ())),
    )


def drifts(summary: Mapping[str, Any], order: Sequence[str]) -> Drifts | None:
    """Lay out the drawings; None if drift was not measured."""
    found = {name: summary["providers"][name]["drift"] for name in order if summary["providers"][name].get("drift")}
    if not found:
        return None
    taus = sorted({float(one.get("tau") or 0.0) for one in found.values()})
    alpha = float(next(iter(found.values())).get("alpha") or 0.05)
    effects = [one["effect"] for one in found.values() if one.get("effect")]
    rungs = [{**effect, "low": None, "high": None} for one in found.values() for effect in _ladder(one)]
    scale = axis([*effects, *rungs, {"value": taus[-1], "low": -taus[-1], "unit": "difference"}], log=False)
    if scale is None:
        return None
    rows = tuple(_row(name, one, scale) for name, one in found.items())
    words = " or ".join(dict.fromkeys(f"{tau:.2g}" for tau in taus))
    return Drifts(scale.ticks(), scale.at(0.0), words, f"{alpha:g}", _EVIDENCE.at(1 / alpha), rows)
