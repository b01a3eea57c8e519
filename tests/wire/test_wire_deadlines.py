"""One timer for the deadlines of all requests: each is kept, whatever becomes of the others."""

from __future__ import annotations

import time

import anyio

from trueweight.wire.deadlines import Deadlines


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
