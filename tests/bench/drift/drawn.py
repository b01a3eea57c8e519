"""Strangeness on draws without end: first tokens drawn from the recorded distributions, each prompt once a run.

Resampled prompts bring the same few answers again and again. Here every run plays all recorded prompts once, in an
order of its own, and draws the reference's tokens and the candidate's anew from the recorded top 20 of each (all other
tokens lumped into one). So a null is that of an honest stack as it is, on distinct prompts and independent draws.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from cells import Cells
from resample import Floats, clopper_pearson, log_wealth
from samples import Samples
from variants import HONEST

from trueweight.drift.betting import RARE_EVENTS
from trueweight.drift.facts import Facts
from trueweight.drift.typical import DRAWS

CANDIDATES = (*HONEST, "q8_0", "q4_0", "q2_k")
LEVELS = (0.05, 0.01)


def drawn_first_tokens(samples: Samples, cells: Cells, rng: np.random.Generator, runs: int) -> list[dict[str, Any]]:
    """A row per candidate: how often the wealth reaches 1/α at any time, with the tolerance and without."""
    rows = []
    reference = samples["f16", "greedy", 1]
    for name in CANDIDATES:
        prompts = [p for p in cells.shared(samples[name, "greedy", 0]) if samples[name, "greedy", 0][p].top]
        if len(prompts) < 20:
            continue
        x = np.array([_scores(reference[p], samples[name, "greedy", 0][p], rng, runs) for p in prompts]).T
        x = rng.permuted(x, axis=1)
        row: dict[str, Any] = {"provider": name, "runs": runs, "prompts": len(prompts)}
        row["mean"] = round(float(np.nanmean(x)), 4)
        for words, tau in (("tolerant", cells.thresholds.tau_strange), ("exact", 0.0)):
            wealth = log_wealth(x, tau, least=-1.0 / DRAWS, portfolio=RARE_EVENTS).max(axis=1)
            for alpha in LEVELS:
                hits = int((wealth >= -math.log(alpha)).sum())
                low, high = clopper_pearson(hits, runs)
                share = {"value": round(hits / runs, 4), "low": round(low, 4), "high": round(high, 4), "n": runs}
                row[f"{words}_{alpha:g}"] = share
        rows.append(row)
    return rows


def _scores(reference: Facts, candidate: Facts, rng: np.random.Generator, runs: int) -> Floats:
    """One prompt's score in each run; NaN where nothing is bet."""
    keys = sorted({token.key for facts in (reference, candidate) for token in facts.top})
    p, q = (_distribution(facts, keys) for facts in (reference, candidate))
    texts = np.column_stack([rng.choice(len(q), runs, p=q), rng.choice(len(p), (runs, DRAWS), p=p)])
    alike = (texts[:, :, None] == texts[:, None, :]).mean(axis=2)
    values = (1 / alike) / (1 / alike).mean(axis=1, keepdims=True) - 1
    least = values.min(axis=1)
    told = least < -1e-9
    return np.where(told, values[:, 0] / np.where(told, -least, 1.0) / DRAWS, np.nan)


def _distribution(facts: Facts, keys: list[bytes]) -> Floats:
    """Of the first token: these keys as far as the list shows them, and everything else."""
    known = {token.key: math.exp(token.logprob) for token in facts.top}
    shown = np.array([known.get(key, 0.0) for key in keys])
    whole = np.append(shown, max(0.0, 1.0 - shown.sum()))
    return np.asarray(whole / whole.sum())
