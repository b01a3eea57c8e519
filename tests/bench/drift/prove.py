"""The proof, from recorded answers: ``python tests/bench/drift/prove.py`` writes ``reports/drift/``.

Only questions of the test split are used, and the thresholds that were frozen before they were read; ``--tuning`` looks
at the others instead and writes nothing. ``--hosted FILE`` adds the public series of hosted endpoints, which are not
part of this repository.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import edge
import numpy as np
from bets import Floats, Verdicts, nats_of, odd_answers, paths, verdicts
from hosted import hosted_rows
from hosts import STATES, Host
from page import page
from panel import PANEL, SPENT, Panel, engines_of, products, products_of, read_panel, squares
from peers import REQUESTS, oracle, peer_rows
from resample import share
from texts import text_rows

from trueweight.drift.prompts import Split
from trueweight.drift.thresholds import Thresholds, shipped_thresholds

REPORTS = Path(__file__).parents[3] / "reports" / "drift"
ALPHA = 0.05
RUNS = 1000
CHUNK = 500
HONEST = (
    "llama-f16",
    "llama-bf16",
    "llama-f32",
    "llama-f16-4-slots",
    "vllm-fp32",
    "vllm-bf16",
    "transformers-fp32",
    "transformers-bf16",
)
"""The same weights, to the rounding of the file's number format."""
REFERENCES = ("llama-f16", "llama-bf16", "vllm-fp32", "vllm-bf16", "transformers-fp32", "transformers-bf16")
POWER = {"llama-q8_0": (0.95, 40), "llama-q5_0": (0.95, 20), "llama-q4_0": (0.95, 14)}
FARTHEST_PAIR = ("llama-f16", "vllm-bf16")
PUBLISHED = ("llama-f16-kv-q8_0", "llama-f16-kv-q4_0")
QUIET = Host()
HOSTS = {
    "noise 0.02": Host(noise=0.02),
    "noise 0.1": Host(noise=0.1),
    "noise 0.3": Host(noise=0.3),
    "grid 0.125, noise 0.1": Host(noise=0.1, grid=0.125),
    "regimes 0.3": Host(regimes=0.3),
    "sticky router 0.3": Host(regimes=0.3, sticky=True),
    "top 5, noise 0.1": Host(noise=0.1, top=5),
    "4 decimals, noise 0.02": Host(noise=0.02, decimals=4),
    "probabilities, noise 0.02": Host(noise=0.02, probabilities=True),
}
UNEVEN = {f"noise {level}, one side 3 times": (Host(noise=level), Host(noise=3 * level)) for level in (0.02, 0.1, 0.3)}


