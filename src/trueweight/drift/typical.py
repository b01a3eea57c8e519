"""How strange a sampled text is among the reference's own draws: needs no seed that both sides understand.

The texts of a prompt, the candidate's c and the reference's under m other seeds, are exchangeable if the candidate
draws from the reference's distribution: whichever of the n = m + 1 texts is c, the same set would have come about with
the same chance. So with any weights w that treat the texts alike,

    x = w(c) / (the mean of all w) - 1

has mean exactly 0, given the set. The weight of a text is one over its mean agreement with all of the set, itself
included: a rough likelihood ratio of "anything may come" to "the reference's own". Divided by the worst that the very
set can bring, x lies in [-1, m]; where all texts are the same there is nothing to tell and nothing is bet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from trueweight.drift.distance import common_prefix

DRAWS: Final = 4
"""Draws of the reference a prompt that a candidate's is held against, at most. All candidates share them."""

_NOTHING = 1e-9


def score_strange(candidate: str, references: Sequence[str]) -> float | None:
    """How much stranger the candidate's text is than a text of this set is on average, in [-1/m, 1].

    None where every text of the set is as strange as any other.
    """
    values = strangeness((candidate, *references))
    least, m = float(values.min()), len(references)
    # Rounding must not carry a score out of the range that bets rely on.
    return None if least > -_NOTHING else min(1.0, max(-1.0 / m, float(values[0]) / -least / m))


def strangeness(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """x of each text of a set; their mean is 0."""
    alike = np.array([[likeness(one, other) for other in texts] for one in texts])
    weights = 1.0 / alike.mean(axis=1)
    return np.asarray(weights / weights.mean() - 1.0)


def likeness(one: str, other: str) -> float:
    """The share of the longer text that both begin with: 1 for equal texts, 0 for texts that begin differently."""
    longer = max(len(one), len(other))
    return common_prefix(one, other) / longer if longer else 1.0
