"""The sequential test of one candidate: takes the answers prompt by prompt; its e-values are valid after each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import NamedTuple

from trueweight.core import DriftMode, DriftVerdict, Provider
from trueweight.drift.facts import Facts
from trueweight.drift.prompt_and_sampler import LEAST_PROMPTS, PromptAndSamplerTest
from trueweight.drift.thresholds import Thresholds

GIVE_UP_AFTER = 5
"""A provider that answers none of this many prompts in a row gets no further requests."""


class ScoredPrompt(NamedTuple):
    """One compared prompt.

    Attributes:
        effect: what the effect is the mean of: a product in nats² (log-probabilities) or an excess (texts).
        distance: between candidate and reference, in the mode's own unit.
        floor: the same between the reference's two answers; texts only.
        gross: greedy texts: whether it differs where the reference had a large margin.
        lean: sampled texts: see `DriftScore`.
    """

    prompt: str
    effect: float
    distance: float
    floor: float = 0.0
    gross: float = 0.0
    lean: float = 0.0


class CandidateTest(ABC):
    """What the tests of all modes share.

    Attributes:
        scored: the compared prompts.
        wealth: the e-value for drift after each of them.
        missing: why others could not be compared, by reason.
        verdict: None until it is decided.
        dead: why it gets no further requests; empty if it does.
        decided_sampler: a sampler setting that explains the difference, once a verdict says so.
    """

    def __init__(self, provider: Provider, mode: DriftMode, thresholds: Thresholds) -> None:
        self.provider = provider
        self.mode = mode
        self.thresholds = thresholds
        self.prompt_and_sampler = PromptAndSamplerTest()
        self.scored: list[ScoredPrompt] = []
        self.wealth: list[float] = []
        self.missing: Counter[str] = Counter()
        self.verdict: DriftVerdict | None = None
        self.dead = ""
        self.empty = self.raw_differs = self.refused = self.refused_reference = 0
        self._silent = 0

    @property
    @abstractmethod
    def e_drift(self) -> float:
        """The e-value against the null "the same model on another engine"."""

    @property
    @abstractmethod
    def e_equal(self) -> float:
        """The e-value against the null "no difference at all"."""

    @property
    @abstractmethod
    def tau(self) -> float:
        """The tolerance: nats (log-probabilities), or a mean excess (texts)."""

    @abstractmethod
    def is_equivalent(self, alpha: float) -> bool:
        """Whether it is shown at level α that the difference is below the tolerance."""

    @property
    def has_enough_prompts(self) -> bool:
        """Whether enough prompts were compared to distinguish another prompt, or another sampler, from drift."""
        return len(self.scored) >= LEAST_PROMPTS

    def miss(self, why: str) -> None:
        """Count a prompt without an answer of this candidate."""
        self.missing[why] += 1
        self._silent += 1
        if self._silent >= GIVE_UP_AFTER:
            self.dead = why

    def _count(self, a: Facts, c: Facts) -> None:
        """Count what the report says besides the scores, of one answer that arrived."""
        self._silent = 0
        self.empty += c.empty and not a.empty
        self.refused += c.refused
        self.refused_reference += a.refused
        self.raw_differs += c.text != a.text and c.plain == a.plain
        self.prompt_and_sampler.add(a, c)
