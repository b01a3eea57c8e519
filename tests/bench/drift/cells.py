"""One recorded answer set per provider → scores per prompt, in each mode; and the noise that is added on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from resample import Floats, log_wealth
from samples import Answers, Samples

from trueweight.drift.facts import Facts
from trueweight.drift.near_ties import choose_near_ties
from trueweight.drift.scoring import score_greedy, score_logprobs, score_sampled
from trueweight.drift.thresholds import Thresholds


@dataclass(frozen=True)
class Scores:
    """Of one candidate, by prompt cluster.

    Attributes:
        excess: shape (clusters,).
        lean: sampled text only.
        tau: the tolerance.
    """

    excess: Floats
    tau: float
    lean: Floats | None = None
    tau_lean: float = 0.0

    def paths(self, which: np.ndarray) -> tuple[Floats, Floats]:
        """Log wealth against "no drift" and against "drift" after each prompt, for runs × prompts of clusters."""
        x = self.excess[which]
        drift, same = log_wealth(x, self.tau), log_wealth(x, self.tau, below=True)
        if self.lean is None:
            return drift, same
        lean = self.lean[which]
        farther = log_wealth(lean, self.tau_lean)
        closer = log_wealth(-lean, self.tau_lean, least=-1.0)
        return np.minimum(drift, np.logaddexp(closer, farther) - np.log(2)), same


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
        self.near_ties = choose_near_ties(self._screen)

    def shared(self, *answers: Answers, only: Sequence[str] | None = None) -> list[str]:
        """Prompts that all of them have."""
        keys = set(self._a if only is None else only).intersection(*answers)
        return sorted(keys & self._prompts)

    def logprobs(self, c: Answers, *, top: int = 20, a: Answers | None = None, b: Answers | None = None) -> Scores:
        """By the first token's distribution."""
        sides = [shorter(side, top) for side in (self._a if a is None else a, self._b if b is None else b, c)]
        scale = self.thresholds.logprob_scale
        x = [score_logprobs(*(side[p] for side in sides), scale).excess for p in self.shared(*sides)]
        return Scores(np.array(x), self.thresholds.tau_logprobs)

    def greedy(self, c: Answers, *, near: bool = False, a: Answers | None = None, b: Answers | None = None) -> Scores:
        """By texts at temperature 0, on all prompts or on the near-tie bank."""
        sides = (self._a if a is None else a, self._b if b is None else b, c)
        prompts = self.shared(*sides, only=self.near_ties if near else None)
        x = [score_greedy(*(side[p] for side in sides)).excess for p in prompts]
        return Scores(np.array(x), self.thresholds.tau_near_tie if near else self.thresholds.tau_greedy)

    def sampled(self, c: Answers) -> Scores:
        """By texts at temperature 1 under the same seeds."""
        a, b = self.samples["f16", "sampled-0", 0], self.samples["f16", "sampled-0", 1]
        return self.drawn([(a, b, c, self.samples["f16", "sampled-1", 0])])

    def drawn(self, sides: Sequence[tuple[Answers, Answers, Answers, Answers]]) -> Scores:
        """The same for any A, B, candidate and other seed."""
        found = []
        for a, b, c, other in sides:
            prompts = sorted(set(a) & set(b) & set(c) & set(other) & self._prompts)
            reach = self.thresholds.agreement_scale
            found += [score_sampled(a[p], b[p], c[p], other[p], reach) for p in prompts]
        return Scores(
            np.array([one.excess for one in found]),
            self.thresholds.tau_sampled,
            np.array([one.lean for one in found]),
            self.thresholds.tau_lean,
        )

    def noisy(self, c: Answers, chance: float, rng: np.random.Generator, *, too: bool) -> Scores:
        """Greedy texts where each ask of the reference (and of the candidate if ``too``) goes astray with a chance."""
        prompts = self.shared(self._b, c)
        copies = 200
        found = []
        for p in prompts:
            for _ in range(copies):
                a, b = self._astray(self._a[p], chance, rng), self._astray(self._b[p], chance, rng)
                own = self._astray(c[p], chance, rng) if too else c[p]
                found.append(score_greedy(a, b, own).excess)
        return Scores(np.array(found), self.thresholds.tau_greedy)

    def exchanged(self, pool: Sequence[Answers], mode: str, rng: np.random.Generator, copies: int = 50) -> Scores:
        """A null with all the noise of a ladder: A, B and candidate are drawn from the pool anew for each prompt."""
        prompts = self.shared(*pool)
        found = []
        for p in prompts:
            for _ in range(copies):
                a, b, c = (pool[i][p] for i in rng.permutation(len(pool))[:3])
                score = score_greedy(a, b, c) if mode == "greedy" else score_logprobs(a, b, c, 3 * NOISE)
                found.append(score.excess)
        return Scores(np.array(found), 0.0)

    @staticmethod
    def _astray(facts: Facts, chance: float, rng: np.random.Generator) -> Facts:
        return Facts(f"{rng.random()} {facts.text}") if rng.random() < chance else facts


NOISE = 0.07
"""Nats: the order of the pool's own noise, as `NoiseScale` would have learned it."""
