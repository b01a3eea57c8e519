"""Drift: evidence that a candidate's output distribution differs from the reference's by more than it may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trueweight.core.estimate import Estimate


class DriftVerdict(StrEnum):
    """What is decided of one candidate.

    DRIFT: it differs by more than honest stacks do. EQUIVALENT: it differs by less. INCONCLUSIVE: too little was asked
    to tell. MISCONFIGURED: it was not asked the same thing, or samples otherwise, so its weights cannot be judged.
    """

    DRIFT = "drift"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    MISCONFIGURED = "misconfigured"


class DriftMode(StrEnum):
    """What of the answers is compared: the first token's log-probabilities, greedy texts, or seeded samples."""

    LOGPROBS = "logprobs"
    GREEDY = "greedy"
    SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class Drift:
    """What is known of one candidate against the reference.

    Attributes:
        mode: None if no prompt could be compared.
        e_value: against "it is an honest stack", whose mean excess is at most ``tau`` and, of texts, which departs from
            sure words or from the usual ones no more than is tolerated; 1/α or more is evidence at level α, whenever
            one looks.
        e_equal: the same against "there is no difference at all", which honest stacks may well refute.
        tau: tolerated mean excess.
        effect: mean excess of the candidate's distance from the reference over the reference's from itself, in [-½, 1],
            with its confidence sequence.
        words: the effect, and what led to the verdict, in sentences for people.
        findings: other things noticed, in sentences: sampler, capped logprobs, refusals.
        requests: paid requests to the candidate, probes included; ``reference_requests`` are shared by all candidates.
        prompts: compared prompts; ``missing`` says why others could not be, by reason.
        cost: USD for the candidate's requests by its declared prices; None if unknown.
        rung, rungs: where a ladder is known, the nearest rung and all those it is consistent with, finest first.
        ladder: the known ladder, finest first: each rung with its own effect in the same mode.
        wealth: ``e_value`` after each compared prompt.
        details: numbers behind the words, by name.
    """

    provider: str
    verdict: DriftVerdict
    mode: DriftMode | None
    e_value: float
    e_equal: float
    alpha: float
    tau: float
    effect: Estimate
    words: str
    findings: tuple[str, ...] = ()
    requests: int = 0
    reference_requests: int = 0
    prompts: int = 0
    missing: tuple[tuple[str, int], ...] = ()
    cost: float | None = None
    rung: str | None = None
    rungs: tuple[str, ...] = ()
    ladder: tuple[tuple[str, Estimate], ...] = ()
    wealth: tuple[float, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The form that ``drift.json`` and ``summary.json`` hold."""
        return {
            "verdict": self.verdict.value,
            "mode": self.mode.value if self.mode else None,
            "e_value": _short(self.e_value),
            "e_equal": _short(self.e_equal),
            "alpha": self.alpha,
            "tau": self.tau,
            "effect": self.effect.as_json(),
            "words": self.words,
            "findings": list(self.findings),
            "requests": self.requests,
            "reference_requests": self.reference_requests,
            "prompts": self.prompts,
            "missing": dict(self.missing),
            "cost": None if self.cost is None else _short(self.cost),
            "rung": self.rung,
            "rung_interval": [self.rungs[0], self.rungs[-1]] if self.rungs else None,
            "rungs": list(self.rungs),
            "ladder": [{"rung": rung, "effect": effect.as_json()} for rung, effect in self.ladder],
            "wealth": [_short(value) for value in self.wealth],
            "details": {name: _short(value) for name, value in sorted(self.details.items())},
        }


def _short(value: float) -> float:
    """Six significant digits, as estimates have."""
    return float(f"{value:.6g}")
