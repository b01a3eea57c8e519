"""Keeps providers in step with the plan, so that all of them are measured in the same minutes.

The reference is sent more requests than each candidate. Without this it would still be busy after the others are done,
on a machine and a network that have become quiet, and would look faster than an identical twin.
"""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from trueweight.wire.environment import Environment


@dataclass(slots=True, eq=False)
class LaneCursor:
    """A lane's place in the plan.

    Attributes:
        front: plan position of its first unsent trial; None when it sends nothing more.
        moved: when it sent its last trial, or began or ended a deliberate wait; monotonic nanoseconds.
        resting: whether it waits deliberately (pace, back-off), so that waiting for it would not help.
    """

    front: int | None
    moved: int
    resting: bool = False


class Lockstep:
    """Holds a lane back while it is more than ``lead`` plan positions ahead of another lane's next trial.

    No lane waits for one that is finished, stopped or resting, or that sent nothing for ``patience`` seconds. The lane
    that is last in the plan's order never waits, so one lane can always go on.
    """

    def __init__(self, lead: int, patience: float, environment: Environment) -> None:
        self._lead = lead
        self._patience = round(patience * 1e9)
        self._environment = environment
        self._cursors: list[LaneCursor] = []
        self._waiting: dict[LaneCursor, anyio.Event] = {}

    def join(self, front: int | None) -> LaneCursor:
        """Add a lane whose first trial is at plan position ``front``."""
        cursor = LaneCursor(front, self._environment.clock())
        self._cursors.append(cursor)
        return cursor

    def move(self, cursor: LaneCursor, front: int | None) -> None:
        """The lane sent a trial. ``front`` is its next one, or None when it is finished."""
        cursor.front = front
        cursor.moved = self._environment.clock()
        self._notify()

    def set_resting(self, cursor: LaneCursor, resting: bool) -> None:
        """The lane begins or ends a deliberate wait."""
        if cursor.resting != resting:
            cursor.resting = resting
            cursor.moved = self._environment.clock()
            self._notify()

    async def wait(self, cursor: LaneCursor) -> None:
        """Return when the lane's next trial may be sent, or when it has none."""
        while (seconds := self._seconds_held(cursor)) > 0:
            free = self._waiting[cursor] = anyio.Event()
            try:
                async with anyio.create_task_group() as group:

                    async def until_free(
                        event: anyio.Event = free, scope: anyio.CancelScope = group.cancel_scope
                    ) -> None:
                        await event.wait()
                        scope.cancel()

                    group.start_soon(until_free)
                    await self._environment.sleep(seconds)
                    group.cancel_scope.cancel()
            finally:
                self._waiting.pop(cursor, None)

    def _seconds_held(self, cursor: LaneCursor) -> float:
        """Seconds until the patience for every lane behind is used up; 0 if no lane must be waited for."""
        if cursor.front is None:
            return 0.0
        behind, now = cursor.front - self._lead, self._environment.clock()
        left = [
            other.moved + self._patience - now
            for other in self._cursors
            if other is not cursor and other.front is not None and other.front < behind and not other.resting
        ]
        return max(left, default=0) / 1e9

    def _notify(self) -> None:
        """Wake the lanes that need not wait any more. Waking all is most of the work where lanes are a hundred."""
        if not self._waiting:
            return
        late = self._environment.clock() - self._patience
        last = min(
            (one.front for one in self._cursors if one.front is not None and not one.resting and one.moved > late),
            default=None,
        )
        for cursor, event in self._waiting.items():
            if last is None or cursor.front is None or cursor.front - self._lead <= last:
                event.set()
