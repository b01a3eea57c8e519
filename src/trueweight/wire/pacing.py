"""When the next request to a provider may start: its own pace, and an open loop's schedule."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from enum import StrEnum


class Pacer:
    """Spaces a provider's starts evenly, so that no minute has more of them than it allows."""

    def __init__(self, requests_per_minute: float | None, clock: Callable[[], int]) -> None:
        """None is no limit. ``clock`` returns monotonic nanoseconds."""
        self._interval = 0 if requests_per_minute is None else round(60e9 / requests_per_minute)
        self._clock = clock
        self._next: int | None = None
        self._held = 0.0

    def left(self) -> float:
        """Seconds until the next free start, which is not taken."""
        return 0.0 if self._next is None else max(0, self._next - self._clock()) / 1e9

    def take(self) -> float:
        """Take the next free start. Returns the seconds until it."""
        now = self._clock()
        start = now if self._next is None else max(now, self._next)
        self._next = start + self._interval
        return (start - now) / 1e9

    def hold(self, seconds: float) -> float:
        """Allow no start for so many seconds. A Retry-After holds for all of a client's requests.

        Returns the seconds by which starts are later than they would be without this call.
        """
        now = self._clock()
        before = now if self._next is None else max(now, self._next)
        until = now + round(seconds * 1e9)
        self._next = until if self._next is None else max(self._next, until)
        later = max(0, until - before) / 1e9
        self._held += later
        return later

    def held_too_long(self, most: float) -> str:
        """Why to stop a provider that asked to wait more than ``most`` seconds in all; "" if it did not."""
        if self._held <= most:
            return ""
        return f"rate-limited: it asked to wait {self._held:.0f} s in all, and a run waits at most {most:.0f} s"


class ArrivalKind(StrEnum):
    """How an open loop spaces its starts.

    ``constant``: evenly. ``poisson``: like independent users, with exponential gaps of the same mean.
    """

    POISSON = "poisson"
    CONSTANT = "constant"


def arrivals(rate: float, kind: ArrivalKind, start: int, rng: random.Random) -> Iterator[int]:
    """The intended starts of an open loop: monotonic nanoseconds, ``rate`` a second, from ``start``, without end."""
    seconds = 0.0
    while True:
        if kind is ArrivalKind.POISSON:
            seconds += rng.expovariate(rate)
        yield start + round(seconds * 1e9)
        if kind is ArrivalKind.CONSTANT:
            seconds += 1.0 / rate
