"""The sequential test of one candidate: takes the answers prompt by prompt; its e-values are valid after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from trueweight.core import DriftMode, DriftVerdict, Provider
from trueweight.drift.betting import EProcess
from trueweight.drift.distance import divergence
from trueweight.drift.evidence import DriftEvidence
from trueweight.drift.facts import Facts, alike
from trueweight.drift.gross import score_gross
from trueweight.drift.misconfiguration import LEAST_PROMPTS, MisconfigurationTest
from trueweight.drift.scoring import DriftScore, NoiseScale, score_greedy, score_logprobs, score_sampled
from trueweight.drift.thresholds import Thresholds

GIVE_UP_AFTER = 5
"""A provider that answers none of this many prompts in a row gets no further requests."""


class ScoredPrompt(NamedTuple):
    """One compared prompt: its score and its tolerance."""

    prompt: str
    score: DriftScore
    tau: float


@dataclass(slots=True)
class Tally:
    """Counts besides the scores, for the report."""

    kl: list[float] = field(default_factory=list)
    top_differs: int = 0
    top_differs_floor: int = 0
    raw_differs: int = 0
    empty: int = 0
    refused: int = 0
    refused_reference: int = 0
    typical: int = 0
    typical_floor: float = 0.0

    def add(self, a: Facts, b: Facts, c: Facts) -> None:
        """Count one prompt's answers."""
        self.empty += c.empty and not a.empty
        self.refused += c.refused
        self.refused_reference += a.refused
        self.raw_differs += c.text != a.text and c.plain == a.plain
        if a.top and b.top and c.top:
            self.kl.append(divergence(a.top, c.top))
            self.top_differs += a.top[0].key != c.top[0].key
            self.top_differs_floor += a.top[0].key != b.top[0].key

    def add_draws(self, c: Facts, draws: Sequence[Facts]) -> None:
        """Count the draws under other seeds: which texts of the set occur in it more than once?"""
        texts = Counter(text.plain for text in (c, *draws))
        self.typical += texts[c.plain] > 1
        self.typical_floor += sum(texts[draw.plain] > 1 for draw in draws) / len(draws)


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


class CandidateTest:
    """The sequential test of one candidate.

    Three e-processes run side by side. Their nulls are "the same model on another stack" (see `DriftEvidence`; reaching
    1/α means DRIFT), "it drifts by at least the tolerance" (EQUIVALENT), and "no difference at all". If the
    candidate's seeds are unrelated to the reference's, sampled texts never lead to EQUIVALENT: they show too little.
    """

    def __init__(self, provider: Provider, mode: DriftMode, thresholds: Thresholds, scale: NoiseScale) -> None:
        self.provider = provider
        self.mode = mode
        self.misconfiguration = MisconfigurationTest()
        self.tally = Tally()
        self.scored: list[ScoredPrompt] = []
        self.wealth: list[float] = []
        self.missing: Counter[str] = Counter()
        self.verdict: DriftVerdict | None = None
        self.dead = ""
        self._silent = 0
        self._thresholds = thresholds
        self._scale = scale
        self._evidence, self._same, self._equal = DriftEvidence(mode, thresholds), EProcess(below=True), EProcess()

    @property
    def e_drift(self) -> float:
        """The e-value against the null "the same model on another stack"."""
        return self._evidence.value

    @property
    def e_equal(self) -> float:
        """The e-value against the null "no excess at all"."""
        return self._equal.value

    @property
    def e_same(self) -> float:
        """The e-value against the null "drifts by at least the tolerance"."""
        return self._same.value

    @property
    def tau(self) -> float:
        """The mean tolerance of the compared prompts."""
        return sum(one.tau for one in self.scored) / len(self.scored) if self.scored else self._tau(PromptBank.NATURAL)

    @property
    def seeds_differ(self) -> bool:
        """Sampled text: whether its answers agree with the reference's no more than those of another seed do."""
        leans = [one.score.lean for one in self.scored]
        return bool(leans) and sum(leans) / len(leans) > -self._thresholds.tau_lean

    @property
    def has_enough_prompts(self) -> bool:
        """Whether enough prompts were compared to distinguish a misconfiguration from drift."""
        return len(self.scored) >= LEAST_PROMPTS

    def miss(self, why: str) -> None:
        """Count a prompt without an answer of this candidate."""
        self.missing[why] += 1
        self._silent += 1
        if self._silent >= GIVE_UP_AFTER:
            self.dead = why

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
        self._silent = 0
        written = a.text
        a, b, c, *draws = alike(a, b, c, *context.draws)
        # The margins of a settled answer belong to its whole text, thought included.
        context = ReferenceContext(context.settled if a.text == written else None, draws)
        self.misconfiguration.add(a, b, c)
        self.tally.add(a, b, c)
        if context.draws:
            self.tally.add_draws(c, context.draws)
        score, tau = self._score(a, b, c, context), self._tau(bank)
        self.scored.append(ScoredPrompt(prompt, score, tau))
        self._evidence.update(score, tau)
        self._same.update(score.excess, tau)
        self._equal.update(score.excess)
        self.wealth.append(self.e_drift)

    def _score(self, a: Facts, b: Facts, c: Facts, context: ReferenceContext) -> DriftScore:
        if self.mode is DriftMode.LOGPROBS:
            return score_logprobs(a, b, c, self._scale.value)
        if self.mode is DriftMode.SAMPLED and context.draws:
            return score_sampled(a, b, c, context.draws, self._thresholds.agreement_scale)
        return score_greedy(a, b, c)._replace(gross=score_gross(a, b, c, context.settled))

    def _tau(self, bank: PromptBank) -> float:
        found = self._thresholds
        if self.mode is DriftMode.LOGPROBS:
            return found.tau_logprobs
        if self.mode is DriftMode.SAMPLED:
            return found.tau_steady if bank is PromptBank.STEADY else found.tau_sampled
        return found.tau_near_tie if bank is PromptBank.NEAR_TIES else found.tau_greedy
