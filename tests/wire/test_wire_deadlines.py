"""One timer for the deadlines of all requests: each is kept, whatever becomes of the others."""

from __future__ import annotations

import math
import time

import anyio
import pytest

from trueweight.core import FailureKind
from trueweight.wire.capture import Capture
from trueweight.wire.deadlines import Deadlines
from trueweight.wire.health import LoopWatch
from trueweight.wire.http1 import StoppedError
from trueweight.wire.settings import WireSettings


def test_each_deadline_is_kept() -> None:
    """An earlier one that is set later, one that is moved, one that is over before; what ended is not cancelled."""
    began, took = time.monotonic(), dict[str, float]()
    wanted = {"moved": (0.05, 0.4), "later": (0.2,), "sooner": (0.1,), "over": (-1.0,)}

    async def until_cancelled(deadlines: Deadlines, name: str, *seconds: float) -> None:
        with anyio.CancelScope() as scope:
            for after in seconds:
                deadlines.set(scope, began + after)
            await anyio.sleep_forever()
        took[name] = time.monotonic() - began

    async def run() -> None:
        deadlines, gone = Deadlines(), anyio.CancelScope()
        deadlines.set(gone, began + 0.01)
        deadlines.remove(gone)
        async with anyio.create_task_group() as group:
            for name, seconds in wanted.items():
                group.start_soon(until_cancelled, deadlines, name, *seconds)
        assert not gone.cancel_called
        assert deadlines._timer is None

    anyio.run(run)
    assert took.keys() == wanted.keys()
    assert all(took[name] >= seconds[-1] - 0.01 for name, seconds in wanted.items())


def test_a_run_that_ends_leaves_no_timer() -> None:
    """The event loop of a program outlives a run, and would keep what the timer refers to."""

    async def run() -> None:
        deadlines, scope = Deadlines(), anyio.CancelScope()
        deadlines.set(scope, time.monotonic() + 600)
        assert deadlines._timer is not None
        deadlines.close()
        assert deadlines._timer is None
        assert not scope.cancel_called

    anyio.run(run)


def test_a_deadline_that_passes_while_a_connection_is_made_ends_the_attempt() -> None:
    """Nothing is sent over the connection, though it was ready in the same moment."""

    async def run() -> None:
        origin, watch = time.monotonic_ns(), LoopWatch()
        capture = Capture(WireSettings(), 5.0, time.monotonic_ns, origin, 0, watch=watch, deadlines=Deadlines())
        capture.cancel()
        capture.connected()
        with pytest.raises(StoppedError):
            capture.sending(lambda: None)

    anyio.run(run)


def test_bytes_that_arrive_right_after_a_deadline_do_not_change_it() -> None:
    """The task ends one turn of the event loop later, and the head may arrive in between."""

    async def run() -> None:
        settings = WireSettings(first_byte_timeout=0.05, stall_timeout=math.inf)
        origin, deadlines = time.monotonic_ns(), Deadlines()
        capture = Capture(settings, 5.0, time.monotonic_ns, origin, 0, watch=LoopWatch(), deadlines=deadlines)
        capture.sending(lambda: None)
        capture.cancel()
        deadlines.remove(capture)
        capture.head(200, "HTTP/1.1", ())
        capture.body(b"x")
        assert capture._limit is FailureKind.TIMEOUT_FIRST_BYTE
        assert deadlines._ends == {}
        deadlines.close()

    anyio.run(run)
