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
    """The first level from which more load brings hardly any more throughput; None if each one up to the last did.

    Between two levels the load grows by a factor and so should throughput; where it grows by less than a tenth of
    that, the lower one is where it saturates. A level at which this client was the bottleneck says nothing.
    """
    fair = [point for point in sorted(points, key=lambda point: point.level) if not point.mostly_client_limited]
    for lower, higher in pairwise(fair):
        expected = higher.level / lower.level - 1
        if lower.throughput and higher.throughput / lower.throughput - 1 < GAIN * expected:
            return lower
    return None


def best(points: Sequence[LoadPoint]) -> LoadPoint | None:
    """The level of most goodput."""
    return max(points, key=lambda point: (point.goodput or 0.0, -point.level), default=None)


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
