"""Honest hosts at the edge: their systematic difference is the tolerance itself, in several shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bets import Floats, nats_of
from hosts import Host
from panel import Answers
from questions import Bools, compare_engines

QUIET = Host()
HOSTS = {
    "as it is": (QUIET, QUIET),
    "noise 0.02": (Host(noise=0.02), Host(noise=0.02)),
    "noise 0.1": (Host(noise=0.1), Host(noise=0.1)),
    "noise 0.3": (Host(noise=0.3), Host(noise=0.3)),
    "noise 0.1, candidate 3 times": (Host(noise=0.1), Host(noise=0.3)),
    "grid 0.0625, noise 0.05": (Host(noise=0.05, grid=0.0625), Host(noise=0.05, grid=0.0625)),
    "regimes 0.05": (Host(regimes=0.05), Host(regimes=0.05)),
}
STEPS = 20


def at_tolerance(
    base: Answers, others: dict[str, Answers], tolerance: float, rng: np.random.Generator, counted: Bools
) -> Iterator[tuple[str, Answers]]:
    """Name and answers of hosts that are exactly as far from ``base`` as is tolerated, on the counted questions.

    Args:
        others: engines whose differences are scaled up or down to that.
    """
    exact = base.logprobs
    questions, _, *rest = exact.shape
    drawn = rng.normal(0, 1, (questions, 1, *rest))
    uneven = drawn * np.exp(1.2 * rng.normal(0, 1, (questions, 1, 1, 1)))
    shifts: dict[str, Callable[[float], Floats]] = {
        "each token by the same, up or down": lambda size: exact + size * np.sign(drawn),
        "each token by a normal draw": lambda size: exact + size * drawn,
        "questions by very different amounts": lambda size: exact + size * uneven,
        "temperature": lambda size: exact * (1 + size),
    }
    shifts |= {
        f"{name}, differences scaled": lambda size, other=other: exact + size * (other.logprobs - exact)  # type: ignore[misc]
        for name, other in others.items()
    }
    for name, shifted in shifts.items():
        low, high = 0.0, 0.001
        while _nats(base, shifted(high), counted) < tolerance:
            high *= 2
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if _nats(base, shifted(middle), counted) < tolerance else (low, middle)
        yield name, base._replace(logprobs=shifted(low))


def _nats(base: Answers, shifted: Floats, counted: Bools) -> float:
    x = compare_engines(base, base._replace(logprobs=shifted)).value[counted]
    return nats_of(x[~np.isnan(x)])
