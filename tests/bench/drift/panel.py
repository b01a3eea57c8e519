"""The recorded panel as arrays: one vector of log-probabilities for each engine, question and variant."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trueweight.drift.product import EVENNESS, FARTHEST
from trueweight.drift.prompts import Split

PANEL = Path(__file__).parent / "panel.jsonl.gz"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """Answers of several engines to the same questions.

    Attributes:
        questions: ids, in the order of the first axis.
        logprobs: engine → questions × variants × tokens; NaN where a list does not hold the token.
        replies: engine → question → the reply to the first variant, for texts.
    """

    questions: tuple[str, ...]
    logprobs: dict[str, Floats]
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
"""Test questions of earlier editions of the proof: their answers have been looked at, so they serve for tuning."""


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
    tokens = {
        q: sorted({t for v in variants for one in found[q, v].values() for t, _ in one["top"]}) for q in questions
    }
    width = max(map(len, tokens.values()))
    logprobs = {name: np.full((len(questions), len(variants), width), np.nan) for name in names}
    for i, q in enumerate(questions):
        place = {token: at for at, token in enumerate(tokens[q])}
        for v in variants:
            for name, line in found[q, v].items():
                for token, value in line["top"]:
                    logprobs[name][i, v, place[token]] = value
    replies = {name: {q: found[q, variants[0]][name] for q in questions} for name in names}
    return Panel(tuple(questions), logprobs, replies)


def engines_of(split: Split | str, source: Path = PANEL) -> dict[str, int]:
    """Engine → the number of its replies in a split."""
    return dict(Counter(line["engine"] for line in read_lines(source) if line["key"].split("/")[0] == str(split)))


def weights(a: Floats, shared: NDArray[np.bool_]) -> Floats:
    """The weights of tokens that all sides show, as the program weighs them; 0 for the others."""
    raw = np.where(shared, np.exp(EVENNESS * np.where(shared, a, -np.inf)), 0.0)
    return np.asarray(raw / np.maximum(raw.sum(-1, keepdims=True), 1e-300))


def products_of(a: Floats, c: Floats) -> Floats:
    """The products of two engines' answers to all questions, of shape questions × variants × tokens."""
    return products(a[:, 0], c[:, 0], a[:, 1], c[:, 1])


def products(a1: Floats, c1: Floats, a2: Floats, c2: Floats) -> Floats:
    """The program's product, of arrays whose last axis is the tokens; NaN where too few are shared."""
    shared = ~(np.isnan(a1) | np.isnan(c1) | np.isnan(a2) | np.isnan(c2))
    enough = shared.sum(-1) >= 2
    d1, d2 = (np.where(shared, np.clip(c - a, -FARTHEST, FARTHEST), 0.0) for a, c in ((a1, c1), (a2, c2)))
    total = np.zeros(np.broadcast_shapes(a1.shape, c1.shape)[:-1])
    for a in (a1, a2):
        w = weights(a, shared)
        x, y = (d - (w * d).sum(-1, keepdims=True) for d in (d1, d2))
        total += (w * x * y).sum(-1) / 2
    return np.where(enough, total, np.nan)


def squares(a: Floats, c: Floats) -> Floats:
    """The squared size of one difference, as the program's `gap` has it: nats², the last axis is the tokens."""
    shared = ~(np.isnan(a) | np.isnan(c))
    w = weights(a, shared)
    d = np.where(shared, np.clip(c - a, -FARTHEST, FARTHEST), 0.0)
    d = d - (w * d).sum(-1, keepdims=True)
    return np.asarray((w * d * d).sum(-1))
