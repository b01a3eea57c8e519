"""One prompt's answers → a score in [-1, 1] whose mean is 0 when the candidate is the reference.

Let A and B be two answers of the reference and c the candidate's, to one prompt, and d a distance in [0, 1]. If the
candidate is the same model on the same kind of stack, the three are exchangeable, so all three distances have one
distribution and

    x = (d(c, A) + d(c, B)) / 2 - d(A, B)

has mean exactly 0, whatever the noise of the model, the stack and the prompt may be: the reference against itself is
the yardstick, and nothing about the noise is modelled.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from trueweight.drift.distance import agreement, logprob_distance, saturate
from trueweight.drift.facts import Facts
from trueweight.drift.thresholds import Thresholds

NOISE_MEMORY = 64


class Score(NamedTuple):
    """What a prompt says.

    Attributes:
        excess: x as above.
        distance: between candidate and reference, in the mode's own unit.
        floor: the same between the reference's two answers.
        lean: sampled text only: how much further the candidate goes along with A than an independent draw of the
            reference does.
    """

    excess: float
    distance: float
    floor: float
    lean: float = 0.0


def score_logprobs(a: Facts, b: Facts, c: Facts, scale: float) -> Score:
    """By the first token's log-probabilities."""
    ca, cb = logprob_distance(a.top, c.top), logprob_distance(b.top, c.top)
    ab = logprob_distance(a.top, b.top)
    excess = (saturate(ca, scale) + saturate(cb, scale)) / 2 - saturate(ab, scale)
    return Score(excess, (ca + cb) / 2, ab)


def score_greedy(a: Facts, b: Facts, c: Facts) -> Score:
    """By whether the texts are the same."""
    ca, cb, ab = (float(x.plain != y.plain) for x, y in ((c, a), (c, b), (a, b)))
    return Score((ca + cb) / 2 - ab, (ca + cb) / 2, ab)


def score_sampled(a: Facts, b: Facts, c: Facts, other: Facts, thresholds: Thresholds) -> Score:
    """By texts drawn at temperature 1 with one seed; ``other`` is the reference's under another seed.

    ``excess`` asks whether the candidate strays from A more than the reference with A's own seed does, ``lean``
    whether it keeps closer to A than the reference with another seed does.
    """
    same_seed = score_greedy(a, b, c)
    reach = thresholds.agreement_scale
    lean = agreement(c.plain, a.plain, reach) - agreement(other.plain, a.plain, reach)
    return same_seed._replace(lean=lean)


class NoiseScale:
    """The distance that counts as a difference: the calibrated one, or more where the reference itself is noisier.

    It is set by the reference's past only, before a prompt's answers are looked at, so that scores stay fair.
    """

    def __init__(self, calibrated: float, factor: float) -> None:
        self._calibrated = calibrated
        self._factor = factor
        self._seen: list[float] = []

    @property
    def value(self) -> float:
        """For the next prompt."""
        noise = median(self._seen[-NOISE_MEMORY:]) if self._seen else 0.0
        return max(self._calibrated, self._factor * noise)

    def learn_from(self, a: Facts, b: Facts) -> None:
        """Take in the reference's two answers to a prompt that has been scored."""
        self._seen.append(logprob_distance(a.top, b.top))
