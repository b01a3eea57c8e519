"""Distributions of times, and the course of a run in 24 stretches: the data of the report's drawings."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from trueweight.assess.observations import UNFINISHED
from trueweight.core import SEVERE, Observation
from trueweight.core.summary import Distribution, TimeBin, TimeCourse
from trueweight.metrics.table import holds

BINS = 24
_PERCENTS = np.linspace(0, 1, 101)
_NS_PER_MS = 1e6


def distributions(observations: Iterable[Observation]) -> dict[str, Distribution]:
    """All 101 percentiles (type 7, milliseconds) of time to first token and of the whole reply, with n; and of the time
    to the first token of the answer, if a thought came before any.

    Requests during which this client was too busy are left out. A time that no request defines has no entry.
    """
    timings = [seen.timing for seen in observations if seen.timing and not seen.client_limited]
    times = {
        "ttft": [timing.ttft for timing in timings if timing.ttft is not None],
        "e2e": [timing.service for timing in timings if timing.service is not None],
    }
    if any(timing.thinking is not None for timing in timings):
        times["ttfo"] = [timing.ttfo for timing in timings if timing.ttfo is not None]
    return {
        name: Distribution(len(values), tuple(_short(v / _NS_PER_MS) for v in np.quantile(values, _PERCENTS)))
        for name, values in times.items()
        if values
    }


def window(observations: Iterable[Observation]) -> tuple[float, float]:
    """First and last scheduled start of a run, as seconds since the epoch; zeros if there is none."""
    starts = array("d", (_seconds(seen) for seen in observations if seen.started_at))
    return (min(starts), max(starts)) if starts else (0.0, 0.0)


def over_time(observations: Sequence[Observation], start: float, end: float) -> TimeCourse:
    """What a provider did in each 24th of the run, by scheduled start; stretches without a request are left out."""
    width = (end - start) / BINS or 1.0
    rows: list[list[Observation]] = [[] for _ in range(BINS)]
    for seen in observations:
        if seen.started_at:
            rows[min(BINS - 1, int((_seconds(seen) - start) / width))].append(seen)
    return TimeCourse(_short(width), tuple(_bin(_short(i * width), seen) for i, seen in enumerate(rows) if seen))


def _bin(at: float, rows: Sequence[Observation]) -> TimeBin:
    timings = [seen.timing for seen in rows if seen.timing and not seen.client_limited]
    return TimeBin(
        at=at,
        trials=len(rows),
        first_failed=sum(not seen.first_ok and not _refused_rightly(seen) for seen in rows if not _own(seen)),
        lost=sum(not seen.arrived for seen in rows if not _own(seen)),
        ttft=_median([timing.ttft for timing in timings if timing.ttft is not None]),
        e2e=_median([timing.service for timing in timings if timing.service is not None]),
    )


def _own(seen: Observation) -> bool:
    """Whether this client ended the trial, by a stop or by one of its limits: the provider lost nothing."""
    return seen.failure is not None and seen.failure.value in UNFINISHED


def _refused_rightly(seen: Observation) -> bool:
    """Whether the refusal that a case demands came at the first attempt, which success rates count as a success."""
    return seen.arrived and not seen.ok and seen.attempts == 1 and holds(seen, SEVERE) == 1


def _median(values: Sequence[int]) -> float | None:
    return _short(float(np.median(values)) / _NS_PER_MS) if values else None


def _seconds(seen: Observation) -> float:
    return datetime.fromisoformat(seen.started_at).timestamp()


def _short(value: float) -> float:
    """Four significant digits: more than a drawing shows, and the same bytes on any machine."""
    return float(f"{value:.4g}")