class Proof:
    """All measurements on one panel."""

    def __init__(self, panel: Panel, thresholds: Thresholds, runs: int = RUNS) -> None:
        self.panel = panel
        self.t = thresholds
        self.runs = runs
        self.rng = np.random.default_rng(2026)
        self.n = len(panel.questions)

    def play(
        self,
        reference: Floats,
        candidate: Callable[[Floats], Floats] | Floats,
        hosts: tuple[Host, Host] = (QUIET, QUIET),
    ) -> tuple[Verdicts, dict[str, float]]:
        """Every run asks all questions once, in a random order; answers pass through the two hosts."""
        if not callable(candidate) and hosts == (QUIET, QUIET):
            return self._play_exact(reference, candidate)
        if not callable(candidate):
            reference, candidate = _narrow(reference, candidate)
        drift, equivalent, nats = [], [], []
        states = [self.rng.normal(0, 1, (STATES, self.n, 2, reference.shape[-1])) for _ in hosts]
        for _ in range(0, self.runs, CHUNK):
            order = self.rng.permuted(np.tile(np.arange(self.n), (CHUNK, 1)), axis=1)
            first = self.rng.integers(0, 2, (CHUNK, 1))
            asked, moves = [], []
            for variant in (first, 1 - first):
                twice = []
                for _again in (False, True):
                    a = reference[order, variant]
                    c = candidate(order, variant) if callable(candidate) else candidate[order, variant]
                    twice.append(
                        [
                            host.answers(side, self.rng, _of(own, order, variant))
                            for host, side, own in zip(hosts, (a, c), states, strict=True)
                        ]
                    )
                asked += twice[0]
                moves.append([squares(*side) for side in zip(*twice, strict=True)])
            x = products(*asked)
            gaps = np.sqrt(np.stack([squares(asked[0], asked[1]), squares(asked[2], asked[3])], axis=-1))
            moved = [np.sqrt(np.stack(side, axis=-1)) for side in zip(*moves, strict=True)]
            found = paths(x, gaps.prod(-1), self.t)
            ends = verdicts(found, ALPHA, odd_answers(gaps, *moved))
            drift.append(ends.drift)
            equivalent.append(ends.equivalent)
            nats.append(found.nats)
        return Verdicts(np.concatenate(drift), np.concatenate(equivalent)), {"nats": float(np.mean(nats))}

    def _play_exact(self, reference: Floats, candidate: Floats) -> tuple[Verdicts, dict[str, float]]:
        """The same without noise: each question has one product, whichever variant comes first."""
        sides = [(reference[:, v], candidate[:, v]) for v in (0, 1)]
        x = products(*sides[0], *sides[1])
        gaps = np.sqrt(np.stack([squares(a, c) for a, c in sides], axis=-1))
        order = self.rng.permuted(np.tile(np.arange(self.n), (self.runs, 1)), axis=1)
        found = paths(x[order], gaps[order].prod(-1), self.t)
        ends = verdicts(found, ALPHA, odd_answers(gaps[order], *(np.zeros_like(gaps[order]),) * 2))
        return ends, {"nats": nats_of(x[~np.isnan(x)])}

    def row(
        self, name: Sequence[str], played: tuple[Verdicts, dict[str, float]], at: int | None = None
    ) -> dict[str, Any]:
        """One row: how many runs end in DRIFT (within ``at`` requests) and in EQUIVALENT."""
        ends, more = played
        decided = ends.drift if at is None else np.where(ends.drift <= at, ends.drift, np.inf)
        return {
            "name": list(name),
            "drift": share(int(np.isfinite(decided).sum()), len(decided)),
            "equivalent": share(int(np.isfinite(ends.equivalent).sum()), len(decided)),
            "requests": {str(q): _quantile(ends.drift, q) for q in (0.5, 0.9, 0.95)},
            "to_equivalent": _quantile(ends.equivalent, 0.5),
            **{key: round(value, 5) for key, value in more.items()},
        }

    def honest(self) -> Iterator[dict[str, Any]]:
        """Every ordered pair of honest engines, as they are."""
        known = [name for name in HONEST if name in self.panel.logprobs]
        for a, c in permutations(known, 2):
            yield self.row((a, c), self.play(self.panel.logprobs[a], self.panel.logprobs[c]))

    def noisy(self, a: str, c: str) -> Iterator[dict[str, Any]]:
        """An honest pair behind simulated hosts: both sides behind one kind, or one side noisier."""
        kinds = {name: (host, host) for name, host in HOSTS.items()} | UNEVEN
        kinds |= {f"{name} (reference)": (noisy, quiet) for name, (quiet, noisy) in UNEVEN.items()}
        for name, hosts in kinds.items():
            yield self.row((a, c, name), self.play(self.panel.logprobs[a], self.panel.logprobs[c], hosts))

    def power(self) -> Iterator[dict[str, Any]]:
        """Quantised files against every honest reference."""
        for c, (wanted, at) in POWER.items():
            for a in REFERENCES:
                if {a, c} <= self.panel.logprobs.keys():
                    played = self.play(self.panel.logprobs[a], self.panel.logprobs[c])
                    peers = share(int((played[0].drift <= REQUESTS).sum()), self.runs)
                    yield {**self.row((a, c), played, at), "wanted": wanted, "at": at, "as_peers": peers}
        for c in PUBLISHED:
            if c in self.panel.logprobs:
                yield self.row(("llama-f16", c), self.play(self.panel.logprobs["llama-f16"], self.panel.logprobs[c]))

    def int4_like(self) -> Iterator[dict[str, Any]]:
        """A systematic difference of 0.25 nats, the same in both variants, behind noisy hosts."""
        base = self.panel.logprobs["llama-f16"]
        bent = base + self.rng.normal(0, 0.25, (self.n, 1, base.shape[-1]))
        for level, wanted in ((0.1, 0.95), (0.3, 0.80)):
            played = self.play(base, bent, (Host(noise=level), Host(noise=level)))
            yield {**self.row((f"noise {level}", "0.25 nats"), played, 240), "wanted": wanted, "at": 240}

    def diluted(self) -> Iterator[dict[str, Any]]:
        """One request in ten is answered by Q4_0."""
        if not {"llama-q4_0", "llama-f16"} <= self.panel.logprobs.keys():
            return
        for a in REFERENCES:
            if a in self.panel.logprobs:

                def candidate(
                    order: Floats, variant: Floats, honest: Floats = self.panel.logprobs["llama-f16"]
                ) -> Floats:
                    coarse = self.rng.random(order.shape) < 0.1
                    other = self.panel.logprobs["llama-q4_0"][order, variant]
                    return np.where(coarse[..., None], other, honest[order, variant])

                played = self.play(self.panel.logprobs[a], candidate)
                yield {**self.row((a, "10% llama-q4_0"), played, 300), "wanted": 0.8, "at": 300}

    def edge(self) -> Iterator[dict[str, Any]]:
        """Honest hosts that are as far from llama-f16 as is tolerated (see `edge`)."""
        base = self.panel.logprobs["llama-f16"]
        others = {name: self.panel.logprobs[name] for name in ("vllm-bf16", "llama-q8_0")}
        for name, candidate in edge.at_tolerance(base, others, self.t.tolerance, self.rng):
            for host, hosts in edge.HOSTS.items():
                yield self.row(("llama-f16", name, host), self.play(base, candidate, hosts))

    def peers(self) -> Iterator[dict[str, Any]]:
        """Other methods on the same answers (see `peers`)."""
        yield from peer_rows(
            self.panel.logprobs, FARTHEST_PAIR, tuple(sorted(POWER & self.panel.logprobs.keys())), self.rng
        )

    def oracles(self) -> Iterator[dict[str, Any]]:
        """The best that products can do for Q8_0 within 40 requests, against the farthest honest engine."""
        own = self.panel.logprobs
        for a in REFERENCES:
            if a in own and "llama-q8_0" in own:
                honest = [c for c in REFERENCES if c in own and c != a]
                x, *nulls = (products_of(own[a], own[c]) for c in ("llama-q8_0", *honest))
                farthest = max(range(len(honest)), key=lambda i, nulls=nulls: float(np.nanmean(nulls[i])))
                yield {"name": [a, "llama-q8_0", honest[farthest]], **oracle(x, nulls[farthest], self.rng)}


