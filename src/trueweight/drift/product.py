"""The product of two differences that share no noise: what is left of it on average is systematic.

To two variants of one question (1, 2), the reference answers a₁, a₂ and the candidate c₁, c₂: log-probabilities of
the next token. Each difference dᵢ = cᵢ - aᵢ is the systematic difference of the two models plus noise: of time (load,
batch, replica) and of rounding, which changes with every unrelated word before the question. The four answers are
different requests, sent at different times, so the noise of d₁ and that of d₂ are independent, and

    x = Σ p(t) · d₁(t) · d₂(t)

over the tokens t that all four show has the mean 0 whenever the *means* agree, however noisy either side is. Otherwise
its mean is the square of the systematic difference, in nats². Both differences are centred, since a list of the
likeliest tokens need not be normalised alike on both sides.

The weights p are the square roots of the reference's probabilities a₁; then once more of those of a₂, and x is the mean
of both. (Probabilities themselves leave two or three tokens to average over, so that a product is mostly noise.)
Weights of both answers at once would be noise that d₁ and d₂ share. Rounded weights are another function and smooth in
the input, so the same error returns in each variant: see reports/drift for how far this separates them from engines.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from trueweight.drift.facts import Token

LEAST_SHARED: Final = 2
"""Tokens that lists must share: the centred difference of one token is 0."""

EVENNESS: Final = 0.5
"""A token's weight is its probability to this power."""

FARTHEST: Final = 5.0
"""Limit of one token's difference, in nats: -100 and -9999 stand for "impossible"."""

NEVER: Final = -50.0
"""Log-probabilities below this are such stand-ins, and are left out."""


class Pair(NamedTuple):
    """Both sides' likeliest tokens in answer to the same request."""

    reference: Sequence[Token]
    candidate: Sequence[Token]


class Product(NamedTuple):
    """x in nats², and the sizes of both differences in nats (root mean square, weighted)."""

    value: float
    first: float
    second: float


def product(one: Pair, two: Pair) -> Product | None:
    """The product of the differences of two pairs; None if the four lists share too few tokens."""
    a1, c1, a2, c2 = (_values(side) for pair in (one, two) for side in pair)
    shared = sorted(a1.keys() & c1.keys() & a2.keys() & c2.keys())
    if len(shared) < LEAST_SHARED:
        return None
    total = first = second = 0.0
    for a in (a1, a2):
        weights = _weights(a, shared)
        d1, d2 = _difference(a1, c1, shared, weights), _difference(a2, c2, shared, weights)
        total += math.fsum(w * x * y for w, x, y in zip(weights, d1, d2, strict=True)) / 2
        first += math.fsum(w * x * x for w, x in zip(weights, d1, strict=True)) / 2
        second += math.fsum(w * y * y for w, y in zip(weights, d2, strict=True)) / 2
    return Product(total, math.sqrt(first), math.sqrt(second))


def gap(pair: Pair) -> float | None:
    """The size of one difference in nats: root mean square, weighted like products.

    None if the lists share too few tokens.
    """
    a, c = _values(pair.reference), _values(pair.candidate)
    shared = sorted(a.keys() & c.keys())
    if len(shared) < LEAST_SHARED:
        return None
    weights = _weights(a, shared)
    return math.sqrt(math.fsum(w * x * x for w, x in zip(weights, _difference(a, c, shared, weights), strict=True)))


def _values(tokens: Sequence[Token]) -> dict[bytes, float]:
    return {key: value for key, value in tokens if value > NEVER}


def _weights(values: Mapping[bytes, float], keys: Sequence[bytes]) -> list[float]:
    most = max(values[key] for key in keys)
    raw = [math.exp(EVENNESS * (values[key] - most)) for key in keys]
    total = math.fsum(raw)
    return [one / total for one in raw]


def _difference(
    a: Mapping[bytes, float], c: Mapping[bytes, float], keys: Sequence[bytes], weights: Sequence[float]
) -> list[float]:
    """c - a at these keys, with the weighted mean 0."""
    raw = [max(-FARTHEST, min(FARTHEST, c[key] - a[key])) for key in keys]
    mean = math.fsum(w * d for w, d in zip(weights, raw, strict=True))
    return [d - mean for d in raw]
