"""The test of a candidate by texts: at temperature 0, or drawn at temperature 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum, auto
from statistics import fmean
from typing import NamedTuple

from trueweight.core import DriftMode, Provider
from trueweight.drift.betting import EProcess
from trueweight.drift.candidate import CandidateTest, ScoredPrompt
from trueweight.drift.evidence import DriftEvidence
from trueweight.drift.facts import Facts, alike
from trueweight.drift.gross import score_gross
from trueweight.drift.scoring import DriftScore, score_greedy, score_sampled
from trueweight.drift.thresholds import Thresholds


class ReferenceContext(NamedTuple):
    """Further answers of the reference to a prompt, besides the two that the candidate's is compared with.

    Attributes:
        settled: greedy: an answer with the margin of each token; None if it has no margins.
        draws: sampled: texts under other seeds.
    """

    settled: Facts | None = None
    draws: Sequence[Facts] = ()


NO_CONTEXT = ReferenceContext()


class PromptBank(Enum):
    """The source of a prompt. Tolerances differ between sources; near ties are a selection of the natural prompts."""

    NATURAL = auto()
    NEAR_TIES = auto()
    STEADY = auto()


class TextTest(CandidateTest):
    """The sequential test of one candidate's texts.

    Three e-processes run side by side. Their nulls are "it differs as honest engines do" (see `DriftEvidence`; reaching
    1/α means DRIFT), "it drifts by at least the tolerance" (EQUIVALENT), and "no difference at all". If the
    candidate's seeds are unrelated to the reference's, sampled texts never lead to EQUIVALENT: they show too little.
    """

    def __init__(self, provider: Provider, mode: DriftMode, thresholds: Thresholds) -> None:
        super().__init__(provider, mode, thresholds)
        self.typical = 0
        self.typical_floor = 0.0
        self._taus: list[float] = []
        self._evidence, self._same, self._equal = DriftEvidence(mode, thresholds), EProcess(below=True), EProcess()

    @property
    def e_drift(self) -> float:
        """See `CandidateTest`."""
        return self._evidence.value

    @property
    def e_equal(self) -> float:
        """See `CandidateTest`."""
        return self._equal.value

    @property
    def tau(self) -> float:
        """The mean tolerance of the compared prompts."""
        return fmean(self._taus) if self._taus else self._tau(PromptBank.NATURAL)

    @property
    def seeds_differ(self) -> bool:
        """Sampled text: whether its answers agree with the reference's no more than those of another seed do."""
        return bool(self.scored) and fmean(one.lean for one in self.scored) > -self.thresholds.tau_lean

    def is_equivalent(self, alpha: float) -> bool:
        """Whether the mean excess is shown to be below the tolerance."""
        return self._same.value >= 1.0 / alpha

    def take(
        self,
        prompt: str,
        a: Facts,
        b: Facts,
        c: Facts,
        *,
        context: ReferenceContext = NO_CONTEXT,
        bank: PromptBank = PromptBank.NATURAL,
    ) -> None:
        """Score one prompt: the reference's two answers, the candidate's, and the reference's further answers."""
        written = a.text
        a, b, c, *draws = alike(a, b, c, *context.draws)
        # The margins of a settled answer belong to its whole text, thought included.
        context = ReferenceContext(context.settled if a.text == written else None, draws)
        self._count(a, c)
        if context.draws:
            self._count_draws(c, context.draws)
        score, tau = self._score(a, b, c, context), self._tau(bank)
        self.scored.append(
            ScoredPrompt(prompt, score.excess, score.distance, score.floor, score.gross or 0.0, score.lean)
        )
        self._taus.append(tau)
        self._evidence.update(score, tau)
        self._same.update(score.excess, tau)
        self._equal.update(score.excess)
        self.wealth.append(self.e_drift)

    def _count_draws(self, c: Facts, draws: Sequence[Facts]) -> None:
        """Count the draws under other seeds: which texts of the set occur in it more than once?"""
        texts = Counter(text.plain for text in (c, *draws))
        self.typical += texts[c.plain] > 1
        self.typical_floor += sum(texts[draw.plain] > 1 for draw in draws) / len(draws)

    def _score(self, a: Facts, b: Facts, c: Facts, context: ReferenceContext) -> DriftScore:
        if self.mode is DriftMode.SAMPLED and context.draws:
            return score_sampled(a, b, c, context.draws, self.thresholds.agreement_scale)
        return score_greedy(a, b, c)._replace(gross=score_gross(a, b, c, context.settled))

    def _tau(self, bank: PromptBank) -> float:
        found = self.thresholds
        if self.mode is DriftMode.SAMPLED:
            return found.tau_steady if bank is PromptBank.STEADY else found.tau_sampled
        return found.tau_near_tie if bank is PromptBank.NEAR_TIES else found.tau_greedy
