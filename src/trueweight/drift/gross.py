"""Gross differences of texts at temperature 0: those at tokens where the reference had a large margin.

Another stack with the same model changes near ties. It rarely changes a token that was much likelier than the next
best one, or the first characters; a provider that sends some of its requests to another model does. So the tolerance
for gross differences is smaller than for any difference, and a small share of them is detected.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from trueweight.drift.distance import common_prefix
from trueweight.drift.facts import Facts
from trueweight.drift.scoring import triangle

SURE: Final = 0.15
"""A large margin, in nats between the two likeliest tokens: about thirty times the shift of the first token between
stacks of the same model on the tuning prompts, and twice that of an 8-bit rung."""

OPENING: Final = 4
"""The first characters, which are compared if the reference shows no margins."""


def score_gross(a: Facts, b: Facts, c: Facts, settled: Facts | None) -> float:
    """The score of three answers, in [-½, 1]; ``settled`` is another answer of the reference, with margins.

    It only selects the tokens, and is the same for all three, so they stay exchangeable.
    """
    if settled is not None and settled.pieces:
        left = [departs(answer, settled) for answer in (a, b, c)]
        ab, ca, cb = left[0] != left[1], left[2] != left[0], left[2] != left[1]
    else:
        opening = [answer.plain[:OPENING] for answer in (a, b, c)]
        ab, ca, cb = opening[0] != opening[1], opening[2] != opening[0], opening[2] != opening[1]
    return triangle(float(ca), float(cb), float(ab))


def departs(answer: Facts, settled: Facts) -> bool:
    """Whether an answer differs from the settled one first at a token with a large margin."""
    if answer.plain == settled.plain:
        return False
    written = "".join(settled.pieces)
    blank = len(written) - len(written.lstrip())
    place = blank + common_prefix(answer.plain, settled.plain)
    ends = list(accumulate(map(len, settled.pieces)))
    token = next((i for i, end in enumerate(ends) if place < end), None)
    if token is None:
        return False
    margin = settled.margins[token]
    if token and place == ends[token - 1]:
        # A longer token at the position before ends here too; then the choice was made there.
        margin = min(margin, settled.margins[token - 1])
    return margin >= SURE
