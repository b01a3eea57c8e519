"""The program's test of products, for all runs at once. ``test_drift_bench`` holds the two to each other."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from resample import log_wealth

from trueweight.drift import dilution
from trueweight.drift.by_logprobs import DILUTION_SHARE
from trueweight.drift.dilution import FAR, LEAST_GAPS, TIMES_FARTHER, TOLERATED_SHARE, rare_step
from trueweight.drift.investigate import BLOCK, REPEAT_EVERY
from trueweight.drift.prompt_and_sampler import LEAST_PROMPTS
from trueweight.drift.settings import PROBES
from trueweight.drift.systematic import (
    LEARNED,
    LEAST_PRODUCTS,
    LOWEST,
    MEMORY,
    STAKES,
    TAIL,
    TIMES_BIAS,
    TIMES_MEAN,
    TIMES_PLAIN,
    counted_mean,
    spread,
)
from trueweight.drift.thresholds import Thresholds

Floats = NDArray[np.float64]


class Paths(NamedTuple):
    """After each question, of every run.

    Attributes:
        drift, same: log e-values.
        within: whether the limits of the systematic difference, its resolution and the plain mean allow EQUIVALENT.
        nats: the systematic difference of the first run, after all questions.
    """

    drift: Floats
    same: Floats
    within: NDArray[np.bool_]
    nats: float


class Odd(NamedTuple):
    """Far answers of every run after each question.

    Attributes:
        again: how many requests were sent again for them.
        evidence: log e-value of `dilution`.
        rare: log e-value against "at least 7% of the answers are far".
    """

    again: Floats
    evidence: Floats
    rare: Floats


class Verdicts(NamedTuple):
    """Of every run: requests to the candidate until DRIFT and until EQUIVALENT; infinite if the other came first."""

    drift: Floats
    equivalent: Floats


def paths(x: Floats, sizes: Floats, t: Thresholds) -> Paths:
    """Play products of shape (runs, questions); a NaN is a question that could not be compared."""
    missing, limit = np.isnan(x), t.tolerance**2
    value, gap = np.where(missing, 0.0, x), np.where(missing, 0.0, sizes)
    noise = np.maximum(0.0, gap - np.maximum(0.0, value))
    cut, n = TIMES_MEAN * limit, x.shape[1]
    scale, bias = np.full((len(x), n + 1), cut), np.zeros((len(x), n + 1))
    least, within = np.full(x.shape, -1.0), np.zeros(x.shape, dtype=bool)
    for i in range(1, n + 1):
        past = value[:, max(0, i - MEMORY) : i]
        place = past.shape[1] // 4
        quartile = np.partition(past, place, axis=1)[:, place]
        heavy = np.maximum(0.0, -t.noise_factor * quartile)
        size = np.median(noise[:, max(0, i - MEMORY) : i], axis=1)
        bias[:, i] = t.bias * size
        scale[:, i] = np.maximum(np.maximum(cut, heavy), TIMES_BIAS * bias[:, i])
        if LEARNED <= i < n:
            lowest = np.maximum(TAIL * heavy, -value[:, :i].min(1))
            noisy = (TIMES_BIAS * bias[:, i] > cut) & (quartile < size)
            least[:, i] = np.where(noisy, -1.0, -np.clip(lowest / scale[:, i], LOWEST, 1.0))
        within[:, i - 1] = _within(value[:, :i], i - missing[:, :i].sum(1), scale[:, i], limit)
    scale, bias = scale[:, :n], bias[:, :n]
    score = np.where(missing, np.nan, np.clip(value / scale, least, 1))
    drift = log_wealth(score, 1 / TIMES_MEAN + bias / scale, least=least, portfolio=STAKES)
    same = log_wealth(score, limit / scale, below=True)
    return Paths(drift, same, within, nats_of(value[0][~missing[0]], float(scale[0, -1])))


def nats_of(products: Floats, scale: float = 0.0) -> float:
    """The systematic difference that products show."""
    return math.sqrt(counted_mean(list(products), scale))


def _within(value: Floats, n: NDArray[np.int64], scale: Floats, limit: float) -> NDArray[np.bool_]:
    """Of every run: whether these products allow EQUIVALENT; missing ones are 0, and not among the ``n``."""
    alpha = 0.05
    counted = np.maximum(n, 1)
    wide = np.array([spread(int(one), alpha) for one in range(1, value.shape[1] + 1)])[counted - 1]

    def interval(x: Floats, unit: Floats | float) -> tuple[Floats, Floats]:
        mean = x.sum(1) / counted
        variance = np.maximum(0.0, (x**2).sum(1) / counted - mean**2) + unit**2 / counted
        return mean, np.sqrt(variance * wide) + 2 * np.abs(x).max(1) / counted

    mean, margin = interval(np.clip(value / scale[:, None], -1, 1), limit / scale)
    plain, plain_margin = interval(value, limit)
    needed = limit / scale
    close = (mean + margin < needed) & (margin < needed) & (plain + plain_margin < TIMES_PLAIN * limit)
    return np.asarray(close & (n >= LEAST_PRODUCTS))


def requests_of(questions: Floats) -> Floats:
    """Requests to the candidate for so many questions: two each, one repeated in each second round, and a probe."""
    rounds = np.ceil(questions / BLOCK)
    return np.asarray(2 * questions + np.floor(np.maximum(0, rounds - 1) / REPEAT_EVERY) + PROBES)


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
    steps = np.where(far, rare_step(far=True), rare_step(far=False))
    steps[:, : LEAST_GAPS // 2] = 0.0
    return Odd(np.cumsum(far.sum(-1), axis=1), bets[:, 1::2], np.cumsum(steps.sum(-1), axis=1))


def combined(systematic: Floats, odd: Odd | None) -> Floats:
    """Log e-value for drift, as `LogprobTest` averages it; without odd answers, their bets are at a standstill."""
    other = np.zeros_like(systematic) if odd is None else odd.evidence
    return np.asarray(np.logaddexp(systematic + math.log(1 - DILUTION_SHARE), other + math.log(DILUTION_SHARE)))


def verdicts(found: Paths, alpha: float, odd: Odd | None = None) -> Verdicts:
    """When each run ends, and how: it looks after each round."""
    n = found.drift.shape[1]
    looks = [i for i in range(n) if (i + 1) % BLOCK == 0 or i == n - 1]
    looks = [i for i in looks if i + 1 >= LEAST_PROMPTS]
    within = found.within & (found.same >= -math.log(alpha))
    if odd is not None:
        within &= odd.rare >= -math.log(alpha)
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