def _narrow(a: Floats, c: Floats) -> tuple[Floats, Floats]:
    """The same without the places of tokens that only other engines show."""
    shown = (~(np.isnan(a) & np.isnan(c))).any(1, keepdims=True)
    order = np.argsort(~shown, axis=-1, kind="stable")[..., : int(shown.sum(-1).max())]
    return np.take_along_axis(a, order, -1), np.take_along_axis(c, order, -1)


def _of(states: Floats, order: Floats, variant: Floats) -> Floats:
    """Each run's rounding of the states, for its order and variant: too large as one array, so one run's is shared."""
    return np.asarray(states[:, order[0], variant[0, 0]])


def _quantile(values: Floats, q: float) -> float | None:
    found = float(np.quantile(values, q, method="inverted_cdf"))
    return None if math.isinf(found) else found


NOISY_PAIRS = (("llama-f16", "vllm-bf16"), ("vllm-bf16", "llama-f16"), ("llama-f16", "llama-f16"))


def section(name: str, split: Split, source: Path, runs: int, hosted: Path | None) -> list[dict[str, Any]]:
    """The rows of one section; each has its own generator, so that they can be made at the same time."""
    kind, *pair = name.split()
    thresholds = shipped_thresholds()
    panel = _panel(kind, split, source)
    proof = Proof(panel, thresholds, runs)
    made: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
        "honest": proof.honest,
        "power": proof.power,
        "int4": proof.int4_like,
        "diluted": proof.diluted,
        "noisy": lambda: proof.noisy(*pair),
        "edge": proof.edge,
        "peers": proof.peers,
        "oracle": proof.oracles,
        "spent": proof.power,
        "earlier": proof.honest,
        "texts": lambda: text_rows(panel, thresholds, runs),
        "hosted": lambda: hosted_rows(hosted, thresholds) if hosted else iter(()),
    }
    return list(made[kind]())


def _panel(kind: str, split: Split, source: Path) -> Panel:
    """The questions of a section and the engines that were asked all of them.

    *spent*, *earlier* and *texts*: the test questions of earlier editions.
    """
    counts = engines_of(split, source)
    whole = {name for name, count in counts.items() if count == max(counts.values())}
    if kind in ("spent", "earlier", "texts"):
        return read_panel(SPENT, source)
    return read_panel(split, source, engines=whole)


def measure(split: Split, source: Path, runs: int, hosted: Path | None, jobs: int | None) -> dict[str, Any]:
    """Everything, as JSON can hold it."""
    panel = _panel("power", split, source)
    names = [*(f"noisy {a} {c}" for a, c in NOISY_PAIRS if {a, c} <= panel.logprobs.keys())]
    names += [
        "honest",
        "power",
        "int4",
        "hosted",
        "diluted",
        "edge",
        "texts",
        "peers",
        "oracle",
        "spent",
        "earlier",
    ]
    make = partial(section, split=split, source=source, runs=runs, hosted=hosted)
    found: dict[str, Any] = {name.split()[0]: [] for name in ("noisy", *names)}
    with ProcessPoolExecutor(jobs) as pool:
        for name, made in zip(names, pool.map(make, names), strict=True):
            found[name.split()[0]] += made
            print(name, len(made), flush=True)
    return {
        "runs": runs,
        "questions": len(panel.questions),
        "engines": sorted(panel.logprobs),
        "thresholds": asdict(shipped_thresholds()),
        **found,
    }


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panel", type=Path, default=PANEL)
    parser.add_argument("--hosted", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--jobs", type=int, help="processes at once")
    parser.add_argument("--tuning", action="store_true")
    arguments = parser.parse_args()
    split = Split.TUNING if arguments.tuning else Split.TEST
    found = measure(split, arguments.panel, arguments.runs, arguments.hosted, arguments.jobs)
    text = page(found)
    if not arguments.tuning:
        (REPORTS / "proof.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
        (REPORTS / "README.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
