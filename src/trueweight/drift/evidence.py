"""The evidence of texts for DRIFT: in each mode two e-processes, each with its own tolerance.

The same model on another stack is within all tolerances. So each of these e-processes tests this null, and so does
their average, under any dependence. Averaging divides each e-value by the inverse of its weight, once.
"""

from __future__ import annotations

from typing import Final

from trueweight.core import DriftMode
from trueweight.drift.betting import RARE_EVENTS, EProcess
from trueweight.drift.scoring import DriftScore
from trueweight.drift.thresholds import Thresholds
from trueweight.drift.typical import DRAWS

STRANGE_SHARE: Final = 0.75
"""The weight of *strange* in sampled mode; the rest is on *seeds*, which detects fine rungs after many prompts."""


class DriftEvidence:
    """The e-processes of one candidate in one mode.

    - *strays*: its answers differ from the reference's more often than the reference's from each other. In sampled
      mode these are the draws under one seed, and they count only together with *seeds*: answers under the same seed
      must be more alike than those under another seed, since another random generator is not drift.
    - *gross* (greedy): its answers differ where the reference had a large margin.
    - *strange* (sampled): its answers are unlike the reference's draws under any seed.
    """

    def __init__(self, mode: DriftMode, thresholds: Thresholds) -> None:
        self._mode = mode
        self._thresholds = thresholds
        self._strays = EProcess()
        self._closer, self._farther = EProcess(least=-1.0), EProcess()
        self._gross = EProcess()
        self._strange = EProcess(least=-1.0 / DRAWS, portfolio=RARE_EVENTS)

    def update(self, score: DriftScore, tau: float) -> None:
        """Take in one prompt's score; ``tau`` is the tolerance of its excess."""
        self._strays.update(score.excess, tau)
        if self._mode is DriftMode.SAMPLED:
            self._closer.update(-score.lean, self._thresholds.tau_lean)
            self._farther.update(score.lean, self._thresholds.tau_lean)
        if score.gross is not None:
            self._gross.update(score.gross, self._thresholds.tau_gross)
        if score.strange is not None:
            self._strange.update(score.strange, self._thresholds.tau_strange)

    @property
    def value(self) -> float:
        """The e-value against the null "the same model on another stack"."""
        if self._mode is DriftMode.GREEDY:
            return (self._strays.value + self._gross.value) / 2
        if self._mode is DriftMode.SAMPLED:
            # The minimum of e-processes is an e-process for the union of their nulls: seeds correspond, or they do not.
            seeds = (self._closer.value + self._farther.value) / 2
            coupled = min(self._strays.value, seeds)
            return (1 - STRANGE_SHARE) * coupled + STRANGE_SHARE * self._strange.value
        return self._strays.value
