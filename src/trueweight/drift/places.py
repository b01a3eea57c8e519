"""The product of one question, over all places of its four answers that can be compared.

At temperature 0 both sides' answers to both variants of a question often begin with the same tokens. After the same
tokens the contexts are the same, so each such place has a product (see `product`), and the question's is their mean.
The four answers are different requests, so the products have the mean 0 wherever the two sides agree on average, even
if all places of one answer have their noise in common; where they have not, their mean scatters less.

The last place is the one at which the four answers part. A place at which all are sure shows nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from trueweight.drift.facts import SURE_LOGPROB, Facts, Place
from trueweight.drift.product import Pair, Product, product


class AnswerPair(NamedTuple):
    """The reference's and the candidate's answer to one request."""

    reference: Facts
    candidate: Facts


class Compared(NamedTuple):
    """One question.

    Attributes:
        value: its product in nats², the mean over its places.
        size: the mean product of the sizes of both differences, likewise.
        first: the product at the first place, with these sizes in nats.
        places: the number of compared places.
    """

    value: float
    size: float
    first: Product
    places: int


def compare(one: AnswerPair, two: AnswerPair) -> Compared | None:
    """The product of two variants' answers; None if the lists at the first place share too few tokens."""
    found: list[Product] = []
    last: Product | None = None
    for place in zip(*(answer.places for pair in (one, two) for answer in pair), strict=False):
        at = product(Pair(place[0].top, place[1].top), Pair(place[2].top, place[3].top))
        if is_sure(place):
            last = at
        elif at is not None:
            found.append(at)
        elif not found:
            return None
        if not _go_on_alike(place):
            break
    if not found:
        # Nothing but sure tokens: the last of them, as it is all there is.
        return None if last is None else Compared(last.value, last.first * last.second, last, 1)
    value, size = fmean(one.value for one in found), fmean(one.first * one.second for one in found)
    return Compared(value, size, found[0], len(found))


def is_sure(place: Sequence[Place]) -> bool:
    """Whether all answers are as good as certain of their token at this place."""
    return all(one.top and one.top[0].logprob >= SURE_LOGPROB for one in place)


def _go_on_alike(place: Sequence[Place]) -> bool:
    """Whether all answers chose the same token here. One that its own list does not have, or has twice (hosts spell
    several tokens alike), is not known to be the same."""
    chosen = place[0].chosen
    return all(one.chosen == chosen and any(token.key == chosen for token in one.top) for one in place)
