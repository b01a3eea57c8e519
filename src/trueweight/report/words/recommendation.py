"""A recommendation in a word, a mark, and the lines that open every report."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Final, NamedTuple

from trueweight.core.assessment import Assessment, LimitCode, ReasonCode, Recommendation
from trueweight.core.bar_outcome import Ruling
from trueweight.core.drift import DriftVerdict
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.report.words.reasons import short_reason

MARKS: Final = {
    Recommendation.REFERENCE: "—",
    Recommendation.USE: "✓",
    Recommendation.UNDECIDED: "?",
    Recommendation.AVOID: "✕",
}
DRIFT_WORDS: Final = {
    DriftVerdict.DRIFT: "drift",
    DriftVerdict.EQUIVALENT: "same",
    DriftVerdict.INCONCLUSIVE: "undecided",
    DriftVerdict.MISCONFIGURED: "not comparable",
}
_RULINGS: Final = {Ruling.PASS: "PASS", Ruling.FAIL: "FAIL", Ruling.INCONCLUSIVE: "undecided"}
_UNRELIABLE: Final = (ReasonCode.SUCCESS_LOW, ReasonCode.FIRST_ATTEMPTS_LOW)
_SAME: Final = (ReasonCode.DRIFT_EQUIVALENT,)


class Recommended(NamedTuple):
    """A provider of a summary with its recommendation in a word and a mark, and its reason in a few words."""

    name: str
    provider: ProviderSummary
    word: str
    mark: str
    reason: str

    @property
    def recommendation(self) -> Recommendation:
        """As assessed."""
        return self.provider.assessment.recommendation


class RecommendationLine(NamedTuple):
    """One line of the answer: its label, and the providers in it by the reason that they share."""

    recommendation: Recommendation
    mark: str
    label: str
    providers: tuple[tuple[tuple[str, ...], str], ...]


def word_of(assessment: Assessment) -> str:  # noqa: PLR0911 - one word for each case
    """The recommendation in one or two words."""
    first = assessment.reasons[0].code if assessment.reasons else ReasonCode.NOT_ASSESSED
    match assessment.recommendation:
        case Recommendation.REFERENCE:
            return "no answer" if first is ReasonCode.REFERENCE_SILENT else "reference"
        case _ if assessment.bar is not None and first is ReasonCode.BAR:
            return _RULINGS[assessment.bar.outcome]
        case Recommendation.USE:
            if assessment.has(ReasonCode.SLOWER):
                return "slower"
            if first is ReasonCode.WORKLOAD_MET:
                return "good enough"
            return "no drift" if assessment.has(*_SAME) else "no fault"
        case Recommendation.AVOID:
            if first in _UNRELIABLE:
                return "unreliable"
            return {ReasonCode.DRIFT: "drifted", ReasonCode.REQUIREMENT_BROKEN: "breaks MUST"}.get(first, "worse")
    return "feature missing" if first is ReasonCode.NOT_OFFERED else "undecided"


def ranked(summary: Summary) -> tuple[Recommended, ...]:
    """Every provider, best first."""
    found = ((name, summary.providers[name]) for name in summary.ranked())
    return tuple(
        Recommended(
            name,
            provider,
            word_of(provider.assessment),
            MARKS[provider.assessment.recommendation],
            short_reason(provider),
        )
        for name, provider in found
    )


def recommendation_lines(summary: Summary, providers: Sequence[Recommended]) -> tuple[RecommendationLine, ...]:
    """A line for each recommendation that a candidate has, in the order in which a reader wants them."""
    bar = any(provider.assessment.bar for provider in summary.providers.values())
    codes = {limit.code for limit in summary.limits}
    alone = LimitCode.ONLY_DRIFT in codes
    using = [one.provider for one in providers if one.recommendation is Recommendation.USE]
    labels = {
        Recommendation.USE: "Meets the bar" if bar else _use_label(using, codes),
        Recommendation.AVOID: "Fails the bar" if bar else "Not the same" if alone else "Avoid",
        Recommendation.UNDECIDED: "Undecided",
    }
    lines = (
        RecommendationLine(
            one, MARKS[one], label, _by_reason(found for found in providers if found.recommendation is one)
        )
        for one, label in labels.items()
    )
    return tuple(line for line in lines if line.providers)


def _use_label(using: Sequence[ProviderSummary], codes: Container[LimitCode]) -> str:
    """What the line of the providers to use says without a bar."""
    if using and all(one.assessment.has(ReasonCode.WORKLOAD_MET) for one in using):
        return "Good enough"
    if LimitCode.ONLY_DRIFT in codes:
        return "No drift"
    return "Use" if all(one.drift for one in using) and LimitCode.TOO_FEW_CASES not in codes else "No fault found"


def _by_reason(providers: Iterable[Recommended]) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Providers that share a reason are listed together, so that it is written once."""
    found: dict[str, tuple[str, ...]] = {}
    for one in providers:
        found[one.reason] = (*found.get(one.reason, ()), one.name)
    return tuple((names, reason) for reason, names in found.items())
