"""How strange a sampled text is among the reference's draws. No common seed is needed.

The texts of a prompt, the candidate's c and the reference's under m other seeds, are exchangeable if the candidate
draws from the reference's distribution: each of the n = m + 1 texts is c with the same
probability, given the set. So with any weights w that treat the texts alike,

    x = w(c) / (the mean of all w) - 1

has mean exactly 0, given the set. The weight of a text is one over its mean agreement with all of the set, itself
included: a rough likelihood ratio of "any text" to "the reference". Divided by the largest negative value that the
set allows, x lies in [-1, m]. If all texts are the same there is no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from trueweight.drift.distance import common_prefix

DRAWS: Final = 4
"""The largest number of the reference's draws per prompt; all candidates are compared with the same ones."""

_NOTHING = 1e-9


def score_strange(candidate: str, references: Sequence[str]) -> float | None:
    """The candidate's strangeness relative to the average text of this set, in [-1/m, 1].

    None if all texts of the set are equally strange. Where draws failed, ``m`` is that of a whole set all the same:
    the e-process takes no score below -1/`DRAWS`.
    """
    values = strangeness((candidate, *references))
    least, m = float(values.min()), max(DRAWS, len(references))
    # Rounding must not move a score out of the range that the e-process requires.
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
