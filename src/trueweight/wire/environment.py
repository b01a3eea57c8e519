"""What the wire needs from outside the program, passed in so that tests need no patching and no waiting (law 9);
and the event loop that it runs on.
"""

from __future__ import annotations

import gc
import importlib.util
import random
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import anyio
import httpx

from trueweight.core import Provider
from trueweight.wire.health import LoopWatch


def _now() -> datetime:
    return datetime.now(UTC)


def _default_transport(_: Provider) -> httpx.AsyncBaseTransport | None:
    return None


@dataclass(frozen=True)
class Environment:
    """Clocks, sleep, randomness, transports and proxies.

    Attributes:
        clock: monotonic nanoseconds, for stamps.
        now: wall clock, for ``started_at`` and for a Retry-After that is a date.
        sleep: for deliberate waits. Time-outs use real time, because they guard against a real network.
        rng: for the jitter of back-off.
        transport: makes the transport for one provider; None takes the one that the settings choose.
        proxies: reads the environment's proxies: ``http``, ``https``, ``all`` and ``no``.
        watch: makes the watch that tells a late event loop from a slow provider.
    """

    clock: Callable[[], int] = time.monotonic_ns
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    rng: random.Random = field(default_factory=random.Random)
    transport: Callable[[Provider], httpx.AsyncBaseTransport | None] = _default_transport
    proxies: Callable[[], Mapping[str, str]] = urllib.request.getproxies
    watch: Callable[[], LoopWatch] = LoopWatch


T = TypeVar("T")

_GC_THRESHOLDS = (20_000, 20, 100)


def run_loop(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine to its end: on uvloop if it is there, which wakes up sooner and costs less, else on asyncio."""
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    with _rare_garbage_collection():
        return anyio.run(main, backend_options={"use_uvloop": has_uvloop})


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Search for reference cycles thirty times less often, and not in what is there already: the plan of a large run.

    Nearly all that a request leaves is freed without a search, and the searches take an eighth of a request's time, in
    pauses that would show in stamps.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
