"""The deadlines of all requests under way, with one timer of the event loop for all of them."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Protocol

_EARLY = 0.001
"""Seconds by which a timer may fire early: uvloop counts in milliseconds."""


class Cancellable(Protocol):
    """What a deadline ends: an attempt, or a scope of anyio."""

    def cancel(self) -> None:
        """End it early."""


class Deadlines:
    """Cancels attempts when their time is over. Nearly all of them end before, and a timer for each of them takes
    longer than to send its request.
    """

    def __init__(self) -> None:
        self._ends: dict[Cancellable, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._at = math.inf
        """When the timer fires; no deadline is earlier."""

    def set(self, one: Cancellable, when: float) -> None:
        """Cancel an attempt at this time, by ``time.monotonic``, in place of the time that was set before."""
        self._ends[one] = when
        if when < self._at:
            self._start_timer(when)

    def remove(self, one: Cancellable) -> None:
        """The attempt has ended."""
        self._ends.pop(one, None)

    def close(self) -> None:
        """Cancel nothing more."""
        self._ends.clear()
        self._expire()

    def _start_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._at = when
        self._timer = asyncio.get_running_loop().call_later(max(0.0, when - time.monotonic()), self._expire)

    def _expire(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = None, math.inf
        now = time.monotonic() + _EARLY
        for one in [one for one, when in self._ends.items() if when <= now]:
            del self._ends[one]
            one.cancel()
        if self._ends:
            self._start_timer(min(self._ends.values()))
