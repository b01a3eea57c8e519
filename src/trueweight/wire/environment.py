"""What the wire needs from outside the program, passed in so that tests need no patching and no waiting (law 9)."""

from __future__ import annotations

import random
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
import httpx

from trueweight.core import Provider


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
    """

    clock: Callable[[], int] = time.monotonic_ns
    now: Callable[[], datetime] = _now
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    rng: random.Random = field(default_factory=random.Random)
    transport: Callable[[Provider], httpx.AsyncBaseTransport | None] = _default_transport
    proxies: Callable[[], Mapping[str, str]] = urllib.request.getproxies
