"""When the next request to a provider may start."""

from __future__ import annotations

from collections.abc import Callable


class Pacer:
    """Evenly spaced starts, so that no minute sees more than allowed; and pauses that a server asks for."""

    def __init__(self, requests_per_minute: float | None, clock: Callable[[], int]) -> None:
        self._interval = 0 if requests_per_minute is None else round(60e9 / requests_per_minute)
        self._clock = clock
        self._next: int | None = None

    def take(self) -> float:
        """Take the next free start; seconds from now until it."""
        now = self._clock()
        start = now if self._next is None else max(now, self._next)
        self._next = start + self._interval
        return (start - now) / 1e9

    def hold(self, seconds: float) -> None:
        """No start before then: a Retry-After is meant for all of a client's requests."""
        until = self._clock() + round(seconds * 1e9)
        self._next = until if self._next is None else max(self._next, until)
