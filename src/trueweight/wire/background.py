"""Work whose cost grows with a body, away from the event loop.

Bytes of other providers are stamped when they arrive, so the loop never waits for one large response. Small bodies stay
on the loop: a thread costs more than they do. The search for keys in a very large one, or one that is compressed, is
done in another process: it has steps of C code that would hold up every thread of this one.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import anyio
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from trueweight.redaction import SearchProcess

LARGE = 64 * 1024
"""Bytes from which a body is handled in a thread."""
VERY_LARGE = 256 * 1024
"""Bytes from which a body is searched in another process: a search of fewer holds up the loop for a millisecond."""
MANY_CHUNKS = 5_000
"""Chunks from which a body is handled in a thread, however small it is."""
_SWITCH = 0.0005
"""Seconds after which a busy thread lets the event loop run; Python's own is ten times as long."""

T = TypeVar("T")


class Background:
    """Threads and processes of a run: one for each provider, so that no provider's bodies queue before another's.

    A provider without very large or compressed bodies has no process.
    """

    def __init__(self, keys: Sequence[str] = ()) -> None:
        """``keys`` are searched for in the processes."""
        self._limits: defaultdict[str, CapacityLimiter] = defaultdict(lambda: CapacityLimiter(1))
        self._searches: defaultdict[str, SearchProcess] = defaultdict(lambda: SearchProcess(keys))

    def search_of(self, provider: str) -> SearchProcess:
        """The provider's process, which starts with its first body."""
        return self._searches[provider]

    def close(self) -> None:
        """End the processes."""
        for search in self._searches.values():
            search.close()

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
