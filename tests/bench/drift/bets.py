"""The program's test of products, for all runs at once. ``test_drift_bench`` holds the two to each other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from resample import log_wealth

from trueweight.drift import dilution
from trueweight.drift.by_logprobs import DILUTION_SHARE, MOST_FAR
from trueweight.drift.dilution import FAR, LEAST_GAPS, TIMES_FARTHER, TOLERATED_SHARE
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
    STAKES,
    TAIL,
    TIMES_TOLERATED,
    WIDE,
)
from trueweight.drift.thresholds import Thresholds

Floats = NDArray[np.float64]


class Paths(NamedTuple):
    """After each question, of every run: log e-values, and mean and margin of the confidence sequence in nats²."""

    drift: Floats
    same: Floats
    mean: Floats
    margin: Floats


class Odd(NamedTuple):
    """Far answers of every run after each question.

    Attributes:
        counts: how many there are among all.
        again: how many requests were sent again for them.
        evidence: log e-value of `dilution`.
    """

    counts: Floats
    again: Floats
    evidence: Floats


class Verdicts(NamedTuple):
    """Of every run: requests to the candidate until DRIFT and until EQUIVALENT; infinite if the other came first."""

    drift: Floats
    equivalent: Floats


def paths(x: Floats, sizes: Floats, t: Thresholds) -> Paths:
    """Play products of shape (runs, questions); a NaN is a question that could not be compared."""
    missing, limit = np.isnan(x), t.tolerance**2
    value, gap = np.where(missing, 0.0, x), np.where(missing, 0.0, sizes)
    noise = np.maximum(0.0, gap - np.maximum(0.0, value))
    quiet, wide_quiet = t.cut, max(WIDE * t.cut, TIMES_TOLERATED * limit)
    scale, wide, bias = np.full(x.shape, quiet), np.full(x.shape, wide_quiet), np.zeros(x.shape)
    least, wide_least = np.full(x.shape, -1.0), np.full(x.shape, -1.0)
    for i in range(1, x.shape[1]):
        past = value[:, max(0, i - MEMORY) : i]
        place = past.shape[1] // 4
        quartile = np.partition(past, place, axis=1)[:, place]
        spread = np.maximum(0.0, -t.noise_factor * quartile)
        size = np.median(noise[:, max(0, i - MEMORY) : i], axis=1)
        bias[:, i] = t.bias * size
        scale[:, i] = np.maximum(np.maximum(t.cut, spread), TIMES_TOLERATED * bias[:, i])
        wide[:, i] = np.maximum(np.maximum(WIDE * t.cut, spread), TIMES_TOLERATED * (limit + bias[:, i]))
        if i >= LEARNED:
            lowest = np.maximum(TAIL * spread, -np.partition(value[:, :i], 1, axis=1)[:, 1])
            noisy = (TIMES_TOLERATED * bias[:, i] > t.cut) & (quartile < size)
            least[:, i] = np.where(noisy, -1.0, -np.clip(lowest / scale[:, i], LOWEST, 1.0))
            wide_least[:, i] = np.where(noisy, -1.0, -np.clip(lowest / wide[:, i], LOWEST, 1.0))
    score = np.where(missing, np.nan, np.clip(value / scale, least, 1))
    tolerated = np.minimum(limit / scale, t.tolerated_score) + bias / scale
    drift = log_wealth(score, np.minimum(tolerated, MOST), least=least, portfolio=STAKES)
    wide_score = np.where(missing, np.nan, np.clip(value / wide, wide_least, 1))
    same = log_wealth(wide_score, np.minimum(limit / wide, MOST), below=True)
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


def odd_answers(gaps: Floats, reference_moves: Floats, candidate_moves: Floats) -> Odd:
    """Far answers and what they show.

    Args:
        gaps: runs × questions × 2, in nats.
        reference_moves, candidate_moves: how far either side's answer moves if its request is sent again, likewise.
    """
    gaps, *moves = (np.nan_to_num(one) for one in (gaps, reference_moves, candidate_moves))
    runs, n, _ = gaps.shape
    score, far = np.full(gaps.shape, np.nan), np.zeros(gaps.shape, dtype=bool)
    score[:, LEAST_GAPS // 2 :] = 0.0
    for i in range(LEAST_GAPS // 2, n) if (gaps > FAR).any() else ():
        limit = np.maximum(FAR, TIMES_FARTHER * np.median(gaps[:, :i].reshape(runs, -1), axis=1))[:, None]
        far[:, i] = gaps[:, i] > limit
        reference, candidate = ((one[:, i] > limit) & far[:, i] for one in moves)
        score[:, i] = candidate.astype(float) - reference
    bets = log_wealth(score.reshape(runs, -1), TOLERATED_SHARE, least=-1.0, portfolio=dilution.STAKES)
    return Odd(far_answers(gaps), np.cumsum(far.sum(-1), axis=1), bets[:, 1::2])


def combined(systematic: Floats, odd: Odd | None) -> Floats:
    """Log e-value for drift, as `LogprobTest` averages it; without odd answers, their bets are at a standstill."""
    other = np.zeros_like(systematic) if odd is None else odd.evidence
    return np.asarray(np.logaddexp(systematic + math.log(1 - DILUTION_SHARE), other + math.log(DILUTION_SHARE)))


def verdicts(found: Paths, t: Thresholds, alpha: float, odd: Odd | None = None) -> Verdicts:
    """When each run ends, and how: it looks after each round."""
    n = found.drift.shape[1]
    looks = [i for i in range(n) if (i + 1) % BLOCK == 0 or i == n - 1]
    looks = [i for i in looks if i + 1 >= LEAST_PROMPTS]
    limit = t.tolerance**2
    within = (found.mean + found.margin < limit) & (found.margin < limit) & (found.same >= -math.log(alpha))
    if odd is not None:
        within &= odd.counts <= MOST_FAR
    over = combined(found.drift, odd) >= -math.log(alpha)
    first_over, first_within = (_first(one[:, looks], np.array(looks)) for one in (over, within))
    drift = np.where(first_over <= first_within, first_over, np.inf)
    equivalent = np.where(first_within < first_over, first_within, np.inf)
    return Verdicts(*(requests_of(end) + _sent_again(odd, end) for end in (drift, equivalent)))


def _sent_again(odd: Odd | None, ends: Floats) -> Floats:
    """Requests that were sent again until a run's end."""
    if odd is None:
        return np.zeros(len(ends))
    last = np.where(np.isfinite(ends), ends, 1).astype(int) - 1
    return np.asarray(odd.again[np.arange(len(ends)), last])


def _first(hits: NDArray[np.bool_], looks: NDArray[np.int64]) -> Floats:
    return np.asarray(np.where(hits.any(1), looks[hits.argmax(1)] + 1.0, np.inf))
