"""One recorded answer set per provider → scores per prompt, in each mode; and the noise that is added on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from resample import Floats, draw, log_wealth
from samples import Answers, Samples

from trueweight.drift.betting import RARE_EVENTS
from trueweight.drift.evidence import STRANGE_SHARE
from trueweight.drift.facts import Facts
from trueweight.drift.gross import score_gross
from trueweight.drift.near_ties import select_near_ties
from trueweight.drift.prompts import steady_bank
from trueweight.drift.scoring import score_greedy, score_sampled
from trueweight.drift.script import STEADY_FIRST
from trueweight.drift.thresholds import Thresholds
from trueweight.drift.typical import DRAWS

STEADY = {prompt.id for prompt in steady_bank()}


@dataclass(frozen=True)
class Scores:
    """Of one candidate, by prompt cluster, or already by run and prompt: the streams that `Evidence` bets on.

    Attributes:
        excess: shape (clusters,) or (runs, prompts); the others alike, NaN where nothing is bet.
        tau: the tolerance of the excess.
        gross: greedy text only; ``lean`` and ``strange`` sampled text only.
        steady: which clusters are steady prompts, where these are asked first.
    """

    excess: Floats
    tau: Floats
    thresholds: Thresholds
    gross: Floats | None = None
    lean: Floats | None = None
    strange: Floats | None = None
    steady: np.ndarray | None = None

    def order(self, rng: np.random.Generator, runs: int, prompts: int) -> np.ndarray:
        """Clusters in the order of asking, drawn with replacement for each run."""
        if self.steady is None or self.steady.all():
            return draw(rng, len(self.excess), runs, prompts)
        steady, natural = np.flatnonzero(self.steady), np.flatnonzero(~self.steady)
        turns = np.arange(prompts) - STEADY_FIRST
        shape = (runs, prompts)
        return np.where((turns >= 0) & (turns % 2 == 0), rng.choice(natural, shape), rng.choice(steady, shape))

    def drawn(self, which: np.ndarray) -> Scores:
        """The same for runs × prompts of clusters."""
        return replace(self, **{name: values[which] for name, values in self._streams().items()})

    def diluted(self, honest: Scores, sent: np.ndarray) -> Scores:
        """With another's scores wherever ``sent`` is False; both already by run and prompt."""
        others = honest._streams()
        return replace(self, **{name: np.where(sent, values, others[name]) for name, values in self._streams().items()})

    def _streams(self) -> dict[str, Floats]:
        names = ("excess", "tau", "gross", "lean", "strange")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def paths(self) -> tuple[Floats, Floats]:
        """Log wealth against "an honest stack" and against "drift" after each prompt."""
        drift, same = log_wealth(self.excess, self.tau), log_wealth(self.excess, self.tau, below=True)
        if self.gross is not None:
            drift = _mean(drift, log_wealth(self.gross, self.thresholds.tau_gross))
        if self.lean is not None:
            farther = log_wealth(self.lean, self.thresholds.tau_lean)
            drift = np.minimum(drift, _mean(log_wealth(-self.lean, self.thresholds.tau_lean, least=-1.0), farther))
        if self.strange is not None:
            parts = (drift + np.log(1 - STRANGE_SHARE), self.path_of_strange() + np.log(STRANGE_SHARE))
            drift = np.logaddexp(*parts)
        return drift, same

    def path_of_strange(self) -> Floats:
        """Log wealth of the test that no seed enters, alone."""
        assert self.strange is not None
        return log_wealth(self.strange, self.thresholds.tau_strange, least=-1.0 / DRAWS, portfolio=RARE_EVENTS)


def _mean(left: Floats, right: Floats) -> Floats:
    return np.asarray(np.logaddexp(left, right) - np.log(2))


def shorter(answers: Answers, top: int) -> Answers:
    """The same from a server that shows fewer alternatives."""
    return {prompt: replace(facts, top=facts.top[:top]) for prompt, facts in answers.items()}


