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
from numpy.typing import NDArray
from page import page
from panel import PANEL, SPENT, Answers, Panel, engines_of, read_panel, squares
from peers import REQUESTS, peer_rows
from questions import Compared, compare_engines, compared, is_common, order_of
from resample import share
from texts import text_rows

from trueweight.drift import DriftSettings
from trueweight.drift.dilution import FAR
from trueweight.drift.prompts import Split
from trueweight.drift.systematic import SystematicTest
from trueweight.drift.thresholds import Thresholds, shipped_thresholds

Draw = Callable[[], Answers]
"""Draws a candidate's answers in each run: runs × questions × …."""

REPORTS = Path(__file__).parents[3] / "reports" / "drift"
ALPHA = 0.05
RUNS = 1000
NOISY_RUNS = 500
CHUNK = 50
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
    "noise 0.1, shared by all places": Host(noise=0.1, shared=True),
    "noise 0.3, shared by all places": Host(noise=0.3, shared=True),
    "grid 0.125, noise 0.1": Host(noise=0.1, grid=0.125),
    "regimes 0.3": Host(regimes=0.3),
    "sticky router 0.3": Host(regimes=0.3, sticky=True),
    "top 5, noise 0.1": Host(noise=0.1, top=5),
    "4 decimals, noise 0.02": Host(noise=0.02, decimals=4),
    "probabilities, noise 0.02": Host(noise=0.02, probabilities=True),
}
UNEVEN = {f"noise {level}, one side 3 times": (Host(noise=level), Host(noise=3 * level)) for level in (0.02, 0.1, 0.3)}
UNEVEN["noise 0.1, shared by all places, one side 3 times"] = (
    Host(noise=0.1, shared=True),
    Host(noise=0.3, shared=True),
)


