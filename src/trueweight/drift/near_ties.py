"""Near ties: prompts with small margins of the reference, where a small change of weights changes the text.

They are selected by one answer of the reference and tested with others, so the selection causes no bias: the
reference's two test answers and the candidate's are all fresh draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from trueweight.drift.facts import Facts
from trueweight.drift.probe import PromptResult

TYPICAL_SHIFT: Final = 0.06
"""The order of magnitude, in nats, by which a fine quantisation changes the margin of two likely tokens."""

TOO_CLOSE: Final = 0.004
"""The margin, in nats, below which another stack with the same weights changes the token too."""

LEAST_EXPECTED: Final = 0.35
"""A prompt with at least this many expected changes is a near tie."""


def expected_flips(margins: tuple[float, ...]) -> float:
    """The expected number of an answer's tokens that a change of weights flips, up to a factor.

    ``margins`` are distances in nats between the two likeliest tokens, one a token. Minus infinity if any of them is
    so small that rounding decides.
    """
    if any(margin < TOO_CLOSE for margin in margins):
        return -math.inf
    return math.fsum(math.exp(-margin / TYPICAL_SHIFT) for margin in margins)


def select_near_ties(answers: Mapping[str, PromptResult]) -> tuple[str, ...]:
    """The near ties, most expected flips first; prompts whose answers have no margins are left out."""
    found = {
        prompt: expected_flips(answer.margins)
        for prompt, answer in answers.items()
        if isinstance(answer, Facts) and answer.margins
    }
    close = [prompt for prompt, value in found.items() if value >= LEAST_EXPECTED]
    return tuple(sorted(close, key=lambda prompt: (-found[prompt], prompt)))
