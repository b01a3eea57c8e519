"""Texts at temperature 0 on the panel: an exact reference, honest engines and a quantised one, prompt by prompt."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np
from panel import Panel
from resample import log_wealth, share

from trueweight.drift.facts import Facts
from trueweight.drift.gross import departs
from trueweight.drift.near_ties import select_near_ties
from trueweight.drift.thresholds import Thresholds

HONEST_TEXTS = ("llama-f16", "vllm-fp32", "vllm-bf16")
TEXTS = (*HONEST_TEXTS, "llama-q4_0")
MOST = 120


TURN = "\nUser:"
"""A base model goes on to the next turn. The lab's llama.cpp stops there, by an option that vLLM does not have."""


def _facts(reply: dict[str, Any]) -> Facts:
    text = (reply["text"] or "").split(TURN)[0]
    pieces, written = [], ""
    for piece in reply["pieces"]:
        if len(written) >= len(text):
            break
        pieces.append(piece)
        written += piece
    return Facts(text, margins=tuple(reply["margins"][: len(pieces)]), pieces=tuple(pieces))


def text_rows(panel: Panel, t: Thresholds, runs: int) -> Iterator[dict[str, Any]]:
    """One row for an ordered pair: the share of prompts whose texts part ways, and how runs end within 120 prompts."""
    rng = np.random.default_rng(5)
    asked = {
        name: {q: one for q, one in panel.replies[name].items() if len(one["pieces"]) > 1}
        for name in TEXTS
        if name in panel.replies
    }
    for a, c in permutations(asked, 2):
        both = sorted(asked[a].keys() & asked[c].keys())
        if a == "llama-q4_0" or len(both) < 20:
            continue
        reference, own = ({q: _facts(asked[side][q]) for q in both} for side in (a, c))
        close = set(select_near_ties(reference))
        differs = np.array([float(reference[q].plain != own[q].plain) for q in both])
        gross = np.array([float(departs(own[q], reference[q])) for q in both])
        taus = np.array([t.tau_near_tie if q in close else t.tau_greedy for q in both])
        order = np.array([_order(both, close, rng) for _ in range(runs)])[:, :MOST]
        path = np.logaddexp(log_wealth(differs[order], taus[order]), log_wealth(gross[order], t.tau_gross)) - np.log(2)
        over = path >= -np.log(0.05)
        over[:, :3] = False
        ends = np.where(over.any(1), over.argmax(1) + 1.0, np.inf)
        hits = int(np.isfinite(ends).sum())
        yield {
            "name": [a, c], "prompts": len(both), "near_ties": len(close), "honest": c in HONEST_TEXTS,
            "departs": round(float(differs.mean()), 4),
            "departs_near": round(float(differs[[q in close for q in both]].mean()), 4) if close else None,
            "gross": round(float(gross.mean()), 4),
            "drift": share(hits, runs),
            "median": None if np.isinf(np.median(ends)) else float(np.median(ends)),
        }  # fmt: skip


def _order(prompts: list[str], close: set[str], rng: np.random.Generator) -> list[int]:
    """Near ties first, as the program asks them; both parts in an order of their own."""
    near = [i for i, q in enumerate(prompts) if q in close]
    rest = [i for i, q in enumerate(prompts) if q not in close]
    return [*rng.permutation(near).astype(int).tolist(), *rng.permutation(rest).astype(int).tolist()]
