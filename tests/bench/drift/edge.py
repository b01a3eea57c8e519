"""Honest hosts at the edge: their systematic difference is the tolerance itself, in several shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from bets import Floats, nats_of
from hosts import Host
from panel import products_of

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
STEPS = 40


def at_tolerance(
    base: Floats, others: dict[str, Floats], tolerance: float, rng: np.random.Generator
) -> Iterator[tuple[str, Floats]]:
    """Name and log-probabilities of hosts that are exactly as far from ``base`` as is tolerated.

    Args:
        others: engines whose differences are scaled up or down to that.
    """
    questions, _, tokens = base.shape
    drawn = rng.normal(0, 1, (questions, 1, tokens))
    uneven = drawn * np.exp(1.2 * rng.normal(0, 1, (questions, 1, 1)))
    shifts: dict[str, Callable[[float], Floats]] = {
        "each token by the same, up or down": lambda size: base + size * np.sign(drawn),
        "each token by a normal draw": lambda size: base + size * drawn,
        "questions by very different amounts": lambda size: base + size * uneven,
        "temperature": lambda size: base * (1 + size),
    }
    shifts |= {
        f"{name}, differences scaled": lambda size, other=other: base + size * (other - base)  # type: ignore[misc]
        for name, other in others.items()
    }
    for name, shifted in shifts.items():
        low, high = 0.0, 0.001
        while _nats(base, shifted(high)) < tolerance:
            high *= 2
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if _nats(base, shifted(middle)) < tolerance else (low, middle)
        yield name, shifted(low)


def _nats(a: Floats, c: Floats) -> float:
    x = products_of(a, c)
    return nats_of(x[~np.isnan(x)])
