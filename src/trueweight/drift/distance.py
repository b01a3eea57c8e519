"""Distances between two answers to the same prompt. Symmetric; 0 for the same answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from trueweight.drift.facts import Token

FLOOR = 1e-6
"""Least probability given to what lies outside a top list."""


def logprob_distance(left: Sequence[Token], right: Sequence[Token]) -> float:
    """Root mean square difference of log-probabilities, weighted by the mean probability of each token.

    Over the tokens that both lists hold: a server that shows 5 tokens is compared on 5. Infinite if they share none,
    or if just one of them is empty. In nats.
    """
    if not left or not right:
        return 0.0 if not left and not right else math.inf
    other = dict(right)
    weight = total = 0.0
    for key, value in left:
        if key in other:
            share = (math.exp(value) + math.exp(other[key])) / 2
            weight += share
            total += share * (value - other[key]) ** 2
    return math.sqrt(total / weight) if weight else math.inf


def divergence(reference: Sequence[Token], candidate: Sequence[Token]) -> float:
    """Kullback-Leibler divergence of the first token in nats, tokens outside the shared list lumped into one tail."""
    other = dict(candidate)
    shared = [(math.exp(value), math.exp(other[key])) for key, value in reference if key in other]
    p_tail = max(FLOOR, 1.0 - math.fsum(p for p, _ in shared))
    q_tail = max(FLOOR, 1.0 - math.fsum(q for _, q in shared))
    pairs = [*shared, (p_tail, q_tail)]
    return max(0.0, math.fsum(p * math.log(p / max(q, FLOOR)) for p, q in pairs if p > 0))


class LinearFit(NamedTuple):
    """``candidate = offset + slope * reference`` over shared tokens, and the residual (RMS, nats)."""

    offset: float
    slope: float
    residual: float


def fit_line(reference: Sequence[Token], candidate: Sequence[Token]) -> LinearFit | None:
    """The line of the candidate's log-probabilities over the reference's; None with fewer than 4 shared tokens.

    A temperature T that was applied before the logprobs were taken multiplies all of them by 1/T; a truncation
    (top-p, top-k) adds the same offset to all that is left. Quantisation does neither: it leaves a residual.
    """
    other = dict(candidate)
    pairs = [(value, other[key]) for key, value in reference if key in other]
    if len(pairs) < 4:
        return None
    n = len(pairs)
    mean_x, mean_y = math.fsum(x for x, _ in pairs) / n, math.fsum(y for _, y in pairs) / n
    spread = math.fsum((x - mean_x) ** 2 for x, _ in pairs)
    if spread < 1e-9:
        return None
    slope = math.fsum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread
    offset = mean_y - slope * mean_x
    residual = math.sqrt(math.fsum((y - offset - slope * x) ** 2 for x, y in pairs) / n)
    return LinearFit(offset, slope, residual)


def common_prefix(left: str, right: str) -> int:
    """The number of characters with which both texts begin."""
    for position, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return position
    return min(len(left), len(right))


def agreement(left: str, right: str, scale: float) -> float:
    """The agreement of two texts, in [0, 1]: 1 for equal ones, else ``prefix / (prefix + scale)``."""
    if left == right:
        return 1.0
    shared = common_prefix(left, right)
    return shared / (shared + scale)
