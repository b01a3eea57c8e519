"""The recorded panel as arrays: a vector of log-probabilities for each engine, question, variant and place."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trueweight.drift.product import EVENNESS, FARTHEST
from trueweight.drift.prompts import Split

PANEL = Path(__file__).parent / "panel.jsonl.gz"
Floats = NDArray[np.float64]


Ints = NDArray[np.int64]


class Answers(NamedTuple):
    """One engine's answers at temperature 0.

    Attributes:
        logprobs: questions × variants × places × tokens; NaN where a list does not hold the token.
        chosen: questions × variants × places: the token that the engine chose; -1 where there is no such place.
    """

    logprobs: Floats
    chosen: Ints


@dataclass(frozen=True)
class Panel:
    """Answers of several engines to the same questions.

    Attributes:
        questions: ids, in the order of the first axis.
        answers: engine → its answers.
        replies: engine → question → the reply to the first variant, for texts.
    """

    questions: tuple[str, ...]
    answers: dict[str, Answers]
    replies: dict[str, dict[str, dict[str, Any]]]


def read_lines(source: Path) -> list[dict[str, Any]]:
    """All kept replies; a folder of files while they are being recorded."""
    if source.is_dir():
        return [
            {"engine": path.stem, **json.loads(line)}
            for path in sorted(source.glob("*.jsonl"))
            for line in path.read_text("utf-8").splitlines()
        ]
    with gzip.open(source, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


SPENT = "spent"
"""Test questions of an earlier edition of the proof, which have texts and first tokens only."""


def read_panel(split: Split | str, source: Path = PANEL, *, engines: set[str] | None = None) -> Panel:
    """The replies of one split, of questions that every engine answered in every variant. Reads no other split."""
    found: dict[tuple[str, int], dict[str, dict[str, Any]]] = defaultdict(dict)
    names = set()
    for line in read_lines(source):
        kept, question, variant = line["key"].split("/")
        if kept == str(split) and (engines is None or line["engine"] in engines):
            found[question, int(variant)][line["engine"]] = line
            names.add(line["engine"])
    variants = sorted({variant for _, variant in found})
    questions = sorted({q for q, _ in found if all(found[q, v].keys() == names for v in variants)})
    replies = {name: {q: found[q, variants[0]][name] for q in questions} for name in names}
    answers = {} if split == SPENT else _arrays(found, questions, names)
    return Panel(tuple(questions), answers, replies)


def _arrays(
    found: dict[tuple[str, int], dict[str, dict[str, Any]]], questions: list[str], names: set[str]
) -> dict[str, Answers]:
    most = max(len(one["places"]) for lines in found.values() for one in lines.values())
    index: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
    cells = []
    for i, q in enumerate(questions):
        for v in (0, 1):
            for name, line in found[q, v].items():
                for at, (chosen, top) in enumerate(line["places"]):
                    known = index[q, at]
                    for token, value in top:
                        cells.append((name, i, v, at, known.setdefault(token, len(known)), value))
                    cells.append((name, i, v, at, known.setdefault(chosen, len(known)), None))
    shape = (len(questions), 2, most)
    width = max(map(len, index.values()))
    made = {name: Answers(np.full((*shape, width), np.nan), np.full(shape, -1)) for name in names}
    for name, *place, token, value in cells:
        if value is None:
            made[name].chosen[tuple(place)] = token
        else:
            made[name].logprobs[(*place, token)] = value
    return made


def engines_of(split: Split | str, source: Path = PANEL) -> dict[str, int]:
    """Engine → the number of its replies in a split."""
    return dict(Counter(line["engine"] for line in read_lines(source) if line["key"].split("/")[0] == str(split)))


def weights(a: Floats, shared: NDArray[np.bool_]) -> Floats:
    """The weights of tokens that all sides show, as the program weighs them; 0 for the others."""
    raw = np.where(shared, np.exp(EVENNESS * np.where(shared, a, -np.inf)), 0.0)
    return np.asarray(raw / np.maximum(raw.sum(-1, keepdims=True), 1e-30))


class Sizes(NamedTuple):
    """Products in nats², and the squared sizes of both differences; NaN where too few tokens are shared."""

    value: Floats
    first: Floats
    second: Floats


def products(a1: Floats, c1: Floats, a2: Floats, c2: Floats) -> Sizes:
    """The program's product, of arrays whose last axis is the tokens."""
    shared = ~(np.isnan(a1) | np.isnan(c1) | np.isnan(a2) | np.isnan(c2))
    enough = shared.sum(-1) >= 2
    d1, d2 = (np.where(shared, np.clip(c - a, -FARTHEST, FARTHEST), 0.0) for a, c in ((a1, c1), (a2, c2)))
    total, first, second = (np.zeros(shared.shape[:-1]) for _ in range(3))
    for a in (a1, a2):
        w = weights(a, shared)
        x, y = (d - (w * d).sum(-1, keepdims=True) for d in (d1, d2))
        total += (w * x * y).sum(-1) / 2
        first += (w * x * x).sum(-1) / 2
        second += (w * y * y).sum(-1) / 2
    return Sizes(*(np.where(enough, one, np.nan) for one in (total, first, second)))


def squares(a: Floats, c: Floats) -> Floats:
    """The squared size of one difference, as the program's `gap` has it: nats², the last axis is the tokens."""
    shared = ~(np.isnan(a) | np.isnan(c))
    w = weights(a, shared)
    d = np.where(shared, np.clip(c - a, -FARTHEST, FARTHEST), 0.0)
    d = d - (w * d).sum(-1, keepdims=True)
    return np.asarray((w * d * d).sum(-1))
