"""A score that falls below a bound, or comes back above it, found in looks that never end, with few false alarms.

A gambler bets on each score in [0, 1] that its mean is on the wrong side of the bound (Waudby-Smith and Ramdas 2024).
While the mean is on the right side, the wealth is a nonnegative supermartingale, so it ever reaches 1/α with a
probability of at most α, however many looks there are (Ville). One gambler starts at each look, with a share of the
capital that is 6/(π² k²) for the k-th, so that a change after many good looks is found as well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from trueweight.statistics import Array

_STAKES: Final = (0.05, 0.15, 0.35, 0.6)
"""Shares of the largest bet that cannot lose everything; the capital is split among them."""
_LARGEST: Final = 700.0
"""Logarithm of the largest wealth that is kept."""


class LevelChange(NamedTuple):
    """A change at a look, from 0: ``fell`` below the bound, or back above it; ``evidence`` is the wealth then."""

    look: int
    fell: bool
    evidence: float


class _Gamblers:
    """All gamblers since the last change."""

    def __init__(self, bound: float, *, falls: bool) -> None:
        self._bound, self._falls = bound, falls
        self._logs: Array = np.zeros((0, len(_STAKES)))

    def see(self, scores: Array) -> float:
        """The wealth after one more look."""
        largest = 1 / (1 - self._bound) if self._falls else 1 / self._bound
        gain = self._bound - scores if self._falls else scores - self._bound
        look = np.array([np.log1p(share * largest * gain).sum() for share in _STAKES])
        self._logs = np.minimum(np.vstack([self._logs, np.zeros(len(_STAKES))]) + look, _LARGEST)
        shares = 6 / (math.pi * np.arange(1, len(self._logs) + 1)) ** 2
        return float(shares @ np.exp(self._logs).mean(axis=1))


def changes(looks: Sequence[Array], bound: float, alpha: float) -> list[LevelChange]:
    """The changes in a sequence of looks, each a column of scores in [0, 1]; a look without scores says nothing.

    It begins above the bound. After a fall only a return is looked for, so that one change is found once.

    Args:
        bound: strictly between 0 and 1.
        alpha: the probability with which a fall is ever found although the mean never was below the bound.
    """
    found: list[LevelChange] = []
    gamblers = _Gamblers(bound, falls=True)
    for at, scores in enumerate(looks):
        if not len(scores):
            continue
        wealth = gamblers.see(np.asarray(scores, dtype=float))
        if wealth >= 1 / alpha:
            fell = not found or not found[-1].fell
            found.append(LevelChange(at, fell, wealth))
            gamblers = _Gamblers(bound, falls=not fell)
    return found