class Proof:
    """All measurements on one panel."""

    def __init__(self, panel: Panel, thresholds: Thresholds, runs: int = RUNS) -> None:
        self.panel = panel
        self.t = thresholds
        self.runs = runs
        self.rng = np.random.default_rng(2026)
        self.n = len(panel.questions)
        self.scouted = DriftSettings().scout

    def play(
        self, reference: Answers, candidate: Draw | Answers, hosts: tuple[Host, Host] = (QUIET, QUIET), runs: int = 0
    ) -> tuple[Verdicts, dict[str, float]]:
        """Every run asks all questions once, in the program's order; answers pass through the two hosts."""
        if not callable(candidate):
            reference, candidate = narrow(reference, candidate)
            if hosts == (QUIET, QUIET):
                return self._play_exact(reference, candidate)
        shape = (STATES, *reference.logprobs.shape) if any(host.regimes for host in hosts) else (0,)
        states = tuple(self.rng.normal(0, 1, shape) for _ in hosts)
        parts = [self._chunk(reference, candidate, hosts, states) for _ in range(0, runs or self.runs, CHUNK)]
        x, size, gaps, *moved = (np.concatenate(one) for one in zip(*parts, strict=True))
        found = paths(x, size, self.t)
        return verdicts(found, ALPHA, odd_answers(gaps, *moved)), {"nats": found.nats}

    def _chunk(
        self, reference: Answers, candidate: Draw | Answers, hosts: tuple[Host, Host], states: tuple[Floats, Floats]
    ) -> tuple[Floats, ...]:
        """Products, sizes, gaps and both sides' moves of some runs, each in the order in which it asks."""
        scouted = [hosts[0].answers(self._many(reference, v), self.rng, _of(states[0], v)) for v in (0, 1)]
        common = is_common(*scouted)
        own, again = (candidate() if callable(candidate) else candidate for _ in range(2))
        asked = [(v, *one) for v in (0, 1) for one in ((hosts[0], reference, states[0]), (hosts[1], own, states[1]))]
        four = [host.answers(self._many(side, v), self.rng, _of(state, v)) for v, host, side, state in asked]
        made = compared(four, [side.chosen[..., v, :] for v, _, side, _ in asked])
        moves = [np.zeros_like(made.value) for _ in asked]
        if (made.gaps > FAR).any():
            # Each request once more, at the place that shows whether an answer is far.
            for place, (v, host, first, state) in enumerate(asked):
                side = again if first is own else first
                exact = _at(self._many(side, v), made.at)
                twice = host.answers(exact, self.rng, _first(_of(state, v)))
                moves[place] = np.sqrt(squares(_at(four[place], made.at), twice))
        order = np.array([order_of(one, self.rng, self.scouted) for one in common])
        moved = (np.stack(moves[side::2], axis=-1) for side in (0, 1))
        return (
            *(np.take_along_axis(one, order, 1) for one in (made.value, made.size)),
            *(np.take_along_axis(one, order[..., None], 1) for one in (made.gaps, *moved)),
        )

    def _many(self, side: Answers, variant: int) -> Floats:
        """One variant's answers in each run."""
        exact = side.logprobs[..., variant, :, :]
        return np.broadcast_to(exact.astype(np.float32), (CHUNK, *exact.shape[-3:]))

    def _play_exact(self, reference: Answers, candidate: Answers) -> tuple[Verdicts, dict[str, float]]:
        """The same without noise: each question has one product."""
        made = compare_engines(reference, candidate)
        common = is_common(reference.logprobs[:, 0], reference.logprobs[:, 1])
        order = np.array([order_of(common, self.rng, self.scouted) for _ in range(self.runs)])
        found = paths(made.value[order], made.size[order], self.t)
        gaps = made.gaps[order]
        ends = verdicts(found, ALPHA, odd_answers(gaps, np.zeros_like(gaps), np.zeros_like(gaps)))
        known = ~np.isnan(made.value)
        return ends, {
            "nats": nats_of(made.value[known]),
            "nats_common": nats_of(made.value[known & common]),
            "common": float(common.mean()),
            "places": float(made.places[common].mean()),
            "high": self._high(made),
        }

    def _high(self, made: Compared) -> float:
        """The upper 95% limit of the systematic difference, of all questions in bank order."""
        test = SystematicTest(self.t)
        for value, size in zip(made.value, made.size, strict=True):
            if not math.isnan(value):
                test.update(float(value), float(size))
        return test.difference().high

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
        known = [name for name in HONEST if name in self.panel.answers]
        for a, c in permutations(known, 2):
            yield self.row((a, c), self.play(self.panel.answers[a], self.panel.answers[c]))

    def noisy(self, a: str, c: str) -> Iterator[dict[str, Any]]:
        """An honest pair behind simulated hosts: both sides behind one kind, or one side noisier."""
        kinds = {name: (host, host) for name, host in HOSTS.items()} | UNEVEN
        kinds |= {f"{name} (reference)": (noisy, quiet) for name, (quiet, noisy) in UNEVEN.items()}
        for name, hosts in kinds.items():
            yield self.row((a, c, name), self.play(self.panel.answers[a], self.panel.answers[c], hosts, NOISY_RUNS))

    def power(self) -> Iterator[dict[str, Any]]:
        """Quantised files against every honest reference."""
        for c, (wanted, at) in POWER.items():
            for a in REFERENCES:
                if {a, c} <= self.panel.answers.keys():
                    played = self.play(self.panel.answers[a], self.panel.answers[c])
                    peers = share(int((played[0].drift <= REQUESTS).sum()), self.runs)
                    yield {**self.row((a, c), played, at), "wanted": wanted, "at": at, "as_peers": peers}
        for c in PUBLISHED:
            if c in self.panel.answers:
                yield self.row(("llama-f16", c), self.play(self.panel.answers["llama-f16"], self.panel.answers[c]))

    def int4_like(self) -> Iterator[dict[str, Any]]:
        """A systematic difference of 0.25 nats, the same in both variants, behind noisy hosts."""
        base = self.panel.answers["llama-f16"]
        drawn = self.rng.normal(0, 0.25, (self.n, 1, *base.logprobs.shape[2:]))
        bent = base._replace(logprobs=base.logprobs + drawn)
        for level, wanted in ((0.1, 0.95), (0.3, 0.80)):
            played = self.play(base, bent, (Host(noise=level), Host(noise=level)))
            yield {**self.row((f"noise {level}", "0.25 nats"), played, 240), "wanted": wanted, "at": 240}

    def diluted(self) -> Iterator[dict[str, Any]]:
        """One request in ten is answered by Q4_0."""
        if not {"llama-q4_0", "llama-f16"} <= self.panel.answers.keys():
            return
        for a in REFERENCES:
            if a in self.panel.answers:
                three = narrow(*(self.panel.answers[name] for name in (a, "llama-f16", "llama-q4_0")))
                played = self.play(three[0], partial(self._mixed, *three[1:], 0.1))
                yield {**self.row((a, "10% llama-q4_0"), played, 300), "wanted": 0.8, "at": 300}

    def _mixed(self, honest: Answers, other: Answers, share: float) -> Answers:
        """Answers in each run, each of them by the other engine with this chance."""
        sent = self.rng.random((CHUNK, self.n, 2)) < share
        return Answers(
            np.where(sent[..., None, None], other.logprobs, honest.logprobs),
            np.where(sent[..., None], other.chosen, honest.chosen),
        )

    def edge(self) -> Iterator[dict[str, Any]]:
        """Honest hosts that are as far from llama-f16 as is tolerated, on the questions that are asked first."""
        for name, base, candidate in self._at_tolerance(common=True):
            for host, hosts in edge.HOSTS.items():
                yield self.row(("llama-f16", name, host), self.play(base, candidate, hosts, NOISY_RUNS))

    def edge_of_all(self) -> Iterator[dict[str, Any]]:
        """The same on all questions, common or not; as they are."""
        for name, base, candidate in self._at_tolerance(common=False):
            yield self.row(("llama-f16", name, "as it is"), self.play(base, candidate))

    def _at_tolerance(self, *, common: bool) -> Iterator[tuple[str, Answers, Answers]]:
        names = ("llama-f16", "vllm-bf16", "llama-q8_0")
        base, *others = narrow(*(self.panel.answers[name] for name in names))
        counted = is_common(base.logprobs[:, 0], base.logprobs[:, 1]) | (not common)
        known = dict(zip(names[1:], others, strict=True))
        for name, candidate in edge.at_tolerance(base, known, self.t.tolerance, self.rng, counted):
            yield name, base, candidate

    def peers(self) -> Iterator[dict[str, Any]]:
        """Other methods on the same answers (see `peers`)."""
        first = {name: one.logprobs[:, :, 0] for name, one in self.panel.answers.items()}
        yield from peer_rows(first, FARTHEST_PAIR, tuple(sorted(POWER & first.keys())), self.rng)


