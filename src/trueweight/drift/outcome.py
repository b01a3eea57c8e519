"""The results of an investigation, candidate by candidate, as numbers."""

from __future__ import annotations

import math
from statistics import fmean, median

from msgspec.structs import replace

from trueweight.core import Drift, DriftDetails, DriftMode, DriftVerdict, Estimate, LadderRung
from trueweight.drift.betting import confidence_sequence
from trueweight.drift.candidate import CandidateTest
from trueweight.drift.findings import findings_of
from trueweight.drift.investigate import Investigation
from trueweight.drift.ladder import Ladder, depths_of, place

METHOD = "mean excess over prompts, 95% betting confidence sequence (holds at any stopping time)"


def drift_outcomes(found: Investigation, ladder: Ladder | None = None) -> dict[str, Drift]:
    """Provider → its result. Candidates without a verdict are inconclusive."""
    return {name: _outcome(found, candidate, ladder) for name, candidate in found.candidates.items()}


def effect_of(candidate: CandidateTest) -> Estimate:
    """Mean excess with its confidence sequence."""
    scores = [one.score.excess for one in candidate.scored]
    missing = dict(sorted(candidate.missing.items()))
    of = len(scores) + sum(candidate.missing.values())
    if not scores:
        return Estimate.not_applicable("difference", "no prompt could be compared", of=of)
    low, high = confidence_sequence(scores)
    return Estimate(fmean(scores), low, high, len(scores), "difference", METHOD, of=of, missing=missing)


def _outcome(found: Investigation, c: CandidateTest, ladder: Ladder | None) -> Drift:
    settings, name = found.settings, c.provider.name
    verdict = c.verdict or DriftVerdict.INCONCLUSIVE
    rungs = ladder.of(c.mode) if ladder else ()
    rung: str | None = None
    consistent: tuple[str, ...] = ()
    if verdict is not DriftVerdict.MISCONFIGURED and rungs and ladder:
        rung, consistent = place(depths_of(c), rungs, paired=ladder.seed == settings.seed)
    return Drift(
        verdict=verdict,
        mode=c.mode if c.scored else None,
        e_value=c.e_drift,
        e_equal=c.e_equal,
        alpha=settings.alpha,
        tau=c.tau,
        effect=effect_of(c),
        misconfiguration=c.misconfiguration.evidence if verdict is DriftVerdict.MISCONFIGURED else None,
        findings=findings_of(found, c),
        requests=found.spent[name].requests,
        reference_requests=found.spent[found.reference.name].requests,
        prompts=len(c.scored),
        missing=dict(sorted(c.missing.items())),
        cost=found.spent[name].cost(c.provider.price),
        rung=rung,
        rungs=consistent,
        ladder=tuple(LadderRung(one.name, one.effect) for one in rungs),
        wealth=tuple(c.wealth),
        details=details_of(c),
    )


def details_of(c: CandidateTest) -> DriftDetails:
    """The shares and distances that the effect is made of."""
    n = len(c.scored)
    if not n:
        return DriftDetails()
    distances = [min(one.score.distance, 100.0) for one in c.scored]
    floors = [min(one.score.floor, 100.0) for one in c.scored]
    if c.mode is DriftMode.LOGPROBS:
        compared = max(1, len(c.tally.kl))
        return DriftDetails(
            distance=median(distances),
            distance_floor=median(floors),
            kl=math.fsum(c.tally.kl) / compared,
            top_differs=c.tally.top_differs / compared,
            top_differs_floor=c.tally.top_differs_floor / compared,
        )
    texts = DriftDetails(text_differs=fmean(distances), text_differs_floor=fmean(floors))
    if c.mode is DriftMode.SAMPLED:
        return replace(texts, typical=c.tally.typical / n, typical_floor=c.tally.typical_floor / n)
    return replace(texts, gross=fmean(one.score.gross or 0.0 for one in c.scored))
