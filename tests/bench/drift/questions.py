"""The program's comparison of a question's four answers, and its order of questions, for many runs at once.

``test_drift_bench`` holds both to the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from panel import Answers, Floats, Ints, products, squares

from trueweight.drift.facts import SURE_LOGPROB
from trueweight.drift.investigate import BLOCK
from trueweight.drift.scouting import LEAST_MARGIN, LEAST_PLACES, Scout

Bools = NDArray[np.bool_]


class Compared(NamedTuple):
    """Of every question.

    Attributes:
        value: its product in nats²; NaN if it cannot be compared.
        size: the mean product of the sizes of both differences, in nats².
        gaps: how far the candidate's two answers are from the reference's, in nats; a last axis of two.
        at: the place of these.
        places: the number of compared places.
    """

    value: Floats
    size: Floats
    gaps: Floats
    at: Ints
    places: Ints


def compared(four: Sequence[Floats], chosen: Sequence[Ints]) -> Compared:
    """Compare reference and candidate in the first variant, then in the second.

    Args:
        four: … × questions × places × tokens.
        chosen: the recorded tokens, … × questions × places. What follows another token is not known, so an answer ends
            where what the host shows would have made it choose another one.
    """
    listed = [np.where(np.isnan(one), -np.inf, one) for one in four]
    top = np.stack([one.max(-1) for one in listed])
    best = np.stack([one.argmax(-1) for one in listed])
    go_on = (best == best[0]).all(0)
    for own, one in zip(best, chosen, strict=True):
        go_on &= own == one
    reached = _reached((top > -np.inf).all(0), go_on)
    unsure = reached & ~(top >= SURE_LOGPROB).all(0)
    x = products(*four)
    counted = unsure & ~np.isnan(x.value)
    number = counted.sum(-1)
    only = np.where(unsure.any(-1), unsure.argmax(-1), np.maximum(reached.sum(-1) - 1, 0))
    value, size = (_mean(one, counted, only) for one in (x.value, np.sqrt(x.first * x.second)))
    # A first place that cannot be compared: the question is not.
    value = np.where(np.isnan(_take(x.value, only)), np.nan, value)
    pairs = ((four[0], four[1]), (four[2], four[3]))
    gaps = [np.sqrt(squares(*(_take(one, only) for one in pair))) for pair in pairs]
    return Compared(value, size, np.stack(gaps, axis=-1), only, np.maximum(number, 1))


def _reached(there: Bools, go_on: Bools) -> Bools:
    """Which places come after nothing but places at which all answers went on alike."""
    before = np.concatenate([np.ones_like(go_on[..., :1]), go_on[..., :-1]], axis=-1)
    return np.asarray(np.logical_and.accumulate(there & before, axis=-1))


def _mean(values: Floats, counted: Bools, only: Ints) -> Floats:
    """The mean over the counted places; where none is, the value at ``only``."""
    number = counted.sum(-1)
    mean = np.where(counted, values, 0.0).sum(-1) / np.maximum(number, 1)
    return np.where(number > 0, mean, _take(values, only))


def _take(values: Floats, at: Ints) -> Floats:
    """The values at one place of each question; ``values`` may have an axis of tokens beyond that of places."""
    beyond = values.ndim - at.ndim - 1
    index = at.reshape(*at.shape, *(1,) * (beyond + 1))
    return np.asarray(np.take_along_axis(values, index, at.ndim).squeeze(at.ndim))


def take_place(exact: Floats, at: Ints) -> Floats:
    """Of questions × places × tokens: what is at one place of each question, in each run."""
    return np.asarray(exact[np.arange(exact.shape[0])[None], at])


def is_common(one: Floats, two: Floats) -> Bools:
    """Whether the program would ask a question before others, by the reference's answers to both variants."""
    listed = np.stack([np.where(np.isnan(side), -np.inf, side) for side in (one, two)])
    best = listed.argmax(-1)
    ordered = np.sort(listed, axis=-1)[..., -2:]
    with np.errstate(invalid="ignore"):
        margin = ordered[..., 1] - ordered[..., 0]
    go_on = (best[0] == best[1]) & (margin >= LEAST_MARGIN).all(0)
    reached = _reached((ordered[..., 1] > -np.inf).all(0), go_on)
    return np.asarray((reached & ~(ordered[..., 1] >= SURE_LOGPROB).all(0)).sum(-1) >= LEAST_PLACES)


def order_of(common: Bools, rng: np.random.Generator, most: int) -> list[int]:
    """One run's questions in the order in which the program asks them, if the bank has them in a random one."""
    names = list(map(str, rng.permutation(len(common))))
    scout, found = Scout(names, most), list[str]()
    while len(found) < len(names):
        scout.take({one: bool(common[int(one)]) for one in scout.to_scout(BLOCK)})
        found += scout.next(BLOCK)
    return list(map(int, found))


def compare_engines(reference: Answers, candidate: Answers) -> Compared:
    """The comparison of two engines' recorded answers."""
    sides = (reference, candidate)
    return compared(
        [side.logprobs[:, v] for v in (0, 1) for side in sides], [side.chosen[:, v] for v in (0, 1) for side in sides]
    )
