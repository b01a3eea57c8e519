"""Providers in step: none runs ahead of another, or it would be measured in an hour of its own.

The reference is asked more often than each candidate. Left alone it would still be busy when all others are done, on a
machine and a network that have become quiet, and look faster than an identical twin.
"""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from trueweight.wire.environment import Environment


@dataclass(slots=True, eq=False)
class LaneCursor:
    """One lane's place in the plan.

    Attributes:
        front: plan position of its first trial that is not sent yet; None when nothing more will be sent.
        resting: whether it waits deliberately (pace, back-off), and so cannot go on however long others wait for it.
        moved: when it last sent something.
    """

    front: int | None
    moved: int
    resting: bool = False


class Lockstep:
    """Holds back whoever would be more than ``lead`` plan positions ahead of another's next trial.

    Nobody waits for a lane that is done, stopped or resting, nor for one that was sent nothing for ``patience``
    seconds. The last in the plan's order never waits, so there is always one that may go on.
    """

    def __init__(self, lead: int, patience: float, environment: Environment) -> None:
        self._lead = lead
        self._patience = round(patience * 1e9)
        self._environment = environment
        self._walkers: list[LaneCursor] = []
        self._changed: anyio.Event | None = None

    def join(self, front: int | None) -> LaneCursor:
        """A lane whose first trial stands at ``front``."""
        walker = LaneCursor(front, self._environment.clock())
        self._walkers.append(walker)
        return walker

    def move(self, walker: LaneCursor, front: int | None) -> None:
        """It sent a trial, and this is the next one; or None, and it is done."""
        walker.front = front
        walker.moved = self._environment.clock()
        self._tell()

    def rest(self, walker: LaneCursor, resting: bool) -> None:
        """It begins, or ends, a deliberate wait."""
        if walker.resting != resting:
            walker.resting = resting
            walker.moved = self._environment.clock()
            self._tell()

    async def wait(self, walker: LaneCursor) -> None:
        """Return when the walker's front may be sent, or when it has none any more."""
        while (seconds := self._held(walker)) > 0:
            changed = self._changed = self._changed or anyio.Event()
            async with anyio.create_task_group() as group:

                async def until_changed(
                    event: anyio.Event = changed, scope: anyio.CancelScope = group.cancel_scope
                ) -> None:
                    await event.wait()
                    scope.cancel()

                group.start_soon(until_changed)
                await self._environment.sleep(seconds)
                group.cancel_scope.cancel()

    def _held(self, walker: LaneCursor) -> float:
        """Seconds after which nobody it waits for now is worth waiting for any more; 0 if it need not wait."""
        if walker.front is None:
            return 0.0
        floor, now = walker.front - self._lead, self._environment.clock()
        left = [
            other.moved + self._patience - now
            for other in self._walkers
            if other is not walker and other.front is not None and other.front < floor and not other.resting
        ]
        return max(left, default=0) / 1e9

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
