"""Sampled text, side by side on the same answers: the bets, MMD as published, MMD permuted inside prompts.

Every method gets the same answers of the candidate, k to each of n prompts under k seeds that no reference draw has,
and the same reference draws: `typical.DRAWS` a prompt. MMD needs two answers a prompt, so k is 2 or more; the bets are
played on the mean score of a prompt's k answers. *One answer a prompt* is how the program asks: the same number of
answers, from k times as many prompts; *same seeds* is the whole procedure where a provider honours seeds as the
reference does, which takes the reference's two draws under the candidate's seed besides, *seeds unused* what is left
of it where a provider does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from cells import Cells, Scores
from met import p_values
from resample import clopper_pearson
from samples import Answers, Samples

from trueweight.drift.evidence import STRANGE_SHARE
from trueweight.drift.typical import DRAWS

UNRELATED = (7, 8, 9)
"""Seeds that the reference's draws do not have: the candidate's answers under these are unrelated to any of them."""

DESIGNS = ((10, 2), (20, 2), (30, 2), (20, 3), (30, 3))
"""Prompts, and answers to each."""

CANDIDATES = ("f16", "q8_0", "q4_0")
LEAST = 30


def compare_sampled(samples: Samples, cells: Cells, rng: np.random.Generator, runs: int) -> list[dict[str, Any]]:
    """A row per candidate (the reference's own other seeds are the null), number of answers, and method."""
    rows: list[dict[str, Any]] = []
    for name in CANDIDATES:
        draws = [samples[name, f"sampled-{number}", 0] for number in UNRELATED]
        others = [samples["f16", f"sampled-{number}", 0] for number in range(1, DRAWS + 1)]
        prompts = cells.drawn_by(*draws)
        if len(prompts) < LEAST:
            continue
        # The reference itself under the same seed is its second answer to it.
        seeded = samples[name, "sampled-0", int(name == "f16")]
        for n, each in DESIGNS:
            hits = _compare(cells, draws[:each], others, seeded, prompts, n, rng, runs)
            for method, count in hits.items():
                low, high = clopper_pearson(count, runs)
                rows.append(
                    {
                        "candidate": "null" if name == "f16" else name,
                        "answers": n * each,
                        "prompts": n,
                        "method": method,
                        "rejects": round(count / runs, 4),
                        "low": round(low, 4),
                        "high": round(high, 4),
                        "runs": runs,
                    }
                )
    return rows


def _compare(
    cells: Cells,
    draws: Sequence[Answers],
    others: Sequence[Answers],
    seeded: Answers,
    prompts: Sequence[str],
    n: int,
    rng: np.random.Generator,
    runs: int,
) -> dict[str, int]:
    scored = [cells.sampled(one, prompts) for one in draws]
    several = _together(scored)
    each = len(draws)
    alone = cells.sampled(seeded)
    methods = (ALONE, SEEDED) if len(alone.excess) >= n * each else ()
    hits = dict.fromkeys((TOGETHER, *methods, PUBLISHED, INSIDE), 0)
    for _ in range(runs):
        # Distinct prompts: one that came twice would bring the same answers twice, as no real run does.
        which = rng.permutation(len(prompts))[:n]
        hits[TOGETHER] += _rejects(several.drawn(which[None, :]))
        if methods:
            asked = alone.drawn(_once(alone, n * each, rng)[None, :])
            hits[SEEDED] += _rejects(asked)
            # The part that needs seeds taken as worth nothing at all, which is less than it ever is.
            hits[ALONE] += bool((asked.path_of_strange() + np.log(STRANGE_SHARE) >= -np.log(LEVEL)).any())
        published, inside = _mmd(draws, others, [prompts[i] for i in which], rng)
        hits[PUBLISHED] += published <= LEVEL
        hits[INSIDE] += inside <= LEVEL
    return hits


TOGETHER, ALONE = "bets, these answers", "bets, one answer a prompt, seeds unused"
SEEDED = "bets, one answer a prompt, same seeds"
PUBLISHED, INSIDE = "MMD as published", "MMD within prompts"
LEVEL = 0.05


def _once(scores: Scores, count: int, rng: np.random.Generator) -> np.ndarray:
    """So many distinct prompts, steady ones first as the program asks them."""
    shuffled = rng.permutation(len(scores.excess))
    assert scores.steady is not None
    return shuffled[np.argsort(~scores.steady[shuffled], kind="stable")][:count]


def _together(scored: Sequence[Scores]) -> Scores:
    """One score a prompt from several answers to it: their mean, where anything can be told at all."""
    parts = {name: np.array([getattr(one, name) for one in scored]) for name in ("excess", "lean", "strange")}
    told = ~np.isnan(parts["strange"]).all(axis=0)
    strange = np.where(told, np.nan_to_num(parts["strange"]).mean(axis=0), np.nan)
    return replace(scored[0], excess=parts["excess"].mean(axis=0), lean=parts["lean"].mean(axis=0), strange=strange)


def _rejects(scores: Scores) -> bool:
    drift, _ = scores.paths()
    return bool((drift >= -np.log(LEVEL)).any())


def _mmd(
    draws: Sequence[Answers], others: Sequence[Answers], prompts: Sequence[str], rng: np.random.Generator
) -> tuple[float, float]:
    rows = [(other[p].plain, i, True) for other in others for i, p in enumerate(prompts)]
    rows += [(draw[p].plain, i, False) for draw in draws for i, p in enumerate(prompts)]
    texts, places, first = zip(*rows, strict=True)
    return p_values(texts, np.array(places), np.array(first), rng)