class Cells:
    """Scores of every recorded provider on one split of the prompts."""

    def __init__(self, samples: Samples, prompts: set[str], thresholds: Thresholds) -> None:
        self.samples = samples
        self.thresholds = thresholds
        self._prompts = prompts
        greedy = [samples["f16", "greedy", ask] for ask in range(3)]
        self._screen, self._a, self._b = ({p: f for p, f in asked.items() if p in prompts} for asked in greedy)
        self.near_ties = select_near_ties(self._screen)
        self._pair = [samples["f16", "sampled-0", repeat] for repeat in (0, 1)]
        self._others = [samples["f16", f"sampled-{number}", 0] for number in range(1, DRAWS + 1)]

    def shared(self, *answers: Answers, only: Sequence[str] | None = None) -> list[str]:
        """Prompts that all of them have."""
        keys = set(self._a if only is None else only).intersection(*answers)
        return sorted(keys & self._prompts)

    def greedy(self, c: Answers, *, near: bool = False, a: Answers | None = None, b: Answers | None = None) -> Scores:
        """By texts at temperature 0, on all prompts or on the near-tie bank."""
        sides = (self._a if a is None else a, self._b if b is None else b, c)
        prompts = self.shared(*sides, only=self.near_ties if near else None)
        x = [score_greedy(*(side[p] for side in sides)).excess for p in prompts]
        gross = [score_gross(*(side[p] for side in sides), self._screen.get(p)) for p in prompts]
        tau = self.thresholds.tau_near_tie if near else self.thresholds.tau_greedy
        return replace(self._scores(x, tau), gross=np.array(gross))

    def sampled(self, c: Answers, prompts: Sequence[str] | None = None) -> Scores:
        """By texts at temperature 1: beside the reference's two under one seed (which may be the candidate's or not),
        and among the reference's draws under others."""
        a, b, others = self._pair[0], self._pair[1], self._others
        reach = self.thresholds.agreement_scale
        chosen = self.drawn_by(c) if prompts is None else prompts
        found = [score_sampled(a[p], b[p], c[p], [other[p] for other in others], reach) for p in chosen]
        return Scores(
            np.array([one.excess for one in found]),
            np.array([self.thresholds.tau_steady if p in STEADY else self.thresholds.tau_sampled for p in chosen]),
            self.thresholds,
            lean=np.array([one.lean for one in found]),
            strange=np.array([one.strange for one in found], dtype=float),
            steady=np.array([p in STEADY for p in chosen]),
        )

    def drawn_by(self, *answers: Answers) -> list[str]:
        """Prompts that all of these have, and all that the reference's draws need."""
        return sorted(self._prompts.intersection(*self._pair, *self._others, *answers))

    def noisy(self, c: Answers, chance: float, rng: np.random.Generator, *, too: bool) -> Scores:
        """Greedy texts where each ask of the reference (and of the candidate if ``too``) goes astray with a chance."""
        prompts = self.shared(self._b, c)
        found, gross = [], []
        for p in prompts:
            for _ in range(COPIES):
                a, b = self._astray(self._a[p], chance, rng), self._astray(self._b[p], chance, rng)
                own = self._astray(c[p], chance, rng) if too else c[p]
                found.append(score_greedy(a, b, own).excess)
                gross.append(score_gross(a, b, own, self._screen.get(p)))
        return replace(self._scores(found, self.thresholds.tau_greedy), gross=np.array(gross))

    def exchanged(self, pool: Sequence[Answers], rng: np.random.Generator, copies: int = 50) -> Scores:
        """A null with all the noise of a ladder: A, B and candidate are drawn from the pool anew for each prompt."""
        prompts = self.shared(*pool)
        found = []
        for p in prompts:
            for _ in range(copies):
                a, b, c = (pool[i][p] for i in rng.permutation(len(pool))[:3])
                found.append(score_greedy(a, b, c).excess)
        return self._scores(found, 0.0)

    def _scores(self, excess: Sequence[float], tau: float) -> Scores:
        return Scores(np.array(excess), np.full(len(excess), tau), self.thresholds)

    @staticmethod
    def _astray(facts: Facts, chance: float, rng: np.random.Generator) -> Facts:
        return Facts(f"{rng.random()} {facts.text}") if rng.random() < chance else facts


COPIES = 200
"""Noisy versions of each prompt's answers."""
