"""The deadlines of all requests under way, with one timer of the event loop for all of them."""

from __future__ import annotations

import asyncio
import math
import time

import anyio

_EARLY = 0.001
"""Seconds by which a timer may fire early: uvloop counts in milliseconds."""


class Deadlines:
    """Cancels scopes when their time is over. Nearly all of them end before, and a timer for each of them takes longer
    than to send its request.
    """

    def __init__(self) -> None:
        self._scopes: dict[anyio.CancelScope, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._at = math.inf
        """When the timer fires; no deadline is earlier."""

    def set(self, scope: anyio.CancelScope, when: float) -> None:
        """Cancel a scope at this time, by ``time.monotonic``, in place of the time that was set before."""
        self._scopes[scope] = when
        if when < self._at:
            self._start_timer(when)

    def remove(self, scope: anyio.CancelScope) -> None:
        """The scope has ended."""
        self._scopes.pop(scope, None)

    def close(self) -> None:
        """Cancel nothing more."""
        self._scopes.clear()
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
        for scope in [scope for scope, when in self._scopes.items() if when <= now]:
            del self._scopes[scope]
            scope.cancel()
        if self._scopes:
            self._start_timer(min(self._scopes.values()))
