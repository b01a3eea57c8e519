"""Drift as drawings: the effect and the tolerated band, the rungs it is consistent with, and how the e-value grew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from trueweight.core import Drift, DriftVerdict, Estimate
from trueweight.core.assessment import Recommendation
from trueweight.core.summary import Summary
from trueweight.report.axes import Axis, Mark, Tick, axis, mark, without_interval
from trueweight.report.numbers import NONE, dollars, significant, span, write
from trueweight.report.words import DRIFT_WORDS, MARKS, drift_words, finding_words, grade_words

HEIGHT: Final = 40.0
_EVIDENCE: Final = Axis(0.01, 10_000.0, log=True, start=HEIGHT - 1, end=1.0)
_LIKE: Final = {
    DriftVerdict.DRIFT: Recommendation.AVOID,
    DriftVerdict.EQUIVALENT: Recommendation.USE,
    DriftVerdict.INCONCLUSIVE: Recommendation.UNDECIDED,
    DriftVerdict.MISCONFIGURED: Recommendation.UNDECIDED,
}
"""The recommendation whose mark and colour a verdict has."""


class DriftRow(NamedTuple):
    """One candidate; positions are on the shared axis.

    Attributes:
        css: the recommendation whose colour the verdict has.
        band: ends of the tolerance of its mode.
        ladder: positions of the recorded rungs.
        wealth: points of the polyline of e-values over prompts.
        rungs: name of each rung, and whether the candidate is consistent with it.
        sent: prompts, requests, cost and mode, in words.
    """

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
    sent: str
    words: str
    findings: tuple[str, ...]


class Drifts(NamedTuple):
    """All candidates on one axis; ``bar`` is the height of 1/α, where the e-value decides."""

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


def _sent(found: Drift) -> str:
    parts = [f"{found.prompts} prompts, {found.requests} requests"]
    if found.cost is not None:
        parts.append(dollars(found.cost))
    if found.mode is not None:
        parts.append(f"by {found.mode.value}")
    parts += [f"{count} {why}" for why, count in sorted(found.missing.items())]
    return ", ".join(parts)


def _rungs(found: Drift) -> tuple[tuple[str, bool], ...]:
    """Every rung of the ladder of precisions, finest first, and whether the candidate may be it."""
    every = [one.rung for one in found.ladder] or list(found.rungs)
    return tuple((rung, rung in found.rungs) for rung in every)


def _ladder(found: Drift) -> list[Estimate]:
    return [one.effect for one in found.ladder if one.effect.value is not None]


def _row(name: str, found: Drift, scale: Axis) -> DriftRow:
    like = _LIKE[found.verdict]
    effect = msgspec.structs.replace(found.effect, unit="")
    return DriftRow(
        name,
        MARKS[like],
        grade_words(found) or DRIFT_WORDS[found.verdict],
        like.value,
        NONE if effect.value is None else write(effect.value, "", 3),
        span(effect, 3) if effect.value is not None else "",
        mark(scale, effect),
        (scale.at(-found.tau), scale.at(found.tau)),
        tuple(scale.at(one.value) for one in _ladder(found) if one.value is not None),
        _evidence(found.e_value),
        _wealth(found.wealth),
        _rungs(found),
        _sent(found),
        drift_words(found),
        tuple(map(finding_words, found.findings)),
    )


def drifts(summary: Summary, order: Sequence[str]) -> Drifts | None:
    """Lay out the drawings; None if drift was not measured."""
    found = {name: drift for name in order if (drift := summary.providers[name].drift) is not None}
    if not found:
        return None
    taus = sorted({one.tau for one in found.values()})
    alpha = next(iter(found.values())).alpha
    effects = [one.effect for one in found.values()]
    rungs = [without_interval(effect) for one in found.values() for effect in _ladder(one)]
    band = Estimate(taus[-1], -taus[-1], None, 1, "difference", "")
    scale = axis([*effects, *rungs, band], log=False)
    if scale is None:
        return None
    rows = tuple(_row(name, one, scale) for name, one in found.items())
    words = " or ".join(dict.fromkeys(significant(tau) for tau in taus))
    return Drifts(scale.ticks(), scale.at(0.0), words, f"{alpha:g}", _EVIDENCE.at(1 / alpha), rows)
