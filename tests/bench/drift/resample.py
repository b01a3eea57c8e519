"""Many tests from one recording: prompts are resampled with replacement, each with all of its answers, and played.

The same bets as `trueweight.drift.betting`, for all runs at once; ``test_drift_bench`` holds the two to each other.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trueweight.drift.betting import LEAST_SCORE, PORTFOLIO, Stake
from trueweight.drift.prompt_and_sampler import LEAST_PROMPTS as RIPE

Floats = npt.NDArray[np.float64]


class Ends(NamedTuple):
    """Of every run: prompts until DRIFT and until EQUIVALENT, infinite if never; whichever is less comes first."""

    drift: Floats
    same: Floats


def log_wealth(
    scores: Floats,
    taus: Floats | float,
    *,
    below: bool = False,
    least: Floats | float = LEAST_SCORE,
    portfolio: tuple[Stake, ...] = PORTFOLIO,
) -> Floats:
    """Logarithm of the wealth after each prompt, for scores of shape (runs, prompts); nothing is bet on a NaN."""
    bound = np.broadcast_to(np.asarray(taus, dtype=float), scores.shape)
    logs = None
    gap = (bound - scores) if below else (scores - bound)
    room = (1.0 - bound) if below else (bound - least)
    for stake in portfolio:
        path = np.cumsum(np.nan_to_num(np.log1p(stake.fraction / room * gap)), axis=1) + math.log(stake.weight)
        logs = path if logs is None else np.logaddexp(logs, path)
    assert logs is not None
    return logs


def ends(drift: Floats, same: Floats | None, alpha: float) -> Ends:
    """When each run decides, looking after every prompt from the first ripe one on."""
    return Ends(_first(drift, alpha), _first(same, alpha) if same is not None else np.full(len(drift), math.inf))


def _first(logs: Floats, alpha: float) -> Floats:
    over = logs >= -math.log(alpha)
    over[:, : RIPE - 1] = False
    return np.where(over.any(axis=1), over.argmax(axis=1) + 1.0, math.inf)


def clopper_pearson(hits: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(1 - tail, hits + 1, of - hits))
    return low, high


def share(hits: int, of: int) -> dict[str, float]:
    """A share of runs for the page, with its exact 95% interval."""
    low, high = clopper_pearson(hits, of)
    return {"value": hits / of, "low": round(low, 4), "high": round(high, 4), "n": of}


def draw(rng: np.random.Generator, clusters: int, runs: int, prompts: int) -> npt.NDArray[np.int64]:
    """Which prompt each run plays when."""
    return rng.integers(0, clusters, (runs, prompts))
