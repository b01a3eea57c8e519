"""What a sweep comes to: where a provider saturates, and the whole of it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from trueweight.workflow.load.measured import Point
from trueweight.workflow.load.slo import Slo

FORMAT = "trueweight.load/1"
GAIN = 0.1
"""A level that brings less than this share of the throughput that its extra load should have brought brings nothing."""


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


def sentence(points: Sequence[Point], slo: Slo) -> str:
    """What the curve of one provider says, in plain words."""
    top, full = best(points), saturation(points)
    if top is None or not top.good:
        return "no request met the limits at any level" if slo.limits else "no request succeeded at any level"
    most = f"most goodput at {top.level.name}: {top.goodput:.3g} good requests/s, {top.good} of {top.attempted}"
    if full is None:
        return f"{most}; not saturated up to the highest level"
    return f"{most}; saturates at {full.level.name} ({full.throughput:.3g} requests/s)"


def as_json(points: Sequence[Point], slo: Slo, *, suite: str, requests: int, seed: int) -> dict[str, Any]:
    """The form of ``load.json``."""
    names = sorted({point.provider for point in points})
    by_name = {name: [point for point in points if point.provider == name] for name in names}
    return {
        "format": FORMAT,
        "suite": suite,
        "requests_per_level": requests,
        "seed": seed,
        "slo_ms": dict(slo.limits),
        "points": [point.as_json() for point in points],
        "providers": {
            name: {
                "saturates_at": None if (full := saturation(own)) is None else full.level.value,
                "most_goodput_at": None if (top := best(own)) is None else top.level.value,
                "sentence": sentence(own, slo),
            }
            for name, own in by_name.items()
        },
    }
