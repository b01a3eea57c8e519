"""One prompt's texts → a score in [-½, 1] whose mean is 0 when the candidate is the reference.

Let A and B be two answers of the reference and c the candidate's, to one prompt, and d a distance in [0, 1]. If the
candidate is the same model on the same kind of stack, the three are exchangeable, so all three distances have one
distribution and

    x = (d(c, A) + d(c, B)) / 2 - d(A, B)

has mean exactly 0 for any noise of the model, the stack and the prompt: the noise is not modelled, but measured by the
reference against itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from trueweight.drift.distance import agreement
from trueweight.drift.facts import Facts
from trueweight.drift.typical import score_strange


class DriftScore(NamedTuple):
    """The scores of one prompt.

    Attributes:
        excess: x as above.
        distance: between candidate and reference, in the mode's own unit.
        floor: the same between the reference's two answers.
        lean: sampled text only, in [-½, 1]: x once more, by how far texts go together, with a draw of the reference
            under another seed in place of B.
        gross: greedy text only: x by gross differences alone (see `gross`).
        strange: sampled text only: how untypical the answer is of the reference's draws (see `typical`), None if this
            prompt does not show it.
    """

    excess: float
    distance: float
    floor: float
    lean: float = 0.0
    gross: float | None = None
    strange: float | None = None


def triangle(ca: float, cb: float, ab: float) -> float:
    """The score x of three distances in [0, 1], each first made no longer than the way round over the third answer.

    That treats the three alike, so the mean stays 0 under exchangeability; and d(c, A) + d(c, B) ≥ d(A, B) then bounds
    x from below by -d(A, B) / 2. (For distances that are 0 or 1 by equality it changes nothing.)
    """
    ca, cb, ab = min(ca, cb + ab), min(cb, ca + ab), min(ab, ca + cb)
    return (ca + cb) / 2 - ab


def score_greedy(a: Facts, b: Facts, c: Facts) -> DriftScore:
    """By whether the texts are the same."""
    ca, cb, ab = (float(x.plain != y.plain) for x, y in ((c, a), (c, b), (a, b)))
    return DriftScore(triangle(ca, cb, ab), (ca + cb) / 2, ab)


def score_sampled(a: Facts, b: Facts, c: Facts, draws: Sequence[Facts], reach: float) -> DriftScore:
    """By texts drawn at temperature 1 with one seed; ``draws`` are the reference's under other seeds.

    ``excess``: the candidate's distance from the reference's answers under the same seed, beyond theirs from each
    other. ``lean``: the same, with an answer under another seed in place of the second one. ``strange`` uses no seed:
    it compares the candidate's text with the reference's draws."""
    ca, co, ao = (1.0 - agreement(x.plain, y.plain, reach) for x, y in ((c, a), (c, draws[0]), (a, draws[0])))
    strange = score_strange(c.plain, [draw.plain for draw in draws])
    return score_greedy(a, b, c)._replace(lean=triangle(ca, co, ao), strange=strange)
