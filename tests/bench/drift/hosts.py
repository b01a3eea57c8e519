"""Simulated hosted endpoints: what they do to an engine's log-probabilities before a client sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STATES = 4


@dataclass(frozen=True)
class Host:
    """A way to serve.

    Attributes:
        noise: nats, standard deviation of each token's log-probability, new in each answer.
        shared: whether noise is the same at all places of an answer: of the likeliest token, of the next …
        regimes: nats, the same for a few states (batch, replica) that a host alternates among; a state's rounding is
            the same in each answer to the same request, and another for another variant.
        sticky: whether a router sends a client to one of the states for the whole run.
        grid: logits are rounded to multiples of this.
        top: the number of tokens shown.
        decimals: of the log-probabilities; None for all.
        probabilities: whether six decimals of the probability are sent.
    """

    noise: float = 0.0
    shared: bool = False
    regimes: float = 0.0
    sticky: bool = False
    grid: float = 0.0
    top: int = 20
    decimals: int | None = None
    probabilities: bool = False

    def answers(self, exact: Floats, rng: np.random.Generator, states: Floats | None = None) -> Floats:
        """What a client sees of these log-probabilities: runs × questions (× places) × tokens.

        Args:
            states: STATES × (shape of one run): the rounding of each state.
        """
        seen = np.array(exact)
        if self.noise:
            # An axis of places is there unless a single place is asked for again.
            shape = (*seen.shape[:-2], 1, seen.shape[-1]) if self.shared and seen.ndim > 3 else seen.shape
            drawn = rng.standard_normal(shape, dtype=np.float32)
            seen = seen + np.float32(self.noise) * drawn
        if self.regimes and states is not None:
            runs = seen.shape[0]
            drawn = rng.integers(0, STATES, (runs, 1) if self.sticky else seen.shape[:2])
            drawn = np.broadcast_to(drawn, seen.shape[:2])
            questions = np.arange(seen.shape[1])
            seen = seen + (self.regimes * states[drawn, questions[None, :]]).astype(seen.dtype)
        if self.grid:
            seen = np.round(seen / self.grid) * self.grid
        if self.top < seen.shape[-1]:
            order = np.sort(np.where(np.isnan(seen), -np.inf, seen), axis=-1)
            seen = np.where(seen >= order[..., -self.top, None], seen, np.nan)
        if self.decimals is not None:
            seen = np.round(seen, self.decimals)
        if self.probabilities:
            share = np.round(np.exp(np.minimum(seen, 0.0)), 6)
            seen = np.where(share > 0, np.log(np.maximum(share, 1e-12)), np.nan)
        return seen
