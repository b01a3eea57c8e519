"""What the wire needs from outside the program, passed in so that tests need no patching and no waiting (law 9);
and the event loop that it runs on.
"""

from __future__ import annotations

import importlib.util
import random
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import anyio
import httpx

from trueweight.core import Provider
from trueweight.core.steps import rare_garbage_collection
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


def run_loop(main: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine to its end: on uvloop if it is there, which wakes up sooner and costs less, else on asyncio."""
    has_uvloop = importlib.util.find_spec("uvloop") is not None
    with rare_garbage_collection(freeze=True):
        return anyio.run(main, backend_options={"use_uvloop": has_uvloop})
