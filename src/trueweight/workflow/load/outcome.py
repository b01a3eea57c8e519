"""The result of a sweep: where each provider saturates, and all of it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from trueweight.report.load import LoadCurve, load_sentence
from trueweight.workflow.load.measured import Point
from trueweight.workflow.load.slo import Slo

FORMAT = "trueweight.load/1"
GAIN = 0.1
"""A level saturates a provider if it adds less than this share of the throughput that its extra load should add."""


def saturation(points: Sequence[Point]) -> Point | None:
    """The first level from which more load brings hardly any more throughput; None if each one up to the last did.

    Between two levels the load grows by a factor and so should throughput; where it grows by less than a tenth of
    that, the lower one is where it saturates. A level at which this client was the bottleneck says nothing.
    """
    fair = [point for point in sorted(points, key=lambda point: point.level.value) if not _ours(point)]
    for lower, higher in pairwise(fair):
        expected = higher.level.value / lower.level.value - 1
        if lower.throughput and higher.throughput / lower.throughput - 1 < GAIN * expected:
            return lower
    return None


def _ours(point: Point) -> bool:
    return point.limited * 2 > point.attempted


def best(points: Sequence[Point]) -> Point | None:
    """The level of most goodput."""
    return max(points, key=lambda point: (point.goodput, -point.level.value), default=None)


def curves(points: Sequence[Point]) -> list[LoadCurve]:
    """One curve per provider, by name, for the report."""
    names = sorted({point.provider for point in points})
    found = []
    for name in names:
        own = sorted((point for point in points if point.provider == name), key=lambda point: point.level.value)
        found.append(LoadCurve(name, own, best(own), saturation(own)))
    return found


def as_json(points: Sequence[Point], slo: Slo, *, suite: str, requests: int, seed: int) -> dict[str, Any]:
    """The form of ``load.json``."""
    return {
        "format": FORMAT,
        "suite": suite,
        "requests_per_level": requests,
        "seed": seed,
        "slo_ms": dict(slo.limits),
        "points": [point.as_json() for point in points],
        "providers": {
            curve.provider: {
                "saturates_at": None if curve.saturation is None else curve.saturation.level.value,
                "most_goodput_at": None if curve.best is None else curve.best.level.value,
                "sentence": load_sentence(curve, str(slo)),
            }
            for curve in curves(points)
        },
    }
