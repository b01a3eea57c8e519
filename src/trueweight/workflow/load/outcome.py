"""The result of a sweep: where each provider saturates, and all of it as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from trueweight.core.load_result import LoadPoint, LoadResult, ProviderLoad
from trueweight.report.load import LoadCurve
from trueweight.workflow.load.slo import Slo

GAIN = 0.1
"""A level saturates a provider if it adds less than this share of the throughput that its extra load should add."""


def saturation(points: Sequence[LoadPoint]) -> LoadPoint | None:
    """The first level from which no higher one brings much more throughput; None if there is none below the last.

    From one level to the next the load grows by a factor, and so should throughput, from the highest so far; where it
    grows by less than a tenth of that at each higher level, the first one is where it saturates. A level at which this
    client was the bottleneck, or that was not sent as planned, says nothing.
    """
    fair = [point for point in sorted(points, key=lambda point: point.level) if point.measures_provider]
    return next((low for at, low in enumerate(fair[:-1]) if low.throughput and _is_highest(fair[at:])), None)


def _is_highest(points: Sequence[LoadPoint]) -> bool:
    """Whether no level after the first brings a share of what its extra load should."""
    most = points[0].throughput
    for lower, higher in pairwise(points):
        if higher.throughput / most - 1 >= GAIN * (higher.level / lower.level - 1):
            return False
        most = max(most, higher.throughput)
    return True


def best(points: Sequence[LoadPoint]) -> LoadPoint | None:
    """The level of most goodput, of those that measure the provider."""
    fair = [point for point in points if point.measures_provider]
    return max(fair, key=lambda point: (point.goodput or 0.0, -point.level), default=None)


def curves(points: Sequence[LoadPoint]) -> list[LoadCurve]:
    """One curve per provider, by name, for the report."""
    names = sorted({point.provider for point in points})
    found = []
    for name in names:
        own = sorted((point for point in points if point.provider == name), key=lambda point: point.level)
        found.append(LoadCurve(name, own, best(own), saturation(own)))
    return found


def load_result(points: Sequence[LoadPoint], slo: Slo, *, suite: str, requests: int, seed: int) -> LoadResult:
    """The whole sweep, rounded as it is published.

    Args:
        requests: sent at each level.
    """
    return LoadResult(
        suite=suite,
        requests_per_level=requests,
        seed=seed,
        slo_ms=dict(slo.limits),
        points=tuple(point.rounded() for point in points),
        providers={
            curve.provider: ProviderLoad(
                saturates_at=None if curve.saturation is None else curve.saturation.level,
                most_goodput_at=None if curve.best is None else curve.best.level,
            )
            for curve in curves(points)
        },
    )


def load_text(result: LoadResult) -> str:
    """The text of ``load.json``: ASCII, sorted keys."""
    return json.dumps(msgspec.to_builtins(result), indent=1, sort_keys=True) + "\n"
