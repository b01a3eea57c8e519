"""Plain tests of a fixed size on the same answers, for comparison: exact match, and logprob tracking."""

from __future__ import annotations

from typing import Any

import numpy as np
from cells import Cells
from resample import Floats, clopper_pearson, draw
from samples import Samples
from scipy.stats import binom
from variants import HONEST

from trueweight.drift.facts import Facts

SIZES = (5, 10, 25, 60)
FLIPS = 200
PROVIDERS = ("q8_0", "q6_k", "kv-q8_0", "q4_0", "q2_k", *HONEST)
MOST_RUNS = 400


def fixed_tests(samples: Samples, cells: Cells, rng: np.random.Generator, runs: int) -> list[dict[str, Any]]:
    """A row per test, provider and size."""
    rows = []
    runs = min(runs, MOST_RUNS)
    a, b = samples["f16", "greedy", 1], samples["f16", "greedy", 2]
    for name in PROVIDERS:
        c = samples[name, "greedy", 0]
        prompts = cells.shared(b, c)
        if len(prompts) < 20:
            continue
        own = np.array([float(c[p].plain != a[p].plain) for p in prompts])
        floor = np.array([float(b[p].plain != a[p].plain) for p in prompts])
        moved = np.array([mean_shift(a[p], c[p]) - mean_shift(a[p], b[p]) for p in prompts])
        for n in SIZES:
            which = draw(rng, len(prompts), runs, n)
            for test, rejected in (
                ("exact match", sign_test(own[which], floor[which])),
                ("logprob tracking", flip_test(moved[which], rng)),
            ):
                low, high = clopper_pearson(int(rejected.sum()), runs)
                share = {"value": round(float(rejected.mean()), 4), "low": round(low, 4), "high": round(high, 4)}
                rows.append({"test": test, "provider": name, "n": n, "rejects": {**share, "n": runs}})
    return sorted(rows, key=lambda row: (row["test"], PROVIDERS.index(row["provider"]), row["n"]))


def mean_shift(left: Facts, right: Facts) -> float:
    """Mean absolute difference of log-probabilities over shared tokens, in nats."""
    other = dict(right.top)
    shared = [abs(value - other[key]) for key, value in left.top if key in other]
    return float(np.mean(shared)) if shared else 1.0


def sign_test(own: Floats, floor: Floats) -> np.ndarray:
    """Which runs reject "the candidate differs no more often than the reference does from itself"."""
    more, less = ((own > floor).sum(1), (own < floor).sum(1))
    return np.asarray(binom.sf(more - 1, more + less, 0.5) <= 0.05)


def flip_test(moved: Floats, rng: np.random.Generator) -> np.ndarray:
    """The same for shifts whose signs would be even if candidate and reference were exchangeable."""
    signs = rng.choice([-1.0, 1.0], (FLIPS, moved.shape[1]))
    null = signs @ moved.T
    return np.asarray((1 + (null >= moved.sum(1) - 1e-12).sum(0)) / (1 + FLIPS) <= 0.05)
