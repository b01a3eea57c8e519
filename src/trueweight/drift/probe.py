"""What a provider supports: log-probabilities, how many, and whether before or after its sampler.

The first probe is the first prompt's request, so it costs nothing extra if log-probabilities are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trueweight.core import DriftFinding, DriftFindingCode
from trueweight.drift.distance import logprob_distance
from trueweight.drift.facts import Facts, MissingReply
from trueweight.drift.script import RequestKind

REQUESTED_TOP = 20

PromptResult = Facts | MissingReply

_LEAST_SHIFT = 0.15
"""Nats by which log-probabilities must move between temperatures to be called processed; ten times any noise."""


@dataclass(frozen=True, slots=True)
class Support:
    """What a provider supports.

    Attributes:
        top: alternatives it lists for a token; 0 if it sends no log-probabilities.
        five_only: whether it refuses a request for 20 of them and answers one for 5.
        processed: whether they depend on the requested temperature.
        findings: what a reader should know of its log-probabilities.
    """

    top: int = 0
    five_only: bool = False
    processed: bool = False
    findings: tuple[DriftFinding, ...] = ()


def follow_up_probes(first: PromptResult) -> tuple[RequestKind, ...]:
    """The probes after the first one: fewer alternatives if it showed none, else another temperature."""
    if isinstance(first, Facts) and first.top:
        return (RequestKind.PROBE_HOT,)
    return (RequestKind.LOGPROBS_FIVE,)


def support_of(answers: Mapping[RequestKind, PromptResult]) -> Support:
    """Read the probes."""
    first = answers.get(RequestKind.LOGPROBS)
    if isinstance(first, Facts) and first.top:
        return _full(first, answers)
    five = answers.get(RequestKind.LOGPROBS_FIVE)
    lost = first if isinstance(first, MissingReply) else None
    why, detail = ("", "") if lost is None else (lost.why, lost.detail)
    if isinstance(five, Facts) and five.top:
        code = DriftFindingCode.FEWER_LOGPROBS
        refuses = DriftFinding(code=code, count=len(five.top), of=REQUESTED_TOP, why=why, detail=detail)
        return Support(len(five.top), five_only=True, findings=(refuses,))
    if lost is not None and not lost.refused:
        return Support()  # Without a response nothing is known about log-probabilities.
    return Support(findings=(DriftFinding(code=DriftFindingCode.NO_LOGPROBS, why=why, detail=detail),))


def _full(first: Facts, answers: Mapping[RequestKind, PromptResult]) -> Support:
    found = []
    if len(first.top) < REQUESTED_TOP:
        found.append(DriftFinding(code=DriftFindingCode.CAPPED_LOGPROBS, count=len(first.top), of=REQUESTED_TOP))
    processed = _processed(first, answers)
    if processed:
        found.append(DriftFinding(code=DriftFindingCode.PROCESSED_LOGPROBS))
    return Support(len(first.top), processed=processed, findings=tuple(found))


def _processed(first: Facts, answers: Mapping[RequestKind, PromptResult]) -> bool:
    """Whether the distribution moved with the temperature."""
    hot = answers.get(RequestKind.PROBE_HOT)
    return isinstance(hot, Facts) and bool(hot.top) and logprob_distance(first.top, hot.top) > _LEAST_SHIFT


@dataclass(slots=True)
class Spending:
    """The requests to one provider, and what they cost.

    Attributes:
        requests: attempts, retries included.
        cost: USD; None if no trial's cost is known.
        unknown: trials whose cost is not known and not in `cost`.
    """

    requests: int = 0
    cost: float | None = None
    unknown: int = 0

    def charge(self, usd: float | None, attempts: int) -> None:
        """Add one trial and its cost, None if that is not known."""
        self.requests += attempts
        if usd is None:
            self.unknown += 1
        else:
            self.cost = (self.cost or 0.0) + usd
