"""The near-tie bank: prompts on which the reference hesitates, so that a small change of weights changes its words.

Found on one answer of the reference and tested on others, so that choosing them favours nobody: the reference's two
test answers and the candidate's are all fresh draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from trueweight.drift.facts import Facts
from trueweight.drift.probe import PromptResult

TYPICAL_SHIFT: Final = 0.06
"""Nats by which a fine quantisation moves the distance between two likely tokens, in the order of magnitude."""

TOO_CLOSE: Final = 0.004
"""Nats below which an honest change of stack decides as well; such positions tell nothing of the weights."""

LEAST_EXPECTED: Final = 0.35
"""Expected changes along the answer that make a prompt a near tie."""


def expected_flips(margins: tuple[float, ...]) -> float:
    """How many of an answer's tokens a change of weights is expected to flip, up to a factor.

    ``margins`` are distances in nats between the two likeliest tokens, one a token. Minus infinity if any of them is
    so small that rounding decides.
    """
    if any(margin < TOO_CLOSE for margin in margins):
        return -math.inf
    return math.fsum(math.exp(-margin / TYPICAL_SHIFT) for margin in margins)


def select_near_ties(answers: Mapping[str, PromptResult]) -> tuple[str, ...]:
    """The prompts that hesitate most first; those whose answers show no margins are left out."""
    found = {
        prompt: expected_flips(answer.margins)
        for prompt, answer in answers.items()
        if isinstance(answer, Facts) and answer.margins
    }
    close = [prompt for prompt, value in found.items() if value >= LEAST_EXPECTED]
    return tuple(sorted(close, key=lambda prompt: (-found[prompt], prompt)))
