"""No honest host is accused: one whose systematic difference is the tolerance itself, however it is spread.

With noise and without.
Played by the bench, all runs at once; `test_drift_bench` holds it to the program.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from trueweight.drift import shipped_thresholds
from trueweight.drift.by_logprobs import DILUTION_SHARE
from trueweight.drift.systematic import counted_mean

sys.path.insert(0, str(Path(__file__).parent.parent / "bench" / "drift"))

from bets import Floats, paths

THRESHOLDS = shipped_thresholds()
RUNS, QUESTIONS = 300, 60
NEEDED = math.log(20 / (1 - DILUTION_SHARE))


def shares(difference: Floats, noise: float, tokens: int, law: str) -> tuple[float, float]:
    """The shares of runs that end in DRIFT and in EQUIVALENT if each question of a run differs by so much at each of
    so many tokens, both times, and noise comes on top; a look after each question."""
    rng = np.random.default_rng(5)
    sign = rng.choice([-1, 1], (RUNS, QUESTIONS, tokens))

    def answer() -> Floats:
        drawn = rng.normal(0, 1, sign.shape) if law == "normal" else rng.standard_t(3, sign.shape) / 1.7
        return np.asarray(sign * difference[..., None] + noise * drawn)

    one, two = answer(), answer()
    sizes = np.sqrt((one**2).mean(-1) * (two**2).mean(-1))
    found = paths((one * two).mean(-1), sizes, THRESHOLDS)
    same = found.within & (found.same >= math.log(20))
    return float((found.drift >= NEEDED).any(1).mean()), float(same.any(1).mean())


@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03, 0.1, 0.3])
@pytest.mark.parametrize(("tokens", "law"), [(1, "normal"), (4, "normal"), (10, "heavy")])
def test_a_host_whose_questions_all_differ_by_the_tolerance_is_not_accused(noise: float, tokens: int, law: str) -> None:
    """Many equal small differences, none of which is cut off."""
    drift, same = shares(np.full((RUNS, QUESTIONS), THRESHOLDS.tolerance), noise, tokens, law)
    assert drift <= 0.05
    assert same <= 0.05


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
@pytest.mark.parametrize("share", [0.22, 0.5])
def test_a_host_whose_difference_is_in_a_few_questions_is_not_accused(noise: float, share: float) -> None:
    """The others do not differ at all; these by so much that the difference, with its cut, is the tolerance."""
    limit = THRESHOLDS.tolerance**2
    exact = np.where(np.random.default_rng(6).random((RUNS, QUESTIONS)) < share, limit / share, 0.0)
    assert counted_mean(exact.ravel().tolist()) == pytest.approx(limit, rel=0.05)
    assert shares(np.sqrt(exact), noise, 4, "normal")[0] <= 0.05


def test_twice_the_tolerance_is_found_behind_some_noise() -> None:
    """So that the tests above could fail: nine runs in ten."""
    assert shares(np.full((RUNS, QUESTIONS), 2 * THRESHOLDS.tolerance), 0.03, 4, "normal")[0] >= 0.9
