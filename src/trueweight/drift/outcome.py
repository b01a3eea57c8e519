"""The results of an investigation, candidate by candidate, as numbers."""

from __future__ import annotations

import math
from statistics import fmean, median
from typing import Final

from trueweight.core import Drift, DriftDetails, DriftFinding, DriftGrade, DriftMode, DriftVerdict, Estimate, LadderRung
from trueweight.drift.betting import confidence_sequence
from trueweight.drift.by_logprobs import LogprobTest
from trueweight.drift.by_texts import TextTest
from trueweight.drift.candidate import CandidateTest
from trueweight.drift.findings import findings_of
from trueweight.drift.investigate import Investigation
from trueweight.drift.ladder import Ladder, depths_of, place

METHOD_NATS: Final = (
    "root of the mean product of differences in two variants of a question at the places that the answers have in "
    "common, no question counted as more than five times the mean; asymptotic 95% confidence sequence (holds at any "
    "stopping time)"
)
METHOD_TEXTS: Final = "mean excess over prompts, 95% betting confidence sequence (holds at any stopping time)"


def drift_outcomes(found: Investigation, ladder: Ladder | None = None) -> dict[str, Drift]:
    """Provider → its result. Candidates without a verdict are inconclusive."""
    return {name: _outcome(found, candidate, ladder) for name, candidate in found.candidates.items()}


def effect_of(c: CandidateTest) -> Estimate:
    """How far the candidate is from the reference: in nats by log-probabilities, else a mean excess."""
    missing = dict(sorted(c.missing.items()))
    of = len(c.scored) + sum(c.missing.values())
    unit = "nats" if isinstance(c, LogprobTest) else "difference"
    if not c.scored:
        return Estimate.not_applicable(unit, "no prompt could be compared", of=of)
    if isinstance(c, LogprobTest):
        nats, low, high, _ = c.difference
        most = None if math.isinf(high) else high
        return Estimate(nats, low, most, len(c.scored), unit, METHOD_NATS, of=of, missing=missing)
    scores = [one.effect for one in c.scored]
    low, high = confidence_sequence(scores)
    return Estimate(fmean(scores), low, high, len(scores), unit, METHOD_TEXTS, of=of, missing=missing)


def _outcome(found: Investigation, c: CandidateTest, ladder: Ladder | None) -> Drift:
    settings, name = found.settings, c.provider.name
    verdict = c.verdict or DriftVerdict.INCONCLUSIVE
    rungs = ladder.of(c.mode) if ladder else ()
    rung: str | None = None
    consistent: tuple[str, ...] = ()
    cause = _cause(c)
    if verdict in (DriftVerdict.DRIFT, DriftVerdict.INCONCLUSIVE) and cause is None and rungs and ladder:
        rung, consistent = place(depths_of(c), rungs, paired=ladder.seed == settings.seed)
    effect = effect_of(c)
    return Drift(
        verdict=verdict,
        mode=c.mode if c.scored else None,
        e_value=c.e_drift,
        e_equal=c.e_equal,
        alpha=settings.alpha,
        tau=c.tau,
        effect=effect,
        grade=_grade(c, effect, rung),
        cause=cause,
        findings=findings_of(found, c),
        requests=found.spent[name].requests,
        reference_requests=found.spent[found.reference.name].requests,
        prompts=len(c.scored),
        missing=dict(sorted(c.missing.items())),
        cost=found.spent[name].cost,
        rung=rung,
        rungs=consistent,
        ladder=tuple(LadderRung(one.name, one.effect) for one in rungs),
        wealth=tuple(c.wealth),
        details=details_of(c),
    )


def _cause(c: CandidateTest) -> DriftFinding | None:
    """What explains the difference other than weights: another prompt, or a sampler."""
    if c.verdict is DriftVerdict.MISCONFIGURED:
        return c.prompt_and_sampler.sampler
    return c.prompt_and_sampler.other_prompt if c.verdict is DriftVerdict.DRIFT else None


def _grade(c: CandidateTest, effect: Estimate, rung: str | None) -> DriftGrade | None:
    if c.verdict is DriftVerdict.EQUIVALENT:
        close = isinstance(c, LogprobTest) and (effect.high or 0.0) < c.thresholds.indistinguishable
        return DriftGrade.INDISTINGUISHABLE if close else DriftGrade.LIKE_ENGINE
    if c.verdict is not DriftVerdict.DRIFT:
        return None
    if isinstance(c, LogprobTest) and (effect.low or 0.0) > c.thresholds.another_model:
        return DriftGrade.ANOTHER_MODEL
    return DriftGrade.DIFFERENT if rung is None else DriftGrade.LIKE_RUNG


def details_of(c: CandidateTest) -> DriftDetails:
    """The shares and distances that the effect is made of."""
    n = len(c.scored)
    if not n:
        return DriftDetails()
    if isinstance(c, LogprobTest):
        resolution = c.difference.resolution
        return DriftDetails(
            distance=median(min(one.distance, 100.0) for one in c.scored),
            noise=c.noise,
            noise_reference=c.noise_reference,
            resolution=None if math.isinf(resolution) else resolution,
            kl=fmean(c.kl),
            top_differs=c.top_differs / len(c.kl),
        )
    texts = {"text_differs": fmean(one.distance for one in c.scored)}
    texts["text_differs_floor"] = fmean(one.floor for one in c.scored)
    if isinstance(c, TextTest) and c.mode is DriftMode.SAMPLED:
        return DriftDetails(**texts, typical=c.typical / n, typical_floor=c.typical_floor / n)
    return DriftDetails(**texts, gross=fmean(one.gross for one in c.scored))
