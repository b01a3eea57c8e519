"""Which APIs of a provider are stopped, and which of its addresses were reached.

Each API of a host has its own way to send the key, and may have its own address, so one that is refused or not reached
says nothing of the others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from trueweight.core import PROTOCOLS, Attempt, Provider, Trial


class StoppedApis:
    """The APIs of one lane.

    Attributes:
        reasons: API → why nothing more is sent through it; ``stopped``: those with completions.
    """

    def __init__(self, provider: Provider, trials: Iterable[Trial]) -> None:
        self.reasons: dict[str, str] = {}
        self._provider = provider
        self._apis = tuple(dict.fromkeys(trial.api for trial in trials))
        self._reached: set[str] = set()
        self._missed: Counter[str] = Counter()

    @property
    def left(self) -> tuple[str, ...]:
        """The APIs with completions that still go on. A list of models is no reason to go on."""
        return tuple(api for api in self._apis if api not in self.reasons and PROTOCOLS.get(api).completions)

    @property
    def stopped(self) -> dict[str, str]:
        return {api: reason for api, reason in self.reasons.items() if PROTOCOLS.get(api).completions}

    def stop(self, apis: Iterable[str], reason: str) -> tuple[str, ...]:
        """Stop these APIs, and those that belong to them; return those that were not stopped before."""
        fresh = tuple(api for api in apis if api not in self.reasons)
        beside = (api for api in self._apis if PROTOCOLS.get(api).beside in fresh)
        self.reasons.update(dict.fromkeys((*fresh, *beside), reason))
        return fresh

    def at(self, address: str) -> tuple[str, ...]:
        """The APIs at a base URL."""
        return tuple(api for api in self._apis if PROTOCOLS.get(api).base_url(self._provider) == address)

    def answered(self, address: str, final: Attempt) -> None:
        """A trial at this base URL ended otherwise than without a connection."""
        if final.status is not None:
            self._reached.add(address)
        self._missed[address] = 0

    def missed(self, address: str) -> float:
        """A trial got no connection to this base URL: the number in a row, −∞ if it was reached before."""
        self._missed[address] += 1
        return -math.inf if address in self._reached else self._missed[address]
