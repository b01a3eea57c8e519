"""Drift: evidence that a candidate's output distribution differs from the reference's by more than it may."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from trueweight.core.estimate import Estimate, six_digits


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


class LadderRung(msgspec.Struct, frozen=True):
    """One precision of a recorded ladder, with its own effect in the same mode."""

    rung: str
    effect: Estimate


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one candidate against the reference.

    Attributes:
        mode: None if no prompt could be compared.
        e_value: against "it is an honest stack", whose mean excess is at most ``tau`` and, of texts, which departs from
            sure words or from the usual ones no more than is tolerated; 1/α or more is evidence at level α, at any
            stopping time.
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
        ladder: the known ladder, finest first.
        wealth: ``e_value`` after each compared prompt.
        details: numbers behind the words, by name; those that end in ``_floor`` are the reference against itself.
    """

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
    missing: Mapping[str, int] = msgspec.field(default_factory=dict)
    cost: float | None = None
    rung: str | None = None
    rungs: tuple[str, ...] = ()
    ladder: tuple[LadderRung, ...] = ()
    wealth: tuple[float, ...] = ()
    details: Mapping[str, float] = msgspec.field(default_factory=dict)

    def rounded(self) -> Drift:
        """The same with six significant digits, as ``drift.json`` and ``summary.json`` hold it."""
        return msgspec.structs.replace(
            self,
            e_value=six_digits(self.e_value),
            e_equal=six_digits(self.e_equal),
            effect=self.effect.rounded(),
            cost=None if self.cost is None else six_digits(self.cost),
            ladder=tuple(LadderRung(one.rung, one.effect.rounded()) for one in self.ladder),
            wealth=tuple(map(six_digits, self.wealth)),
            details={name: six_digits(value) for name, value in self.details.items()},
        )

    def as_json(self) -> dict[str, Any]:
        """The form of one provider in ``drift.json``."""
        found: dict[str, Any] = msgspec.to_builtins(self.rounded())
        return {**found, "rung_interval": [self.rungs[0], self.rungs[-1]] if self.rungs else None}
