"""Evidence that another model answers part of the requests: answers that are far once and near when sent again.

Products of two variants do not show it: if one request in ten goes to another model, both variants of a question do so
once in a hundred. Single answers show it. An answer is far if it differs from the reference's by several times the
median of all, which noise that is the same in all answers never does. But some hosts' noise has heavy tails, and either
side's answer may be the odd one. So both sides get a request with a far answer once more: the score is 1 if only the
candidate's answer has moved, -1 if only the reference's has, and 0 otherwise. It is 0 on average wherever both sides
have odd answers equally often, and in every answer of engines without odd ones.

A second e-process is for EQUIVALENT: it tests that at least 7% of the answers are far. A model that gets a tenth of the
requests is beyond that, as most of its answers are far, and of honest engines none is: 48 answers decide.
"""

from __future__ import annotations

import math
from statistics import median
from typing import Final

from trueweight.drift.betting import EProcess, Stake

FAR: Final = 0.25
"""Nats from which a single answer may be far: ten times what honest engines differ by."""

TIMES_FARTHER: Final = 6.0
"""A far answer differs by this many times the median."""

LEAST_GAPS: Final = 6
"""Differences from which their median is known; before, no answer is far."""

TOLERATED_SHARE: Final = 0.01
"""The share by which the candidate's odd answers may outnumber the reference's; of honest engines none is odd."""

CERTIFIED_SHARE: Final = 0.07
"""EQUIVALENT says that a smaller share of the answers is far."""

EXPECTED_SHARE: Final = 0.01
"""The share of far answers that the e-process of EQUIVALENT is best at."""

STAKES: Final = (Stake(0.97, 0.5), Stake(0.60, 0.3), Stake(0.25, 0.2))
"""For answers that are odd once in ten times, or somewhat less often."""


class Dilution:
    """The e-process of one candidate's odd answers."""

    def __init__(self) -> None:
        self._process = EProcess(least=-1.0, portfolio=STAKES)
        self._rare = 0.0

    @property
    def value(self) -> float:
        """The e-value against "its odd answers outnumber the reference's by no more than is tolerated"."""
        return self._process.value

    @property
    def e_rare(self) -> float:
        """The e-value against "at least 7% of the answers are far"."""
        return math.exp(min(self._rare, 690.0))

    def update(self, *, far: bool, reference_moved: bool, candidate_moved: bool) -> None:
        """Take in one answer; an answer that is not far, or was not sent again, has not moved."""
        self._rare += rare_step(far=far)
        self._process.update(float(candidate_moved) - float(reference_moved), TOLERATED_SHARE)


def rare_step(*, far: bool) -> float:
    """The logarithm of how many times less likely an answer is if 7% of answers are far than if 1% are."""
    if far:
        return math.log(EXPECTED_SHARE / CERTIFIED_SHARE)
    return math.log((1 - EXPECTED_SHARE) / (1 - CERTIFIED_SHARE))


def far_limit(gaps: list[float]) -> float | None:
    """The difference in nats from which the next answer is far; None if too few are known."""
    return max(FAR, TIMES_FARTHER * median(gaps)) if len(gaps) >= LEAST_GAPS else None
