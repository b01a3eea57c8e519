"""Gross differences of texts at temperature 0: departures where the reference was sure of its words.

An honest change of stack tips near ties. It hardly ever changes a word that the reference held much likelier than the
next best, or the very first characters; a provider that sends some of its requests to another model does. So this
difference is tolerated far less often than just any, and finds a small share that the other cannot tell from honesty.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from trueweight.drift.distance import common_prefix
from trueweight.drift.facts import Facts
from trueweight.drift.scoring import triangle

SURE: Final = 0.15
"""Nats between the two likeliest tokens from which on the reference is sure of its word: some thirty times what honest
stacks move the first token by on the tuning prompts, and twice what an 8-bit rung does."""

OPENING: Final = 4
"""Characters that count as the very first ones, where the reference shows no margins."""


def score_gross(a: Facts, b: Facts, c: Facts, settled: Facts | None) -> float:
    """The score of three answers, in [-½, 1]; ``settled`` is another answer of the reference, with margins.

    It only says where the reference is sure, and is the same for all three, so they stay exchangeable.
    """
    if settled is not None and settled.pieces:
        left = [departs(answer, settled) for answer in (a, b, c)]
        ab, ca, cb = left[0] != left[1], left[2] != left[0], left[2] != left[1]
    else:
        opening = [answer.plain[:OPENING] for answer in (a, b, c)]
        ab, ca, cb = opening[0] != opening[1], opening[2] != opening[0], opening[2] != opening[1]
    return triangle(float(ca), float(cb), float(ab))


def departs(answer: Facts, settled: Facts) -> bool:
    """Whether an answer leaves the settled one at a token of which the reference was sure."""
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
        # A longer token than the one before would have left here too, and the choice was made there.
        margin = min(margin, settled.margins[token - 1])
    return margin >= SURE
