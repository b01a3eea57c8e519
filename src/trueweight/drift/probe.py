"""What a provider supports: log-probabilities, how many, and whether before or after its sampler.

The first probe is the first prompt's request at temperature 0, so it costs nothing extra if log-probabilities are
compared as they are asked for there. Another at a high temperature shows whether they are those before the sampler. A
provider that refuses temperature 0 is asked at temperature 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from trueweight.core import DriftFinding, DriftFindingCode
from trueweight.drift.distance import logprob_distance
from trueweight.drift.facts import Facts, MissingReply, alike
from trueweight.drift.script import RequestKind

REQUESTED_TOP = 20

PromptResult = Facts | MissingReply

_LEAST_SHIFT = 0.15
"""Nats by which log-probabilities must move between temperatures to be called processed; ten times any noise."""


FIRST: Final = RequestKind.PLACES
_ORDER: Final = (RequestKind.PLACES, RequestKind.PLACES_FIVE, RequestKind.LOGPROBS, RequestKind.LOGPROBS_FIVE)
_HOT: Final = {
    RequestKind.PLACES: RequestKind.PROBE_HOT,
    RequestKind.PLACES_FIVE: RequestKind.PROBE_HOT_FIVE,
    RequestKind.LOGPROBS: RequestKind.PROBE_HOT,
}
"""Kind of probe → the same at a high temperature."""

_FIVE: Final = (RequestKind.PLACES_FIVE, RequestKind.LOGPROBS_FIVE)
_COLD: Final = (RequestKind.PLACES, RequestKind.PLACES_FIVE)

Probes = Mapping[RequestKind, PromptResult]


@dataclass(frozen=True, slots=True)
class Support:
    """What a provider supports.

    Attributes:
        top: alternatives it lists for a token; 0 if it sends no log-probabilities.
        five_only: whether it refuses a request for 20 of them and answers one for 5.
        cold: whether those at temperature 0 are the model's own.
        processed: whether they depend on the requested temperature.
        findings: what a reader should know of its log-probabilities.
    """

    top: int = 0
    five_only: bool = False
    cold: bool = False
    processed: bool = False
    findings: tuple[DriftFinding, ...] = ()


def next_probe(answers: Probes) -> RequestKind | None:
    """The probe that follows these; None if they suffice.

    Fewer alternatives if it showed none, then another temperature. Temperature 1 only if it refused 0: a provider that
    answers without log-probabilities has none.
    """
    shown = _shown(answers)
    if shown is not None:
        hot = _HOT.get(shown)
        return None if hot is None or hot in answers else hot
    refuses = all(isinstance(one, MissingReply) and one.refused for one in answers.values())
    return next((kind for kind in _ORDER if kind not in answers and (kind in _COLD or refuses)), None)


def support_of(answers: Probes) -> Support:
    """Read the probes."""
    shown = _shown(answers)
    lost = next((one for one in answers.values() if isinstance(one, MissingReply)), None)
    why, detail = ("", "") if lost is None else (lost.why, lost.detail)
    if shown is None:
        if lost is not None and not lost.refused:
            return Support()  # Without a response nothing is known about log-probabilities.
        return Support(findings=(DriftFinding(code=DriftFindingCode.NO_LOGPROBS, why=why, detail=detail),))
    first = answers[shown]
    assert isinstance(first, Facts)
    hot = answers.get(_HOT[shown]) if shown in _HOT else None
    processed = isinstance(hot, Facts) and bool(hot.top) and _shift(first, hot) > _LEAST_SHIFT
    # After a sampler at temperature 0 a single token is left.
    count = max(len(first.top), len(hot.top)) if processed and isinstance(hot, Facts) else len(first.top)
    found = []
    if shown in _FIVE:
        code = DriftFindingCode.FEWER_LOGPROBS
        found.append(DriftFinding(code=code, count=count, of=REQUESTED_TOP, why=why, detail=detail))
    elif count < REQUESTED_TOP:
        found.append(DriftFinding(code=DriftFindingCode.CAPPED_LOGPROBS, count=count, of=REQUESTED_TOP))
    if processed:
        found.append(DriftFinding(code=DriftFindingCode.PROCESSED_LOGPROBS))
    return Support(count, shown in _FIVE, shown in _COLD and not processed, processed, tuple(found))


def logprob_kind(sides: Sequence[Support]) -> RequestKind:
    """The request for log-probabilities that all of these support: at temperature 0 if each shows its own there."""
    five = any(one.five_only for one in sides)
    if all(one.cold for one in sides):
        return RequestKind.PLACES_FIVE if five else RequestKind.PLACES
    return RequestKind.LOGPROBS_FIVE if five else RequestKind.LOGPROBS


def _shown(answers: Probes) -> RequestKind | None:
    """The first kind of probe that brought log-probabilities."""
    return next((kind for kind in _ORDER if isinstance(one := answers.get(kind), Facts) and one.top), None)


def _shift(first: Facts, hot: Facts) -> float:
    """The distance in nats of two answers' distributions at the same place."""
    one, other = alike(first, hot)
    return logprob_distance(one.top, other.top)


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
