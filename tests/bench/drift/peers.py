"""Other tests on the same recorded answers, each with the threshold at which the farthest honest pair alarms in 5%.

The methods in short, with one look at 40 requests to the candidate. Sampled tokens are drawn from the recorded lists.

- *logprob tracking* (arXiv 2512.03816): mean absolute difference of log-probabilities;
- *MET* (2410.20247): MMD within prompts, two draws a side, a kernel of equality;
- *RUT* (2506.06975): ranks of the candidate's draws among a hundred of the reference's by their log-probability under
  the reference; Cramér-von Mises distance from uniform;
- *B3IT-like* (2602.11083): the likeliest token, on the reference's nearest ties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from bets import Floats
from hosts import Host
from resample import share

REQUESTS = 40
RUNS = 1000
DRAWS = 100


@dataclass(frozen=True)
class Sides:
    """Answers of both sides in many runs: runs × questions × variants × tokens."""

    reference: Floats
    candidate: Floats


Statistic = Callable[[Sides, np.random.Generator], Floats]


def _filled(values: Floats) -> Floats:
    raw = np.exp(np.where(np.isnan(values), -np.inf, values))
    return np.asarray(raw / raw.sum(-1, keepdims=True))


def _drawn(values: Floats, rng: np.random.Generator, times: int) -> Floats:
    """Tokens drawn from lists; a last axis of ``times``."""
    steps = np.cumsum(_filled(values), axis=-1)
    luck = rng.random((*values.shape[:-1], times))
    return np.asarray((luck[..., None] > steps[..., None, :]).sum(-1))


def tracking(sides: Sides, _: np.random.Generator) -> Floats:
    """Mean |difference| over shared tokens, questions and variants."""
    return np.asarray(np.nanmean(np.abs(sides.candidate - sides.reference), axis=(1, 2, 3)))


def met(sides: Sides, rng: np.random.Generator) -> Floats:
    """MMD² of two draws a side to each question."""
    x, y = (_drawn(one[:, :, 0], rng, 2) for one in (sides.reference, sides.candidate))
    within = (x[..., 0] == x[..., 1]).astype(float) + (y[..., 0] == y[..., 1])
    across = (x[..., :, None] == y[..., None, :]).mean((-1, -2))
    return np.asarray((within - 2 * across).mean(1))


def rut(sides: Sides, rng: np.random.Generator) -> Floats:
    """Cramér-von Mises distance of ranks from uniform, one draw to each request."""
    own = _drawn(sides.candidate, rng, 1)
    scores = np.where(np.isnan(sides.reference), -50.0, sides.reference)
    others = np.take_along_axis(scores, _drawn(sides.reference, rng, DRAWS), -1)
    mine = np.take_along_axis(scores, own, -1)
    ties = (others == mine).sum(-1)
    rank = ((others < mine).sum(-1) + rng.random(ties.shape) * (ties + 1)) / (DRAWS + 1)
    ordered = np.sort(rank.reshape(len(rank), -1), axis=1)
    n = ordered.shape[1]
    return np.asarray(((ordered - (np.arange(n) + 0.5) / n) ** 2).sum(1))


def border(sides: Sides, _: np.random.Generator) -> Floats:
    """Share of requests whose likeliest token is another, on the half with the reference's nearest ties."""
    filled = [np.where(np.isnan(one), -np.inf, one) for one in (sides.reference, sides.candidate)]
    best = np.sort(filled[0], axis=-1)
    margin = (best[..., -1] - best[..., -2]).reshape(len(best), -1)
    other = (filled[0].argmax(-1) != filled[1].argmax(-1)).reshape(len(best), -1)
    near = np.argsort(margin, axis=1)[:, : margin.shape[1] // 2]
    return np.asarray(np.take_along_axis(other, near, 1).mean(1))


METHODS: dict[str, Statistic] = {"logprob tracking": tracking, "MET": met, "RUT": rut, "B3IT-like": border}


def peer_rows(
    logprobs: dict[str, Floats], null: tuple[str, str], candidates: tuple[str, ...], rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """One row for a method and a candidate; and the honest pair behind noisy hosts at the same threshold."""

    def sides(a: Floats, c: Floats, host: Host) -> Sides:
        n = len(a)
        which = rng.permuted(np.tile(np.arange(n), (RUNS, 1)), axis=1)[:, : REQUESTS // 2]
        return Sides(host.answers(a[which], rng), host.answers(c[which], rng))

    a, honest = (logprobs[name] for name in null)
    for name, method in METHODS.items():
        limit = float(np.quantile(method(sides(a, honest, Host()), rng), 0.95))
        rows = [(c, logprobs[c], Host()) for c in candidates]
        rows += [(f"{null[1]}, noise {noise}", honest, Host(noise=noise)) for noise in (0.02, 0.1)]
        for label, c, host in rows:
            hits = int((method(sides(a, c, host), rng) > limit).sum())
            yield {"name": [null[0], label, name], "rejects": share(hits, RUNS), "honest": label.startswith(null[1])}
