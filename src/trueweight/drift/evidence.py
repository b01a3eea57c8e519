"""What a verdict of DRIFT rests on: in each mode one or two e-processes, each against a tolerance of its own.

An honest stack is within all of the tolerances, so each of these e-processes is one against "honest", and so is their
average, whatever they have in common: averaging costs a part one over its weight once, and lets either convict.
"""

from __future__ import annotations

from typing import Final

from trueweight.core import DriftMode
from trueweight.drift.betting import MIDDLING, EProcess
from trueweight.drift.scoring import Score
from trueweight.drift.thresholds import Thresholds
from trueweight.drift.typical import DRAWS

STRANGE_SHARE: Final = 0.75
"""The weight of strangeness beside that of seeds, in sampled mode: seeds tell fine rungs, which take long anyway."""


class DriftEvidence:
    """The e-processes of one candidate in one mode.

    - *strays*: its answers differ from the reference's more often than they from each other. In sampled mode that is
      the draws under one seed, and it counts only beside *seeds*: that answers are not as unrelated as those under
      another seed, since a different stack with another random generator is no drift.
    - *gross* (greedy): they differ where the reference was sure.
    - *strange* (sampled): they are unlike the reference's draws under any seeds.
    """

    def __init__(self, mode: DriftMode, thresholds: Thresholds) -> None:
        self._mode = mode
        self._thresholds = thresholds
        self._strays = EProcess()
        self._closer, self._farther = EProcess(least=-1.0), EProcess()
        self._gross = EProcess()
        self._strange = EProcess(least=-1.0 / DRAWS, portfolio=MIDDLING)

    def bet(self, score: Score, tau: float) -> None:
        """Play one prompt; ``tau`` is the tolerance of its excess."""
        self._strays.bet(score.excess, tau)
        if self._mode is DriftMode.SAMPLED:
            self._closer.bet(-score.lean, self._thresholds.tau_lean)
            self._farther.bet(score.lean, self._thresholds.tau_lean)
        if score.gross is not None:
            self._gross.bet(score.gross, self._thresholds.tau_gross)
        if score.strange is not None:
            self._strange.bet(score.strange, self._thresholds.tau_strange)

    @property
    def value(self) -> float:
        """Against "this is an honest stack"."""
        if self._mode is DriftMode.GREEDY:
            return (self._strays.value + self._gross.value) / 2
        if self._mode is DriftMode.SAMPLED:
            # A minimum of e-processes is one for the union of their nulls: seeds that correspond, seeds that do not.
            seeds = (self._closer.value + self._farther.value) / 2
            coupled = min(self._strays.value, seeds)
            return (1 - STRANGE_SHARE) * coupled + STRANGE_SHARE * self._strange.value
        return self._strays.value
