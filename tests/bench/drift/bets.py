"""The program's test of products, for all runs at once. ``test_drift_bench`` holds the two to each other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from resample import log_wealth

from trueweight.drift.by_logprobs import FAR, MOST_FAR, TIMES_FARTHER
from trueweight.drift.investigate import BLOCK, REPEAT_EVERY
from trueweight.drift.prompt_and_sampler import LEAST_PROMPTS
from trueweight.drift.settings import PROBES
from trueweight.drift.systematic import (
    LEARNED,
    LEAST_PRODUCTS,
    LOWEST,
    MEMORY,
    MOST,
    SHARPEST_AFTER,
    TAIL,
    TIMES_TOLERATED,
)
from trueweight.drift.thresholds import Thresholds

Floats = NDArray[np.float64]


class Paths(NamedTuple):
    """After each question, of every run: log e-values, and mean and margin of the confidence sequence in nats²."""

    drift: Floats
    same: Floats
    mean: Floats
    margin: Floats


class Verdicts(NamedTuple):
    """Of every run: requests to the candidate until DRIFT and until EQUIVALENT; infinite if the other came first."""

    drift: Floats
    equivalent: Floats


def paths(x: Floats, size: Floats, t: Thresholds) -> Paths:
    """Play products of shape (runs, questions); a NaN is a question that could not be compared."""
    missing, limit = np.isnan(x), t.tolerance**2
    value, gap = np.where(missing, 0.0, x), np.where(missing, 0.0, size)
    noise = np.maximum(0.0, gap - np.maximum(0.0, value))
    scale, bias, least = (
        np.full(x.shape, max(t.cut, TIMES_TOLERATED * limit)),
        np.zeros(x.shape),
        np.full(x.shape, -1.0),
    )
    for i in range(1, x.shape[1]):
        past = np.sort(value[:, max(0, i - MEMORY) : i], axis=1)
        spread = np.maximum(0.0, -t.noise_factor * past[:, past.shape[1] // 4])
        bias[:, i] = t.bias * np.median(noise[:, max(0, i - MEMORY) : i], axis=1)
        scale[:, i] = np.maximum(np.maximum(t.cut, spread), TIMES_TOLERATED * (limit + bias[:, i]))
        least[:, i] = (
            -np.clip(np.maximum(TAIL * spread, -value[:, :i].min(1)) / scale[:, i], LOWEST, 1.0)
            if i >= LEARNED
            else -1.0
        )
    score = np.where(missing, np.nan, np.clip(value / scale, least, 1))
    drift = log_wealth(score, np.minimum((limit + bias) / scale, MOST), least=least)
    same = log_wealth(score, np.minimum(limit / scale, MOST), below=True)
    n = np.maximum(1, np.cumsum(~missing, axis=1))
    mean = np.cumsum(value, axis=1) / n
    variance = np.maximum(0.0, np.cumsum(value**2, axis=1) / n - mean**2) + limit**2 / n
    alpha = 0.05
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / SHARPEST_AFTER
    spread = 2 * (n * rho2 + 1) / (n * n * rho2) * np.log(np.sqrt(n * rho2 + 1) / alpha)
    margin = np.sqrt(variance * spread) + 2 * np.maximum.accumulate(np.abs(value), axis=1) / n
    return Paths(drift, same, mean, np.where(n < LEAST_PRODUCTS, np.inf, margin))


def requests_of(questions: Floats) -> Floats:
    """Requests to the candidate for so many questions: two each, one repeated in each second round, and a probe."""
    rounds = np.ceil(questions / BLOCK)
    return np.asarray(2 * questions + np.floor(np.maximum(0, rounds - 1) / REPEAT_EVERY) + PROBES)


def far_answers(gaps: Floats) -> Floats:
    """The number of far answers after each question; ``gaps``: runs × questions × 2, in nats."""
    flat = np.nan_to_num(gaps).reshape(len(gaps), -1)
    counts = np.zeros(gaps.shape[:2])
    if not (flat > FAR).any():
        return counts
    for i in range(gaps.shape[1]):
        if (i + 1) % BLOCK and i + 1 < gaps.shape[1]:
            continue  # Nothing is decided between rounds.
        past = flat[:, : 2 * i + 2]
        limit = np.maximum(FAR, TIMES_FARTHER * np.median(past, axis=1, keepdims=True))
        counts[:, i] = (past > limit).sum(1)
    return counts


def verdicts(found: Paths, t: Thresholds, alpha: float, far: Floats | None = None) -> Verdicts:
    """When each run ends, and how: it looks after each round."""
    n = found.drift.shape[1]
    looks = [i for i in range(n) if (i + 1) % BLOCK == 0 or i == n - 1]
    looks = [i for i in looks if i + 1 >= LEAST_PROMPTS]
    limit = t.tolerance**2
    within = (found.mean + found.margin < limit) & (found.margin < limit) & (found.same >= -math.log(alpha))
    if far is not None:
        within &= far <= MOST_FAR
    over = found.drift >= -math.log(alpha)
    first_over, first_within = (_first(one[:, looks], np.array(looks)) for one in (over, within))
    drift = np.where(first_over <= first_within, first_over, np.inf)
    return Verdicts(requests_of(drift), requests_of(np.where(first_within < first_over, first_within, np.inf)))


def _first(hits: NDArray[np.bool_], looks: NDArray[np.int64]) -> Floats:
    return np.asarray(np.where(hits.any(1), looks[hits.argmax(1)] + 1.0, np.inf))
