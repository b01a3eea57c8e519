"""A budget of steps for judging one reply, so that a hostile reply cannot take long, and two judgings agree.

A step is some 10 µs of work on a slow machine. Steps are counted and no clock is read, so the same reply runs out at
the same place on any machine.

Also here: how rarely Python searches for reference cycles while requests are sent or replies are judged.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

PER_REPLY = 200_000
PER_VALIDATION = 100_000


class OutOfSteps(Exception):  # noqa: N818 - not an error: the reply cannot be judged within the limit
    """Judging would take too long; the message says what."""


class Steps:
    """What is left of a budget, and of the larger budget that it is a part of."""

    def __init__(self, most: int, of: Steps | None = None) -> None:
        self._most = self._left = most
        self._of = of

    @property
    def taken(self) -> int:
        """The steps that were spent."""
        return self._most - self._left

    def take(self, number: int = 1) -> None:
        """Spend steps.

        Raises:
            OutOfSteps: if they are more than what is left.
        """
        self._left -= number
        if self._left < 0:
            raise OutOfSteps("judging it would take too many steps")
        if self._of is not None:
            self._of.take(number)


_CURRENT: ContextVar[Steps | None] = ContextVar("steps", default=None)


@contextmanager
def budget(most: int) -> Iterator[Steps]:
    """A budget for what runs inside; it is also taken from the budget around it, if there is one."""
    steps = Steps(most, _CURRENT.get())
    token = _CURRENT.set(steps)
    try:
        yield steps
    finally:
        _CURRENT.reset(token)


def take_steps(number: int = 1) -> None:
    """Spend steps of the current budget. Without one nothing is counted.

    Raises:
        OutOfSteps: if they are more than what is left.
    """
    steps = _CURRENT.get()
    if steps is not None:
        steps.take(number)


_THRESHOLDS = (20_000, 20, 100)
"""For ``gc.set_threshold``."""
_SHORT_PAUSES = (5_000, 20, 100)
"""The same for an event loop. A search takes a millisecond per four thousand objects."""


_MMAP_THRESHOLD: Final = -3
"""``M_MMAP_THRESHOLD`` of ``mallopt(3)``."""
_LARGE: Final = 1 << 20


def return_large_blocks() -> None:
    """Let this process give a block of 1 MB or more back to the system as soon as it is freed, where glibc allocates.

    By default glibc keeps such blocks after the first ones, and Python's objects do not use them: after a line of 8 MB
    was read, a third of the memory in which its reply is judged was of that kind.
    """
    import ctypes
    import sys

    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_MMAP_THRESHOLD, _LARGE)


@contextmanager
def rare_garbage_collection(*, freeze: bool = False) -> Iterator[None]:
    """Search for reference cycles thirty times less often; seven times, with ``freeze``. Nearly all that a request and
    a reply leave is freed without a search; the searches take an eighth of a request's time, in pauses that would show
    in stamps, and a third of the time in which a stream of many events is judged.

    Args:
        freeze: whether what is there already is never searched, as the plan of a large run, and searches are short: for
            an event loop.
    """
    before = gc.get_threshold()
    gc.set_threshold(*(_SHORT_PAUSES if freeze else _THRESHOLDS))
    if freeze:
        gc.freeze()
    try:
        yield
    finally:
        if freeze:
            gc.unfreeze()
        gc.set_threshold(*before)
