"""Sampled text, side by side on the same answers: the bet, MMD as published, MMD permuted inside prompts, exact match.

Every method gets the same number of answers of the candidate: 20 prompts with k answers each, under k seeds. The bet
compares answers under the same seed; MMD, as it must, takes the reference's under other seeds. ``unrelated`` is the
bet where the provider ignores seeds, on the same answers as MMD.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from cells import Cells
from met import p_values
from resample import clopper_pearson, ends
from samples import Samples

SEEDS = 8
LEAST = 15
EACH = (2, 4)
CANDIDATES = ("f16", "q8_0", "q4_0")


def compare_sampled(samples: Samples, cells: Cells, rng: np.random.Generator, runs: int) -> list[dict[str, Any]]:
    """A row per candidate (the reference's own other seeds are the null) and number of answers."""
    whole = [seed for seed in range(SEEDS) if len(cells.shared(samples["f16", f"sampled-{seed}", 0])) >= LEAST]
    reference = [samples["f16", f"sampled-{seed}", 0] for seed in whole]
    again = [samples["f16", f"sampled-{seed}", 1] for seed in whole]
    rows: list[dict[str, Any]] = []
    if whole[:4] != [0, 1, 2, 3]:
        return rows
    prompts = cells.shared(*reference, *again[:4])
    for name in CANDIDATES:
        candidate = again[:4] if name == "f16" else [samples[name, f"sampled-{seed}", 0] for seed in whole[:4]]
        if any(set(prompts) - set(answers) for answers in candidate[:4]):
            continue
        for each in (each for each in EACH if 2 * each <= len(whole)):
            hits = {"bet, same seeds": 0, "bet, unrelated seeds": 0, "MMD as published": 0, "MMD within prompts": 0}
            for _ in range(runs):
                chosen = list(rng.choice(prompts, len(prompts)))
                mine = list(rng.permutation(4)[:each])
                others = list(rng.permutation([s for s in range(len(whole)) if s not in mine])[:each])
                one = _bets(reference, again, candidate, mine, others, chosen, cells)
                hits["bet, same seeds"] += one[0]
                hits["bet, unrelated seeds"] += one[1]
                first, second = _mmd(reference, candidate, mine, others, chosen, rng)
                hits["MMD as published"] += first <= 0.05
                hits["MMD within prompts"] += second <= 0.05
            for method, count in hits.items():
                low, high = clopper_pearson(count, runs)
                rows.append(
                    {
                        "candidate": "null" if name == "f16" else name,
                        "answers": each * len(prompts),
                        "method": method,
                        "rejects": round(count / runs, 4),
                        "low": round(low, 4),
                        "high": round(high, 4),
                        "runs": runs,
                    }
                )
    return rows


def _bets(
    reference: Any, again: Any, candidate: Any, mine: Any, others: Any, chosen: Any, cells: Cells
) -> tuple[bool, bool]:
    order = np.arange(len(chosen) * len(mine))
    same, unrelated = [], []
    for number, (seed, other) in enumerate(zip(mine, others, strict=True)):
        third = reference[others[number - 1]]
        for p in chosen:
            sides = (reference[seed], again[seed], candidate[seed], reference[other])
            same.append(tuple({p: side[p]} for side in sides))
            # As if the provider's seeds were others: all of its answers are unrelated to A's.
            sides = (reference[other], reference[other], candidate[seed], third)
            unrelated.append(tuple({p: side[p]} for side in sides))
    found = []
    for sides in (same, unrelated):
        drift, _ = cells.drawn(sides).paths(order[None, :])
        found.append(bool(np.isfinite(ends(drift, None, 0.05).drift)[0]))
    return found[0], found[1]


def _mmd(
    reference: Any, candidate: Any, mine: Any, others: Any, chosen: Any, rng: np.random.Generator
) -> tuple[float, float]:
    rows = [(reference[s][p].plain, i, True) for s in others for i, p in enumerate(chosen)]
    rows += [(candidate[s][p].plain, i, False) for s in mine for i, p in enumerate(chosen)]
    texts, prompts, first = zip(*rows, strict=True)
    return p_values(texts, np.array(prompts), np.array(first), rng)
