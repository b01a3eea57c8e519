"""The proof for sampled texts: ``python tests/bench/drift/prove_texts.py`` writes ``reports/drift/texts.md``.

One engine, recorded before there was a panel; `prove.py` has log-probabilities and texts at temperature 0. Only prompts
of the test split are used, and the thresholds that were frozen before. ``--record RUN`` first makes the small file from
a new record (see ``record.py``); ``--full`` resamples ten times as often.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from against_met import compare_sampled
from cells import COPIES, STEADY, Cells, Scores
from drawn import drawn_first_tokens
from page_texts import page
from resample import clopper_pearson, ends, log_wealth
from samples import Samples, keep, read_kept, test_prompts
from variants import HONEST, RUNGS

from trueweight.drift.betting import rejected_e_values
from trueweight.drift.prompt_and_sampler import PromptAndSamplerTest
from trueweight.drift.thresholds import shipped_thresholds
from trueweight.report.words import finding_words

REPORTS = Path(__file__).parents[3] / "reports" / "drift"
ALPHAS = (0.05, 0.01)
LEAST_CLUSTERS = 20

# Mode, provider, power wanted, candidate requests, α: the table, line by line.
TARGETS: tuple[tuple[str, str, float, int, float], ...] = (
    ("sampled", "q4_0", 0.90, 60, 0.05),
    ("sampled", "q8_0", 0.50, 400, 0.05),
)
_SEEDS = {"sampled": "sampled-0", "sampled-unrelated-seeds": "sampled-7"}


class Proof:
    """All measurements on one recording."""

    def __init__(self, samples: Samples, runs: int) -> None:
        self.samples = samples
        self.runs = runs
        self.rng = np.random.default_rng(2026)
        self.by_prompts = {name: Cells(samples, which, shipped_thresholds()) for name, which in test_prompts().items()}
        self.cells = self.by_prompts["first"]

    def where(self, mode: str, variant: str) -> str:
        """The prompts that a row rests on: where texts are compared, fresh ones if enough of them were recorded, since
        the tolerance of gross differences was set after the first ones had been looked at."""
        if mode.startswith("sampled"):
            return "fresh"
        answers = self.samples[variant.partition("-diluted-")[0], "greedy", 0]
        fresh = self.by_prompts["fresh"]
        only = fresh.near_ties if mode == "near-ties" else None
        return "fresh" if len(fresh.shared(answers, only=only)) >= LEAST_CLUSTERS else "first"

    def mode(self, mode: str, variant: str, prompts: str = "") -> Scores:
        """The scores of one provider in one mode."""
        cells = self.by_prompts[prompts or self.where(mode, variant)]
        if mode.startswith("sampled"):
            return cells.sampled(self.samples[variant, _SEEDS[mode], 0])
        answers = self.samples[variant, "greedy", 0]
        makers: dict[str, Callable[[], Scores]] = {
            "greedy": lambda: cells.greedy(answers),
            "near-ties": lambda: cells.greedy(answers, near=True),
            "greedy-noisy-reference": lambda: cells.noisy(answers, NOISY, self.rng, too=False),
        }
        return makers[mode]()

    def power(self, mode: str, variant: str, longest: int) -> dict[str, Any] | None:
        """How many runs end in DRIFT, and after how many requests."""
        base, _, share = variant.partition("-diluted-")
        scores = self.mode(mode, base)
        if len(scores.excess) < LEAST_CLUSTERS:
            return None
        which = scores.order(self.rng, self.runs, longest)
        played = self._diluted(mode, scores, which, int(share) / 100) if share else scores.drawn(which)
        drift, same = played.paths()
        row: dict[str, Any] = {
            "mode": mode,
            "provider": variant,
            "clusters": len(scores.excess) // (COPIES if mode == "greedy-noisy-reference" else 1),
            "prompts": self.where(mode, base),
            "mean_excess": round(float(scores.excess.mean()), 4),
        }
        for alpha in ALPHAS:
            found = ends(drift, same, alpha)
            decided = np.where(found.drift < found.same, found.drift, math.inf)
            row[f"alpha_{alpha:g}"] = {
                "power": {
                    str(n): _share(decided <= n)
                    for n in (6, 8, 10, 12, 15, 20, 25, 40, 60, 90, 120, 180, 240, 300, 400)
                    if n <= longest
                },
                "requests": {name: _quantile(decided, q) for name, q in (("median", 0.5), ("p90", 0.9), ("p95", 0.95))},
                "equivalent_first": _share(found.same < found.drift),
            }
        return row

    def _diluted(self, mode: str, coarse: Scores, which: np.ndarray, share: float) -> Scores:
        """A provider that sends this share of its requests to the coarse file, and the others to the reference's."""
        honest = self.mode(mode, HONEST_SHARE, self.where(mode, "q2_k"))
        clusters = min(len(honest.excess), len(coarse.excess))
        which = which % clusters
        return coarse.drawn(which).diluted(honest.drawn(which), self.rng.random(which.shape) < share)

    def nulls(self) -> list[dict[str, Any]]:
        """False alarms at any time, looked at after every prompt of long runs, for every honest stack."""
        rows = []
        for mode in ("sampled",):
            for variant in HONEST:
                for prompts in ("first", "fresh"):
                    scores = self.mode(mode, variant, prompts)
                    # The first prompts' samples are those that the tolerance was raised on.
                    if len(scores.excess) >= LEAST_CLUSTERS and (mode, prompts) != ("sampled", "first"):
                        rows.append({**self._null(mode, variant, scores), "which": prompts})
        for words in ("texts",):
            pool = [self.samples[name, "greedy", 0] for name in ("f16", "q8_0", "q6_k", "kv-q8_0", "q5_k_m")]
            pool = [one for one in pool if len(self.cells.shared(one)) >= LEAST_CLUSTERS]
            if len(pool) >= 3:
                scores = self.cells.exchanged(pool, self.rng)
                rows.append(self._null(f"exchanged {words}, no tolerance", "noisy pool", scores))
        asked_first = self.samples["f16", "greedy", 0]
        noisy = self.cells.noisy(asked_first, NOISY, self.rng, too=True)
        rows.append(self._null("greedy-noisy-reference", "f16, as noisy", noisy))
        return rows

    def _null(self, mode: str, variant: str, scores: Scores, prompts: int = 240) -> dict[str, Any]:
        which = scores.order(self.rng, self.runs, prompts)
        drift, same = scores.drawn(which).paths()
        row: dict[str, Any] = {"mode": mode, "provider": variant, "runs": self.runs, "prompts": prompts}
        row["clusters"] = len(scores.excess)
        for alpha in ALPHAS:
            # No run stops at EQUIVALENT here: all looks count.
            row[f"alarms_alpha_{alpha:g}"] = _share(np.isfinite(ends(drift, None, alpha).drift))
        found = ends(drift, same, 0.05)
        row["equivalent_alpha_0.05"] = _share(found.same < found.drift)
        row["prompts_to_equivalent"] = _quantile(found.same, 0.5)
        return row

    def together(self, prompts: int = 120, runs: int = 400) -> dict[str, Any]:
        """Three null candidates that share the reference's draws, exchangeable and noisy: e-BH after every prompt."""
        names = ("f16", "q8_0", "q6_k", "kv-q8_0", "q5_k_m")
        pool = [self.samples[name, "greedy", 0] for name in names]
        pool = [one for one in pool if len(self.cells.shared(one)) >= LEAST_CLUSTERS]
        known = self.cells.shared(*pool)
        if len(known) < LEAST_CLUSTERS:
            return {}
        texts = np.array([[hash(one[p].plain) for one in pool] for p in known])
        alarms = 0
        for _ in range(runs):
            asked = texts[self.rng.integers(0, len(known), prompts)]
            asked = self.rng.permuted(asked, axis=1)
            a, b = asked[:, 0], asked[:, 1]
            x = np.array([((c != a).astype(float) + (c != b)) / 2 - (a != b) for c in asked[:, 2:].T])
            wealth = np.exp(log_wealth(x, 0.0))
            alarms += any(any(rejected_e_values(list(column), 0.05)) for column in wealth.T[3:])
        return {"candidates": 3, "runs": runs, "prompts": prompts, "alarms": _share(np.arange(runs) < alarms)}

    def misconfigured(self) -> list[dict[str, Any]]:
        """What is said of providers that are asked something else, or sample otherwise."""
        rows = []
        for variant in ("system-prompt", "wrong-template", *HONEST, *RUNGS):
            answers = self.samples[variant, "greedy", 0]
            prompts = self.cells.shared(answers)
            seen = PromptAndSamplerTest()
            for p in prompts[:12]:
                seen.add(self.samples["f16", "greedy", 1][p], answers[p])
            if len(prompts) >= 4:
                rows.append(
                    {
                        "provider": variant,
                        "prompts": min(12, len(prompts)),
                        "misconfigured": finding_words(said) if (said := seen.other_prompt or seen.sampler) else "",
                    }
                )
        return rows

    def _counts(self, cells: Cells) -> dict[str, int]:
        pair = [self.samples["f16", "sampled-0", repeat] for repeat in (0, 1)]
        drawn = cells.drawn_by(*pair)
        steady = sum(p in STEADY for p in drawn)
        return {
            "natural": len(cells.shared()),
            "near_ties": len(cells.near_ties),
            "sampled_steady": steady,
            "sampled_natural": len(drawn) - steady,
        }

    def all(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        rows = [self.power(mode, variant, 400 if mode.startswith("sampled") else 300) for mode, variant in _cells()]
        found = [row for row in rows if row]
        return {
            "runs": self.runs,
            "prompts": {name: self._counts(cells) for name, cells in self.by_prompts.items()},
            "thresholds": asdict(shipped_thresholds()),
            "targets": [_target(found, *target) for target in TARGETS],
            "power": found,
            "nulls": self.nulls(),
            "together": self.together(),
            "drawn": drawn_first_tokens(self.samples, self.by_prompts["all"], self.rng, min(self.runs, 2_000)),
            "misconfigured": self.misconfigured(),
            "sampled_against_met": compare_sampled(
                self.samples, self.by_prompts["fresh"], self.rng, max(100, self.runs // 20)
            ),
        }


HONEST_SHARE = "f16-slots-4"
"""Who answers what a diluted provider does not send to the coarse file: the reference's weights on another stack."""

NOISY = 0.0253
"""Chance of one ask to go astray, so that two asks differ in 5% of cases."""


def _cells() -> list[tuple[str, str]]:
    cells = [("sampled", name) for name in ("q8_0", "q4_0", "q2_k", "temperature-0.8", "top-p-0.9")]
    cells += [("sampled-unrelated-seeds", name) for name in ("q8_0", "q4_0")]
    return cells


def _target(
    rows: list[dict[str, Any]], mode: str, variant: str, wanted: float, budget: int, alpha: float
) -> dict[str, Any]:
    row = next((row for row in rows if (row["mode"], row["provider"]) == (mode, variant)), None)
    target = {"mode": mode, "provider": variant, "wanted": wanted, "requests": budget, "alpha": alpha}
    if row is None:
        return {**target, "reached": None, "note": "not recorded"}
    found = row[f"alpha_{alpha:g}"]
    points = {int(n): value for n, value in found["power"].items()}
    at = max(n for n in points if n <= budget)
    power = points[at]
    target |= {"prompts": row["clusters"], "which": row["prompts"]}
    return {**target, "power": power, "at": at, **found["requests"], "reached": power["value"] >= wanted}


def _share(hits: np.ndarray) -> dict[str, float]:
    low, high = clopper_pearson(int(hits.sum()), len(hits))
    return {"value": round(float(hits.mean()), 4), "low": round(low, 4), "high": round(high, 4), "n": len(hits)}


def _quantile(values: np.ndarray, q: float) -> float | None:
    found = float(np.quantile(values, q, method="inverted_cdf"))
    return None if math.isinf(found) else found


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    if arguments.record:
        print(f"{keep(arguments.record)} answers kept")
    found = Proof(read_kept(), 20_000 if arguments.full else 2_000).all()
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "texts.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    (REPORTS / "texts.md").write_text(page(found), "utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
