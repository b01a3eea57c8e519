"""Open loop: when requests ought to start, whatever has become of those before them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import StrEnum


class ArrivalKind(StrEnum):
    """``constant``: evenly spaced. ``poisson``: as independent users come, with exponential gaps of the same mean."""

    POISSON = "poisson"
    CONSTANT = "constant"


def arrivals(rate: float, kind: ArrivalKind, start: int, rng: random.Random) -> Iterator[int]:
    """Intended starts, monotonic nanoseconds from ``start`` on, ``rate`` a second; endless."""
    seconds = 0.0
    while True:
        if kind is ArrivalKind.POISSON:
            seconds += rng.expovariate(rate)
        yield start + round(seconds * 1e9)
        if kind is ArrivalKind.CONSTANT:
            seconds += 1.0 / rate
