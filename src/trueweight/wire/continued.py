"""The responses of a lane that later trials wait for, and the ids of those that they continue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import anyio

from trueweight.core import Attempt, Trial, TrialPlace

_LARGEST = 64 * 1024
"""Bytes of the largest response whose id is read: it is parsed while other requests are in progress."""
_LONGEST = 1_000
"""Characters of the longest id that is sent again; ids of servers have less than a hundred."""


@dataclass(slots=True)
class _Response:
    """A response that a trial waits for: its id, once the trial is ``done``."""

    id: str = ""
    done: anyio.Event = field(default_factory=anyio.Event)


class Continued:
    """What must be known of earlier trials to send later ones. Costs nothing for a lane without such trials."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        """``trials`` of one provider, in their order."""
        before: set[TrialPlace] = set()
        self._responses: dict[TrialPlace, _Response] = {}
        for trial in trials:
            # One that is not sent before would be waited for forever.
            if trial.behind is not None and trial.behind in before:
                self._responses.setdefault(trial.behind, _Response())
            before.add(trial.place)

    def take(self, trial: Trial, final: Attempt | None) -> None:
        """A trial has ended with this attempt; with None if it is left out."""
        if not self._responses:
            return
        found = self._responses.get(trial.place)
        if found is not None:
            if final is not None and final.failure is None and len(final.body) <= _LARGEST:
                stored = trial.protocol.stored_id(final.body)
                found.id = stored if len(stored) <= _LONGEST else ""
            found.done.set()

    async def wait_for(self, place: TrialPlace) -> None:
        """Wait until a trial has ended; not at all if it is not sent here."""
        await self.id_of(place)

    async def id_of(self, place: TrialPlace) -> str:
        """The id of a trial's response, when it has ended; "" if it brought none, or is not sent here."""
        found = self._responses.get(place)
        if found is None:
            return ""
        await found.done.wait()
        return found.id
