"""Work whose cost grows with a body, away from the event loop.

Bytes of other providers are stamped when they arrive, so the loop never waits for one large response. Small bodies stay
on the loop: a thread costs more than they do.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

LARGE = 64 * 1024
"""Bytes from which a body is handled in a thread."""
_SWITCH = 0.0005
"""Seconds after which a busy thread lets the event loop run; Python's own is ten times as long."""

T = TypeVar("T")


class Background:
    """Threads of a run: one for each provider, so that one provider's bodies never queue before another's."""

    def __init__(self) -> None:
        self._limits: defaultdict[str, CapacityLimiter] = defaultdict(lambda: CapacityLimiter(1))

    async def run(self, provider: str, work: Callable[[], T]) -> T:
        """The result of ``work``, which runs in a thread. A cancellation waits for it: what arrived is recorded."""
        with anyio.CancelScope(shield=True):
            return await run_sync(work, limiter=self._limits[provider])
        raise AssertionError("unreachable: a shielded scope is not cancelled")


@contextmanager
def responsive_loop() -> Iterator[None]:
    """Threads give way to the event loop after half a millisecond."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SWITCH))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
