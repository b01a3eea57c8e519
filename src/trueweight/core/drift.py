"""Drift: evidence that a candidate's output distribution differs from the reference's by more than it may."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from trueweight.core.estimate import Estimate, six_digits

_Numbers = TypeVar("_Numbers", bound=msgspec.Struct)


class DriftVerdict(StrEnum):
    """What is decided of one candidate.

    DRIFT: it differs by more than honest engines do; `Drift.cause` says if another prompt explains it. EQUIVALENT: it
    differs by less. INCONCLUSIVE: too little was asked to tell, or the answers cannot be compared. MISCONFIGURED: its
    sampler changes the log-probabilities, so its weights cannot be judged.
    """

    DRIFT = "drift"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    MISCONFIGURED = "misconfigured"


class DriftGrade(StrEnum):
    """How large the difference is, in steps. DRIFT begins beyond LIKE_ENGINE."""

    INDISTINGUISHABLE = "indistinguishable"
    """Like another number format or another build of the reference's engine."""
    LIKE_ENGINE = "like-another-engine"
    """As honest engines with the same weights differ from each other."""
    LIKE_RUNG = "like-a-rung"
    """As a known file at lower precision does: ``rung`` of the ladder that the user recorded."""
    DIFFERENT = "different"
    """More than honest engines; there is no ladder to say like what."""
    ANOTHER_MODEL = "another-model"
    """More than any rung of the ladder."""


class DriftMode(StrEnum):
    """What of the answers is compared: log-probabilities of first tokens, greedy texts, or seeded samples."""

    LOGPROBS = "logprobs"
    GREEDY = "greedy"
    SAMPLED = "sampled"


class DriftFindingCode(StrEnum):
    """What else was seen of a candidate. Beside each code: the fields of `DriftFinding` that it fills."""

    # The first six show that it receives another prompt, or samples otherwise: see `Drift.cause`.
    PROMPTS_LONGER = "prompts-longer"
    """Every prompt has ``tokens`` more tokens than on the reference."""
    PROMPTS_SHORTER = "prompts-shorter"
    """Every prompt has fewer tokens than on the reference: ``tokens``, below 0."""
    PROMPT_LENGTHS_VARY = "prompt-lengths-vary"
    """Every prompt has another token count: the difference lies between ``tokens`` and ``most_tokens``."""
    TEMPERATURE = "temperature"
    """Its log-probabilities are ``factor`` times the reference's on every prompt, as ``temperature`` makes them."""
    TRUNCATED = "truncated"
    """Its log-probabilities are all ``nats`` higher than the reference's, as top-p, top-k or min-p makes them."""
    START_OF_TEXT = "start-of-text"
    """Every prompt has one token more or less than on the reference: ``tokens`` is 1 or -1."""
    COUNTED_OTHERWISE = "counted-otherwise"
    """Usage counts ``tokens`` more for every prompt, and the distributions show that it is the same prompt."""
    NO_COMMON_TOKENS = "no-common-tokens"
    """``count`` ``of`` prompts cannot be compared: its list and the reference's have no token in common."""
    FAR_ANSWERS = "far-answers"
    """``count`` ``of`` answers are several times further from the reference's than most of its answers are."""
    OLD_METHOD = "old-method"
    """Drift was measured by an earlier version, whose requests the present test cannot use."""
    PROMPT_LENGTHS_DIFFER = "prompt-lengths-differ"
    """``count`` ``of`` prompts have another token count than on the reference."""
    NO_LOGPROBS = "no-logprobs"
    """It sends no log-probabilities. Where it refused the request: ``why`` and ``detail``."""
    FEWER_LOGPROBS = "fewer-logprobs"
    """It refuses a request for ``of`` alternatives (``why``, ``detail``) and answers one for ``count``."""
    CAPPED_LOGPROBS = "capped-logprobs"
    """It shows ``count`` ``of`` the requested alternatives."""
    PROCESSED_LOGPROBS = "processed-logprobs"
    """Its log-probabilities depend on the requested temperature, and were compared at temperature 1."""
    WHITE_SPACE = "white-space"
    """``count`` ``of`` answers differ from the reference's only in white space at their ends."""
    EMPTY = "empty"
    """``count`` ``of`` answers are empty where the reference's are not."""
    REFUSED = "refused"
    """It refused ``count`` ``of`` prompts, the reference ``reference`` of them."""
    STOPPED = "stopped"
    """It stopped answering: ``why``."""
    REFERENCE_STOPPED = "reference-stopped"
    """The reference stopped answering: ``why``."""
    USAGE_MISSING = "usage-missing"
    """``count`` requests reported no usage; the cost does not include them."""
    DRAWS_RARELY_REPEAT = "draws-rarely-repeat"
    """The reference's draws rarely repeat, so how typical an answer is shows little."""
    SEEDS_DIFFER = "seeds-differ"
    """Its seeds do not reproduce the reference's draws, so equivalence cannot be shown."""
    TEXT = "text"
    """A sentence of a summary of an earlier version: ``text``."""


class DriftFinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was seen of a candidate, with its numbers. `DriftFindingCode` says which fields a code fills.

    Attributes:
        why: kind of failure, or ``http-400`` and the like.
        detail: what the provider wrote about it, as sent.
    """

    code: DriftFindingCode
    count: int | None = None
    of: int | None = None
    reference: int | None = None
    tokens: int | None = None
    most_tokens: int | None = None
    factor: float | None = None
    temperature: float | None = None
    nats: float | None = None
    why: str = ""
    detail: str = ""
    text: str = ""

    def rounded(self) -> DriftFinding:
        """The same with six significant digits."""
        return _rounded(self)


class DriftDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the effect is made of, over the compared prompts; ``…_floor``: the reference against itself
    (of log-probabilities in summaries of earlier versions only).

    Attributes:
        distance: log-probabilities: median difference of one answer to a request from the other side's, in nats.
        noise, noise_reference: log-probabilities: how far one side's answers to the same request scatter, in nats (root
            mean square of one answer); None if no request was repeated before the verdict.
        resolution: log-probabilities: the smallest systematic difference in nats that so many prompts at this noise
            tell from none.
        kl: log-probabilities: mean Kullback–Leibler divergence of the first token, in nats.
        top_differs: log-probabilities: share of answers with another most likely token.
        text_differs: texts: mean share of an answer's comparisons that differ.
        gross: greedy texts: share of prompts that differ where the reference had a large margin.
        typical: sampled texts: share of answers that occur among the reference's draws under other seeds.
    """

    distance: float | None = None
    distance_floor: float | None = None
    noise: float | None = None
    noise_reference: float | None = None
    resolution: float | None = None
    kl: float | None = None
    top_differs: float | None = None
    top_differs_floor: float | None = None
    text_differs: float | None = None
    text_differs_floor: float | None = None
    gross: float | None = None
    typical: float | None = None
    typical_floor: float | None = None

    def rounded(self) -> DriftDetails:
        """The same with six significant digits."""
        return _rounded(self)


class LadderRung(msgspec.Struct, frozen=True):
    """One precision of a recorded ladder, with its own effect in the same mode."""

    rung: str
    effect: Estimate


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one candidate against the reference.

    Attributes:
        mode: None if no prompt could be compared.
        e_value: against "it is an honest engine", whose difference is at most ``tau`` and, of texts, which departs from
            sure words or from the usual ones no more than is tolerated; 1/α or more is evidence at level α, at any
            stopping time.
        e_equal: the same against "there is no difference at all", which honest engines may well refute.
        tau: tolerance: nats (log-probabilities), or a mean excess (texts).
        effect: log-probabilities: the systematic difference in nats. Texts: mean excess of the candidate's distance
            from the reference over the reference's from itself, in [-½, 1]. With its confidence sequence.
        grade: None unless the verdict is DRIFT or EQUIVALENT.
        cause: what explains a DRIFT other than weights (another prompt), or shows that it is MISCONFIGURED.
        findings: what else was seen: capped logprobs, refusals, missing usage.
        requests: paid requests to the candidate, probes included; ``reference_requests`` are shared by all candidates.
        prompts: compared prompts; ``missing`` says why others could not be, by reason.
        cost: USD for the candidate's requests, as the server states it, else by its declared prices; None if unknown.
        rung, rungs: where a ladder is known, the nearest rung and all those it is consistent with, finest first.
        ladder: the known ladder, finest first.
        wealth: ``e_value`` after each compared prompt.
        details: the shares and distances that the effect is made of; all None if no prompt could be compared.
    """

    verdict: DriftVerdict
    mode: DriftMode | None
    e_value: float
    e_equal: float
    alpha: float
    tau: float
    effect: Estimate
    grade: DriftGrade | None = None
    cause: DriftFinding | None = None
    findings: tuple[DriftFinding, ...] = ()
    requests: int = 0
    reference_requests: int = 0
    prompts: int = 0
    missing: Mapping[str, int] = msgspec.field(default_factory=dict)
    cost: float | None = None
    rung: str | None = None
    rungs: tuple[str, ...] = ()
    ladder: tuple[LadderRung, ...] = ()
    wealth: tuple[float, ...] = ()
    details: DriftDetails = DriftDetails()

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
            cause=None if self.cause is None else self.cause.rounded(),
            findings=tuple(one.rounded() for one in self.findings),
            details=self.details.rounded(),
        )

    def as_json(self) -> dict[str, Any]:
        """The form of one provider in ``drift.json``."""
        found: dict[str, Any] = msgspec.to_builtins(self.rounded())
        return {**found, "rung_interval": [self.rungs[0], self.rungs[-1]] if self.rungs else None}


def _rounded(value: _Numbers) -> _Numbers:
    """A copy whose numbers have six significant digits."""
    fields = msgspec.structs.asdict(value).items()
    return msgspec.structs.replace(value, **{k: six_digits(v) for k, v in fields if isinstance(v, float)})
