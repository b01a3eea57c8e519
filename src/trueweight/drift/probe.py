"""What a provider supports: log-probabilities, how many, and whether before or after its sampler.

The first probe is the first prompt's own request, so that it costs nothing where log-probabilities are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trueweight.drift.distance import logprob_distance
from trueweight.drift.facts import Facts, Missing
from trueweight.drift.script import Kind

ASKED = 20

Answer = Facts | Missing

_MOVED = 0.15
"""Nats by which log-probabilities must move between temperatures to be called processed; ten times any noise."""


@dataclass(frozen=True, slots=True)
class Support:
    """What a provider supports.

    Attributes:
        top: alternatives it lists for a token; 0 if it sends no log-probabilities.
        five_only: whether it refuses a request for 20 of them and answers one for 5.
        processed: whether they depend on the temperature asked for.
        findings: what is worth telling of it.
    """

    top: int = 0
    five_only: bool = False
    processed: bool = False
    findings: tuple[str, ...] = ()


def second_questions(first: Answer) -> tuple[Kind, ...]:
    """What to ask after the first probe: fewer alternatives if it was of no use, else another temperature."""
    if isinstance(first, Facts) and first.top:
        return (Kind.PROBE_HOT,)
    return (Kind.LOGPROBS_FIVE,)


def support_of(answers: Mapping[Kind, Answer]) -> Support:
    """Read the probes."""
    first = answers.get(Kind.LOGPROBS)
    if isinstance(first, Facts) and first.top:
        return _full(first, answers)
    five = answers.get(Kind.LOGPROBS_FIVE)
    refusal = f" ({first.why}: {first.detail})" if isinstance(first, Missing) else ""
    if isinstance(five, Facts) and five.top:
        note = f"refuses top_logprobs = {ASKED}{refusal} and answers 5"
        return Support(len(five.top), five_only=True, findings=(note,))
    if isinstance(first, Missing) and not first.why.startswith("http-"):
        return Support()  # It said nothing at all; that is no news about log-probabilities.
    return Support(findings=(f"sends no log-probabilities{refusal}",))


def _full(first: Facts, answers: Mapping[Kind, Answer]) -> Support:
    notes = []
    if len(first.top) < ASKED:
        notes.append(f"shows {len(first.top)} of the {ASKED} alternatives asked for")
    processed = _processed(first, answers)
    if processed:
        notes.append(
            "its log-probabilities change with the temperature asked for: they are taken after the sampler, and were "
            "compared at temperature 1"
        )
    return Support(len(first.top), processed=processed, findings=tuple(notes))


def _processed(first: Facts, answers: Mapping[Kind, Answer]) -> bool:
    """Whether the distribution moved with the temperature."""
    hot = answers.get(Kind.PROBE_HOT)
    return isinstance(hot, Facts) and bool(hot.top) and logprob_distance(first.top, hot.top) > _MOVED
