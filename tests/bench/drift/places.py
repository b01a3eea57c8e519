"""A pilot: log-probabilities at several places of an answer: ``python tests/bench/drift/places.py``.

At temperature 0 the four answers to a question (two variants, two sides) often begin with the same tokens. After the
same tokens the context is the same, so each of these places has a product of its own, and the question's product is
their mean. The answers are those of `places.jsonl.gz`: tuning questions, eight tokens, the 20 likeliest at each.
Nothing of the program uses this yet; the page says what was found.
"""

# ruff: noqa: T201
from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
from bets import Floats, nats_of, odd_answers, paths, verdicts
from resample import share

from trueweight.drift.facts import SURE_LOGPROB, Token
from trueweight.drift.product import Pair, product
from trueweight.drift.thresholds import shipped_thresholds

KEPT = Path(__file__).with_name("places.jsonl.gz")
RUNS = 1000
NOISY_RUNS = 200
ALPHA = 0.05
AT = 40
PLACES = (1, 3, 6)
LEVELS = (0.02, 0.1, 0.3)
PAIRS = (
    ("llama-f16", "llama-q8_0"),
    ("llama-bf16", "llama-q8_0"),
    ("transformers-bf16", "llama-q8_0"),
    ("llama-f16", "llama-bf16"),
    ("llama-bf16", "llama-f16"),
    ("llama-f16", "transformers-bf16"),
    ("transformers-bf16", "llama-f16"),
    ("llama-bf16", "transformers-bf16"),
    ("transformers-bf16", "llama-bf16"),
)


NOISY_PAIRS = (("llama-f16", "transformers-bf16"),)


class Place(NamedTuple):
    """One place of an answer: the token that the host chose, and its likeliest tokens, best first."""

    chosen: bytes
    top: tuple[Token, ...]


Answer = Sequence[Place]
Four = tuple[Answer, Answer, Answer, Answer]
"""Reference and candidate to the first variant, reference and candidate to the second."""


class Compared(NamedTuple):
    """One question: its product and the product of the sizes in nats², the sizes at the first place, and the number
    of places."""

    value: float
    size: float
    gaps: tuple[float, float]
    places: int


def read(source: Path = KEPT) -> dict[str, dict[str, tuple[Answer, Answer]]]:
    """Engine → question → its answers to both variants; questions with one answer are left out."""
    found: dict[str, dict[str, dict[int, Answer]]] = {}
    with gzip.open(source, "rt", encoding="utf-8") as file:
        for line in map(json.loads, file):
            _, question, variant = line["key"].split("/")
            answers = found.setdefault(line["engine"], {}).setdefault(question, {})
            answers[int(variant)] = [_place(*one) for one in line["places"]]
    return {name: {q: (v[0], v[1]) for q, v in own.items() if len(v) == 2} for name, own in found.items()}


def _place(chosen: str, top: Sequence[tuple[str, float]]) -> Place:
    """Of tokens that are spelled alike none is kept, as in the program."""
    keys = [key for key, _ in top]
    return Place(
        chosen.encode("latin-1"),
        tuple(Token(key.encode("latin-1"), value) for key, value in top if keys.count(key) == 1),
    )


def compare(four: Four, most: int) -> Compared | None:
    """The question's product over its first shared places, at most so many; None if the first cannot be compared.

    Places at which all four answers are sure of their token show nothing and are left out.
    """
    found = []
    for place in zip(*four, strict=False):
        sure = all(one.top and one.top[0].logprob >= SURE_LOGPROB for one in place)
        at = None if sure else product(Pair(place[0].top, place[1].top), Pair(place[2].top, place[3].top))
        if at is not None:
            found.append(at)
        elif not sure and not found:
            return None
        if len(found) == most or len({one.chosen for one in place}) > 1:
            break
    if not found:
        return None
    size = fmean(one.first * one.second for one in found)
    return Compared(fmean(one.value for one in found), size, (found[0].first, found[0].second), len(found))


def fours(engines: dict[str, dict[str, tuple[Answer, Answer]]], a: str, c: str) -> list[Four]:
    """The answers of two engines to each question that both have answered."""
    shared = sorted(engines[a].keys() & engines[c].keys())
    return [(engines[a][q][0], engines[c][q][0], engines[a][q][1], engines[c][q][1]) for q in shared]


def noisy(level: float, rng: np.random.Generator) -> Callable[[Four], Four]:
    """A host whose log-probabilities scatter anew at each place, and which chooses the likeliest token of what it sees.

    What follows another token than the recorded one is not known, so such an answer ends there.
    """

    def seen(answer: Answer) -> Iterator[Place]:
        for place in answer:
            drawn = rng.normal(0, level, len(place.top))
            top = sorted(
                (Token(key, value + shift) for (key, value), shift in zip(place.top, drawn, strict=True)),
                key=lambda token: -token.logprob,
            )
            yield Place(top[0].key, tuple(top))
            if top[0].key != place.chosen:
                return

    return lambda four: (
        tuple(seen(four[0])),
        tuple(seen(four[1])),
        tuple(seen(four[2])),
        tuple(seen(four[3])),
    )


def play(runs: Sequence[Sequence[Compared]]) -> dict[str, Any]:
    """Of these runs: how many end in DRIFT, within 40 requests and at all, and in EQUIVALENT."""
    x = np.array([[one.value for one in run] for run in runs])
    sizes = np.array([[one.size for one in run] for run in runs])
    gaps: Floats = np.array([[one.gaps for one in run] for run in runs])
    found = paths(x, sizes, shipped_thresholds())
    ends = verdicts(found, ALPHA, odd_answers(gaps, np.zeros_like(gaps), np.zeros_like(gaps)))
    return {
        "at": share(int((ends.drift <= AT).sum()), len(x)),
        "drift": share(int(np.isfinite(ends.drift).sum()), len(x)),
        "equivalent": share(int(np.isfinite(ends.equivalent).sum()), len(x)),
    }


def main() -> None:
    """Print the table."""
    engines, rng = read(), np.random.default_rng(2026)
    print({name: len(own) for name, own in engines.items()})
    for a, c in PAIRS:
        for most in PLACES:
            known = [one for four in fours(engines, a, c) if (one := compare(four, most)) is not None]
            order = rng.permuted(np.tile(np.arange(len(known)), (RUNS, 1)), axis=1)
            runs = [[known[i] for i in row] for row in order]
            nats = nats_of(np.array([one.value for one in known]))
            places = fmean(one.places for one in known)
            print(a, c, most, f"{len(known)} questions, {places:.1f} places, {nats:.4f} nats")
            print("   ", _words(play(runs)), flush=True)
    for a, c in NOISY_PAIRS:
        for level in LEVELS:
            see = noisy(level, rng)
            for most in (1, 6):
                runs = [_noisy_run(fours(engines, a, c), see, most, rng) for _ in range(NOISY_RUNS)]
                least = min(map(len, runs))
                mean = math.sqrt(max(0.0, fmean(one.value for run in runs for one in run)))
                print(
                    a, c, "noise", level, most, f"{mean:.4f}", _words(play([run[:least] for run in runs])), flush=True
                )


def _noisy_run(known: list[Four], see: Callable[[Four], Four], most: int, rng: np.random.Generator) -> list[Compared]:
    found = (compare(see(known[i]), most) for i in rng.permutation(len(known)))
    return [one for one in found if one is not None]


def _words(found: dict[str, Any]) -> str:
    return ", ".join(f"{name} {one['value']:.1%} [{one['low']:.1%}, {one['high']:.1%}]" for name, one in found.items())


if __name__ == "__main__":
    main()
