"""Public series of hosted endpoints: one prompt each, one token, asked every five to sixty minutes for days.

From the trackllm project (data repository CC BY 4.0; whether that covers the copies used here is not verified, so they
are no part of this repository). Each line: model, provider, prompt, replies, sequence of (time, reply).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from bets import Floats, odd_answers, paths, verdicts
from numpy.typing import NDArray
from panel import products, squares
from resample import share

from trueweight.drift.facts import _top
from trueweight.drift.product import _values
from trueweight.drift.thresholds import Thresholds

DEALS = 400
LEAST = 24
"""Answers that make six products, the fewest that can end a run."""
CHANGES = {"openai/gpt-4o-mini azure x": "2025-12-18T08", "moonshotai/kimi-k2 moonshotai x": "after-errors"}
"""What looks like a real change: the series, and since when."""


@dataclass(frozen=True)
class Series:
    """One endpoint's answers to one prompt in time: vectors over all tokens it ever showed, NaN where it did not."""

    name: str
    times: tuple[str, ...]
    answers: Floats
    after_errors: int


def read_series(source: Path) -> Iterator[Series]:
    """Every series of the file."""
    for line in source.read_text("utf-8").splitlines():
        row = json.loads(line)
        lists = [
            _values(_top({"top_logprobs": [{"token": t, "logprob": v} for t, v in one]})) for one in row["replies"]
        ]
        keys = sorted({key for one in lists for key in one})
        vectors = np.array([[one.get(key, np.nan) for key in keys] for one in lists])
        asked = [(time, reply) for time, reply in row["sequence"] if reply is not None]
        errors = [at for at, (_, reply) in enumerate(row["sequence"]) if reply is None]
        answered = sum(reply is not None for _, reply in row["sequence"][: errors[-1]]) if errors else 0
        yield Series(
            f"{row['model']} {row['provider']} {row['prompt']}",
            tuple(time for time, _ in asked),
            vectors[[reply for _, reply in asked]],
            answered,
        )


def _play(name: str, what: str, first: Floats, second: Floats, t: Thresholds) -> dict[str, Any]:
    """``first`` and ``second``: runs × pairs × tokens of both sides; two pairs make a product."""
    half = first.shape[1] // 2 * 2
    a1, a2, c1, c2 = first[:, 0:half:2], first[:, 1:half:2], second[:, 0:half:2], second[:, 1:half:2]
    x = products(a1, c1, a2, c2).value
    found = paths(x, np.sqrt(squares(a1, c1) * squares(a2, c2)), t)
    gaps = np.sqrt(np.stack([squares(a1, c1), squares(a2, c2)], axis=-1))
    # A request that is sent again: its next answer in time, of either side.
    moves = [
        np.sqrt(np.stack([squares(one, np.roll(one, -1, axis=1)) for one in side], axis=-1))
        for side in ((a1, a2), (c1, c2))
    ]
    ends = verdicts(found, 0.05, odd_answers(gaps, *moves))
    hits = int(np.isfinite(ends.drift).sum())
    singles = float(np.sqrt(np.median(squares(a1, c1))))
    return {
        "name": name, "what": what, "products": x.shape[1], "single": round(singles, 4),
        "nats": round(found.nats, 4),
        "drift": share(hits, len(x)),
        "equivalent": float(np.isfinite(ends.equivalent).mean()),
    }  # fmt: skip


def _dealt(answers: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Neighbours dealt to two sides, each pair in a random order."""
    n = len(answers) // 2
    left, right = answers[0 : 2 * n : 2], answers[1 : 2 * n : 2]
    swap: NDArray[np.bool_] = rng.random((DEALS, n)) < 0.5
    keep = swap[..., None]
    return np.where(keep, right, left), np.where(keep, left, right)


def hosted_rows(source: Path, t: Thresholds) -> Iterator[dict[str, Any]]:
    """Each endpoint against itself, its halves of a day, its days, and the changes that look real."""
    rng = np.random.default_rng(7)
    for one in read_series(source):
        if len(one.answers) < LEAST:
            continue
        yield _play(one.name, "neighbours dealt to two sides", *_dealt(one.answers, rng), t)
        days = sorted({time[:10] for time in one.times})
        for day in days:
            own = np.array([time[:10] == day for time in one.times])
            n = int(own.sum()) // 2
            if 2 * n >= LEAST:
                halves = one.answers[own][:n], one.answers[own][-n:]
                drawn = [side[rng.permuted(np.tile(np.arange(n), (DEALS, 1)), axis=1)] for side in halves]
                yield _play(one.name, f"{day}: first half against second", drawn[0], drawn[1], t)
        for day, after in pairwise(days):
            sides = [one.answers[[time[:10] == d for time in one.times]] for d in (day, after)]
            n = min(map(len, sides))
            if 2 * n >= LEAST:
                drawn = [side[rng.permuted(np.tile(np.arange(len(side)), (DEALS, 1)), axis=1)[:, :n]] for side in sides]
                yield _play(one.name, f"{day} as a stored baseline for {after}", drawn[0], drawn[1], t)
        if one.name in CHANGES:
            since = CHANGES[one.name]
            at = one.after_errors if since == "after-errors" else sum(time < since for time in one.times)
            sides = [one.answers[:at], one.answers[at:]]
            n = min(map(len, sides))
            drawn = [side[rng.permuted(np.tile(np.arange(len(side)), (DEALS, 1)), axis=1)[:, :n]] for side in sides]
            yield _play(one.name, f"before against after: {since}", drawn[0], drawn[1], t)