def narrow(*sides: Answers) -> list[Answers]:
    """The same engines without the tokens that only others show, the likeliest first."""
    shown = np.stack([~np.isnan(one.logprobs) for one in sides]).any((0, 2), keepdims=True)[0]
    rank = np.where(shown, np.nan_to_num(sides[0].logprobs[:, :1], nan=-99.0), -np.inf)
    order = np.argsort(-rank, axis=-1, kind="stable")
    place = np.argsort(order, axis=-1)
    width = int(shown.sum(-1).max())
    made = []
    for one in sides:
        chosen = np.take_along_axis(place, np.maximum(one.chosen, 0)[..., None], -1)[..., 0]
        logprobs = np.take_along_axis(one.logprobs, order, -1)[..., :width]
        made.append(Answers(logprobs, np.where(one.chosen < 0, -1, chosen)))
    return made


def _of(states: Floats, variant: int) -> Floats | None:
    """The rounding of a host's states in one variant."""
    return states[:, :, variant] if states.size else None


def _first(states: Floats | None) -> Floats | None:
    return None if states is None else states[:, :, 0]


def _at(values: Floats, at: NDArray[np.int64]) -> Floats:
    """What is at one place of each question in each run; ``values`` may be those of all runs at once."""
    many = np.broadcast_to(values, (*at.shape, *values.shape[-2:]))
    return np.asarray(np.take_along_axis(many, at[..., None, None], 2).squeeze(2))


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
        "edge-of-all": proof.edge_of_all,
        "peers": proof.peers,
        "tuning": proof.power,
        "earlier": proof.honest,
        "texts": lambda: text_rows(panel, thresholds, runs),
        "hosted": lambda: hosted_rows(hosted, thresholds) if hosted else iter(()),
    }
    return list(made[kind]())


def _panel(kind: str, split: Split, source: Path) -> Panel:
    """The questions of a section and the engines that were asked all of them.

    *tuning* and *earlier*: the tuning questions; *texts*: test questions of an earlier edition.
    """
    if kind == "texts":
        return read_panel(SPENT, source)
    if kind in ("tuning", "earlier"):
        split = Split.TUNING
    counts = engines_of(split, source)
    whole = {name for name, count in counts.items() if count == max(counts.values())}
    return read_panel(split, source, engines=whole)


def measure(split: Split, source: Path, runs: int, hosted: Path | None, jobs: int | None) -> dict[str, Any]:
    """Everything, as JSON can hold it."""
    panel = _panel("power", split, source)
    names = [*(f"noisy {a} {c}" for a, c in NOISY_PAIRS if {a, c} <= panel.answers.keys())]
    names += [
        "honest",
        "power",
        "int4",
        "hosted",
        "diluted",
        "edge",
        "edge-of-all",
        "texts",
        "peers",
        "tuning",
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
        "engines": sorted(panel.answers),
        "thresholds": asdict(shipped_thresholds()),
        "most_honest": max(row["high"] for row in found["earlier"]),
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
