"""Healthy fleets of unusual shapes: how often any host in them is called worse (``--unusual``).

In each case all hosts have one rate of passing. They differ in how their trials of a case depend on each other, so
that some vary far less than others, and in their repeats.
"""

# ruff: noqa: T201
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from fleets import beta
from tables import accused_of_counts

from trueweight.statistics.proportion import wilson


class Shape(NamedTuple):
    """A fleet.

    Attributes:
        correlations: the intraclass correlation of each host's trials of a case; 1 is a deterministic host.
        repeats: of each host, in both modes.
        mixed: the rates of the cases are beta-distributed around the mean; else all have it.
        hard: only in cases whose rate is below the mean are trials correlated.
    """

    cases: int
    rate: float
    correlations: Sequence[float]
    repeats: Sequence[int]
    mixed: bool = False
    hard: bool = False


SHAPES: Final = {
    "one independent, seven with a correlation of .8": Shape(125, 0.9, [0] + [0.8] * 7, [3] * 8),
    "four independent, four with .8": Shape(125, 0.9, [0] * 4 + [0.8] * 4, [3] * 8),
    "the same, one repeat": Shape(60, 0.9, [0] * 4 + [0.8] * 4, [1] * 8),
    "the same, five repeats": Shape(60, 0.9, [0] * 4 + [0.8] * 4, [5] * 8),
    "one with .8, seven independent": Shape(125, 0.9, [0.8] + [0] * 7, [3] * 8),
    "one with 15 repeats, seven with one": Shape(60, 0.9, [0] * 8, [15] + [1] * 7),
    "the same, mixed cases": Shape(125, 0.8, [0] * 8, [15] + [1] * 7, mixed=True),
    "one with one repeat, seven with 15": Shape(60, 0.9, [0] * 8, [1] + [15] * 7),
    "one independent, seven deterministic, mixed cases": Shape(125, 0.8, [0] + [1] * 7, [5] * 8, mixed=True),
    "one deterministic, seven independent": Shape(60, 0.9, [1] + [0] * 7, [3] * 8),
    "one deterministic, two independent": Shape(60, 0.9, [1, 0, 0], [3] * 3),
    "two with .8, two independent": Shape(60, 0.8, [0.8, 0.8, 0, 0], [3] * 4),
    "two with .8, one independent": Shape(125, 0.9, [0.8, 0.8, 0], [3] * 3),
    "one independent, nineteen with .8": Shape(125, 0.9, [0] + [0.8] * 19, [3] * 20),
    "half with .8 in hard cases only": Shape(125, 0.85, [0.8] * 4 + [0] * 4, [3] * 8, mixed=True, hard=True),
    "all independent": Shape(125, 0.9, [0] * 8, [3] * 8),
    "two deterministic, one independent, few cases": Shape(4, 0.8, [1, 1, 0], [5] * 3),
    "the same, six cases": Shape(6, 0.9, [1, 1, 0], [5] * 3),
    "two with .8, one independent, few cases": Shape(6, 0.9, [0.8, 0.8, 0], [5] * 3),
    "one deterministic, two independent, few cases": Shape(10, 0.9, [1, 0, 0], [5] * 3),
    "two deterministic, two independent, few cases": Shape(8, 0.9, [1, 1, 0, 0], [5] * 4),
    "three independent, few cases": Shape(10, 0.9, [0] * 3, [5] * 3),
    "one deterministic, two independent, few failures": Shape(60, 0.98, [1, 0, 0], [5] * 3),
    "two deterministic, one independent, few failures": Shape(60, 0.98, [1, 1, 0], [5] * 3),
    "the same, 125 cases": Shape(125, 0.99, [1, 1, 0], [5] * 3),
}


def draw_shape(shape: Shape, rng: np.random.Generator) -> tuple[Any, Any]:
    """Passed and judged trials, cases by hosts by modes."""
    ease = np.full(shape.cases, shape.rate)
    ease = beta(ease, 1.0, rng, shape.cases) if shape.mixed else ease
    hosts = len(shape.repeats)
    passed, judged = np.zeros((2, shape.cases, hosts, 2), dtype=np.int64)
    for place, (correlation, repeats) in enumerate(zip(shape.correlations, shape.repeats, strict=True)):
        own = ease
        if correlation == 1:
            own = (rng.random(shape.cases) < ease).astype(float)
        elif correlation:
            own = beta(ease, 1 / correlation - 1, rng, shape.cases)
        if shape.hard:
            own = np.where(ease < shape.rate, own, ease)
        passed[:, place] = rng.binomial(repeats, np.repeat(own[:, None], 2, axis=1))
        judged[:, place] = repeats
    return passed, judged


def unusual(runs: int, reference: bool) -> None:
    """Print the table. Beside a reference that is the first host, without the tests of metrics and times."""
    for place, (name, shape) in enumerate(SHAPES.items()):
        rng = np.random.default_rng([17, place, reference])
        hits = sum(bool(accused_of_counts(draw_shape(shape, rng), reference=reference)) for _ in range(runs))
        low, high = wilson(hits, runs).interval
        print(
            f"{name:50} {shape.cases:>4} {hits / runs:6.1%}  {low or 0:5.1%} – {high or 1:5.1%} of {runs}", flush=True
        )
