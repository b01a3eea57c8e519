"""The recommendation, use, avoid or undecided, and its reasons: decided here, once, for every format and exit code.

A bar decides where there is one. Where there is none, a candidate is compared with the reference, paired by case, or,
if the run has no reference, with the other candidates; what counts as beyond chance is in
`trueweight.assess.significance`. A recommendation to use a provider means that no fault was found although a fault of
10 points would probably have been; only drift can show that it serves the same model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scipy.special import expit, logit, ndtri

from trueweight.assess.observations import (
    LITTLE_SEEN,
    broken,
    cases_reason,
    drift_reason,
    explains_loss,
    metric_reason,
    never_answered,
    not_offered,
    nothing_found,
    observe,
    refused_all,
    suspects,
)
from trueweight.assess.significance import MATTERS, Against, ProviderTests, slower, unseen_share
from trueweight.assess.workload import workload_reason
from trueweight.core import SEVERE, DriftVerdict, Estimate, FailureKind, Ruling, Severity
from trueweight.core.assessment import Blame, Reason, ReasonCode, Recommendation
from trueweight.core.bar_outcome import BarOutcome
from trueweight.core.exchange import TIMEOUTS
from trueweight.core.observation import OPTIONAL_FEATURES
from trueweight.core.summary import ProviderSummary, Summary
from trueweight.statistics.multiple_testing import share_of_alpha
from trueweight.statistics.resample import CONFIDENCE

RELIABLE: Final = 0.95
"""A provider whose success rate is surely below this is to be avoided, whatever its replies say."""
FIRST_TRY: Final = 0.9
"""The same for first attempts: one that surely fails more than one in ten makes each client write retries."""
FEW: Final = 0.1
"""Cases are too few if more than this share of them could fail unseen (exact 95% limit of none in n)."""

HALF: Final = 0.5
"""Without a reference, a provider of which fewer replies than this share meet the MUST requirements is not cleared."""

_BY_BAR: Final = {
    Ruling.PASS: Recommendation.USE,
    Ruling.FAIL: Recommendation.AVOID,
    Ruling.INCONCLUSIVE: Recommendation.UNDECIDED,
}
TRANSPORT: Final = frozenset(
    {
        ReasonCode.NEVER_ANSWERED,
        ReasonCode.SUCCESS_LOW,
        ReasonCode.SUCCESS_UNCERTAIN,
        ReasonCode.FIRST_ATTEMPTS_LOW,
        ReasonCode.FIRST_ATTEMPTS_UNCERTAIN,
    }
)
_BY_KIND: Final = frozenset({ReasonCode.NEVER_ANSWERED, ReasonCode.SUCCESS_LOW, ReasonCode.SUCCESS_UNCERTAIN})
"""Of these, the reason's ``failures`` are the failures that decide; first attempts may have failed of other kinds."""
_OF_CLIENT: Final = frozenset({FailureKind.AUTH, FailureKind.PROXY, FailureKind.CLIENT_LIMIT})
"""The key, the proxy and this machine are the user's, on this side of the connection."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A recommendation with its reasons, the decisive one first."""

    recommendation: Recommendation
    reasons: tuple[Reason, ...]


def _decide(recommendation: Recommendation, *reasons: Reason) -> Decision:
    return Decision(recommendation, reasons)


def has_answered(summary: Summary, name: str | None) -> bool:
    """Whether replies of a provider arrived, most of them with an answer to judge, and not all of them refusals. Where
    only drift was measured, each named provider counts as one."""
    if name is None or not summary.run.cases:
        return name is not None
    provider = summary.providers[name]
    counts = provider.counts
    if counts.arrived <= 2 * counts.cut_in_thought or refuses_all(provider):
        return False
    return not is_unjudgeable(provider) and not fails_all(summary, name)


def refuses_all(provider: ProviderSummary) -> bool:
    """Whether replies of a provider arrived, and each of them is a refusal of the request."""
    rate = provider.metrics.get("success_rate")
    return bool(provider.counts.arrived) and rate is not None and rate.value == 0


def is_unjudgeable(provider: ProviderSummary) -> bool:
    """Whether replies of a provider arrived, and most have no answer, or none meets the MUST requirements: they are
    empty, malformed, refusals or of a kind that no check judges. As a reference it is no measure of others."""
    counts, rate = provider.counts, provider.metrics.get("must_pass_rate")
    if not counts.arrived:
        return False
    return counts.arrived <= 2 * counts.without_answer or (rate is not None and not rate.value)


def fails_all(summary: Summary, name: str) -> bool:
    """Whether a provider passes no trial of any case with weight, although it was judged: no other can be worse."""
    rows = (case for case in summary.cases if case.severity in SEVERE)
    cells = [cell.compared or (cell.passed, cell.of) for case in rows for cell in case.modes(name).values()]
    return any(of for _, of in cells) and not any(passed for passed, _ in cells)


def recommend(summary: Summary, name: str, bar: BarOutcome | None, tests: ProviderTests) -> Decision:
    """What is recommended of one provider, and why.

    Args:
        tests: what the comparisons of this provider found.
    """
    provider = summary.providers[name]
    named = summary.run.reference
    reference = named if has_answered(summary, named) else None
    if name == named and (bar is None or bar.outcome is Ruling.PASS):
        code = ReasonCode.REFERENCE if reference else ReasonCode.REFERENCE_SILENT
        return _decide(Recommendation.REFERENCE, Reason(code=code, of=provider.counts.recorded))
    if provider.setup_fault is not None:
        return _decide(Recommendation.UNDECIDED, Reason(code=ReasonCode.SETUP_FAULT, blame=Blame.CLIENT))
    if bar is not None:
        ok = bar.outcome is Ruling.PASS
        seen = () if ok else _faults(provider, summary.self_agreement, tests)
        return _decide(_BY_BAR[bar.outcome], Reason(code=ReasonCode.BAR), *seen)
    found = _by_availability(provider, len(summary.providers))
    if found is None and summary.run.cases:
        found = _by_reference(summary, provider, tests) if reference else _by_others(provider, tests)
        if not reference and named is not None and found.recommendation is not Recommendation.AVOID:
            found = _decide(Recommendation.UNDECIDED, Reason(code=ReasonCode.REFERENCE_NOT_COMPARED), *found.reasons)
    found = found or _decide(Recommendation.USE, Reason(code=ReasonCode.NOTHING_FOUND, count=0))
    found = _if_enough(_with_drift(found, provider), provider, summary.run.cases)
    return _with_features(_with_workload(found, provider), provider)


def _with_workload(found: Decision, provider: ProviderSummary) -> Decision:
    """The decision with the answers to the workload taken into account: they are what the user asked for, so they
    decide where nothing speaks against the provider."""
    reason = workload_reason(provider)
    if reason is None or found.recommendation in (Recommendation.AVOID, Recommendation.REFERENCE):
        return found
    before = tuple(one for one in found.reasons if one.code not in LITTLE_SEEN)
    if reason.code is ReasonCode.WORKLOAD_FAILS:
        return _decide(Recommendation.AVOID, reason, *before)
    if reason.code is ReasonCode.WORKLOAD_OPEN:
        return _decide(Recommendation.UNDECIDED, reason, *before)
    if found.recommendation is Recommendation.USE or not before:
        return _decide(Recommendation.USE, reason, *before)
    return found


def _faults(
    provider: ProviderSummary, self_agreement: Mapping[str, Estimate], tests: ProviderTests
) -> tuple[Reason, ...]:
    """The broken requirements among what was seen, with the lost requests before them."""
    if not provider.findings:
        return ()
    codes = (ReasonCode.REQUIREMENT_BROKEN, ReasonCode.REQUESTS_LOST, ReasonCode.RETRIES_NEEDED)
    seen = observe(provider, self_agreement, tests)
    return tuple(reason for reason in seen if reason.code in codes)


def _by_availability(provider: ProviderSummary, providers: int) -> Decision | None:
    """A decision on lost requests; None if there are few.

    Args:
        providers: of the run. That any of them is called unreliable by chance has a probability of 5% at most.
    """
    rate = provider.metrics.get("success_rate")
    first = provider.metrics.get("first_attempt_success_rate")
    if rate is not None and rate.value is not None and rate.value < RELIABLE:
        if rate.value == 0:
            silent = not provider.counts.arrived
            return _decide(Recommendation.UNDECIDED, never_answered(provider) if silent else refused_all(provider))
        sure = _corrected_high(rate, providers) < RELIABLE
        reason = Reason(
            code=ReasonCode.SUCCESS_LOW if sure else ReasonCode.SUCCESS_UNCERTAIN,
            metric="success_rate",
            estimate=rate,
            bound=RELIABLE,
            failures=dict(provider.failures),
        )
        cause = explains_loss(provider)
        reasons = (reason,) if cause is None else (broken(cause), reason)
        return _decide(Recommendation.AVOID if sure else Recommendation.UNDECIDED, *reasons)
    if first is None or (first.value or 1) >= FIRST_TRY:
        return None
    sure = _corrected_high(first, providers) < FIRST_TRY
    reason = Reason(
        code=ReasonCode.FIRST_ATTEMPTS_LOW if sure else ReasonCode.FIRST_ATTEMPTS_UNCERTAIN,
        metric="first_attempt_success_rate",
        estimate=first,
        bound=FIRST_TRY,
        share=None if rate is None else rate.value,
        failures=dict(provider.failures),
    )
    return _decide(Recommendation.AVOID if sure else Recommendation.UNDECIDED, reason)


def _corrected_high(found: Estimate, providers: int) -> float:
    """The upper limit of a proportion at a confidence that holds for all providers together (Bonferroni): the distance
    from the value, in log odds, grows with the quantile of the normal distribution."""
    if found.high is None or found.value is None or not 0 < found.value < found.high < 1:
        return 1.0 if found.high is None else found.high
    wider = max(1.0, float(ndtri(1 - share_of_alpha(providers)) / ndtri((1 + CONFIDENCE) / 2)))
    value, high = logit(found.value), logit(found.high)
    return float(expit(value + wider * (high - value)))


def _by_others(provider: ProviderSummary, tests: ProviderTests) -> Decision:
    """Without a reference: a MUST check that no model can break decides, then the comparison with the others."""
    failing = [finding for finding in provider.findings if finding.severity is Severity.MUST]
    certain = [finding for finding in failing if finding.certain]
    if certain:
        return _decide(Recommendation.AVOID, *(broken(finding) for finding in certain))
    uncertain = [broken(finding, ReasonCode.REQUIREMENT_UNCERTAIN) for finding in failing]
    if tests.cases is not None:
        found = _among_others(tests)
        # Not worse than others whose replies are mostly not valid either: nothing shows which part is at fault.
        rate = provider.metrics.get("must_pass_rate")
        invalid = rate is not None and (rate.value or 0.0) < HALF
        if uncertain and invalid and found.recommendation is Recommendation.USE:
            return _decide(Recommendation.UNDECIDED, *uncertain)
        return found
    if not failing:
        return _decide(Recommendation.USE, Reason(code=ReasonCode.NOTHING_FOUND, count=0))
    return _decide(Recommendation.UNDECIDED, *uncertain)


def _among_others(tests: ProviderTests) -> Decision:
    pair = tests.against is Against.ONE_OTHER
    if tests.cases_significant:
        code = ReasonCode.PROVIDERS_DIFFER if pair else ReasonCode.CASES_WORSE_THAN_OTHERS
        return _decide(Recommendation.UNDECIDED if pair else Recommendation.AVOID, cases_reason(code, tests))
    if tests.cases_suspect:
        return _decide(Recommendation.UNDECIDED, *suspects(tests))
    return _nothing_found(tests)


def _by_reference(summary: Summary, provider: ProviderSummary, tests: ProviderTests) -> Decision:
    worse = [metric_reason(ReasonCode.METRIC_WORSE, test) for test in tests.worse_metrics]
    if tests.cases_significant or worse:
        faults = _faults(provider, summary.self_agreement, tests)
        counts = (cases_reason(ReasonCode.CASES_WORSE, tests),) if tests.cases_significant else ()
        return _decide(Recommendation.AVOID, *counts, *worse, *faults)
    certain = [finding for finding in provider.findings if finding.severity is Severity.MUST and finding.certain]
    if certain:
        return _decide(Recommendation.AVOID, *(broken(finding) for finding in certain))
    uncertain = tuple(suspects(tests))
    if uncertain:
        return _decide(Recommendation.UNDECIDED, *uncertain)
    late = slower(provider, tests.times, summary.self_agreement)
    if late is not None and tests.powerful:
        return _decide(Recommendation.USE, metric_reason(ReasonCode.SLOWER, late, MATTERS))
    return _nothing_found(tests)


def _nothing_found(tests: ProviderTests) -> Decision:
    found = nothing_found(tests)
    few = found.code is ReasonCode.TOO_FEW_TO_SAY
    return _decide(Recommendation.UNDECIDED if few else Recommendation.USE, found)


def _with_drift(found: Decision, provider: ProviderSummary) -> Decision:
    """The decision with drift taken into account: drift can only make a recommendation worse."""
    reason = drift_reason(provider)
    if reason is None or provider.drift is None or found.recommendation is Recommendation.AVOID:
        return found
    before = tuple(one for one in found.reasons if one.code is not ReasonCode.NOTHING_FOUND)
    if provider.drift.verdict is DriftVerdict.DRIFT:
        return _decide(Recommendation.AVOID, reason, *before)
    if found.recommendation is not Recommendation.USE:
        return found
    if provider.drift.verdict is DriftVerdict.EQUIVALENT:
        return _decide(Recommendation.USE, *before, reason)
    return _decide(Recommendation.UNDECIDED, reason, *before)


def _if_enough(found: Decision, provider: ProviderSummary, cases: int) -> Decision:
    """The decision; undecided instead of use if too few cases were answered."""
    answered = provider.counts.cases_answered
    if found.recommendation is not Recommendation.USE or answered >= cases:
        return found
    if not provider.counts.recorded:
        return _decide(Recommendation.UNDECIDED, Reason(code=ReasonCode.NOT_ASKED))
    if unseen_share(answered) <= FEW:
        return found
    reason = Reason(code=ReasonCode.TOO_FEW_ANSWERED, count=answered, of=cases)
    return _decide(Recommendation.UNDECIDED, reason, *found.reasons)


def _with_features(found: Decision, provider: ProviderSummary) -> Decision:
    """The decision; undecided instead of use if the provider lacks a feature that is not optional, because only the
    reader knows whether it is needed."""
    reason = not_offered(provider)
    if reason is None or OPTIONAL_FEATURES.issuperset(reason.features) or found.recommendation is Recommendation.AVOID:
        return found
    return _decide(Recommendation.UNDECIDED, reason, *found.reasons)


def blame_of(decision: Decision, provider: ProviderSummary) -> Blame | None:
    """Where the decisive fault comes from; None if there is none.

    Lost requests are the client's if most of them are: the key or the proxy was refused, or they timed out and this
    client was too busy in most trials.
    """
    if decision.recommendation not in (Recommendation.AVOID, Recommendation.UNDECIDED):
        return None
    first = decision.reasons[0]
    if first.code not in TRANSPORT:
        return next((reason.blame for reason in decision.reasons if reason.blame is not None), None)
    busy = 2 * provider.counts.client_limited > provider.counts.recorded
    kinds = _OF_CLIENT | TIMEOUTS if busy else _OF_CLIENT
    own = sum(number for kind, number in first.failures.items() if kind in kinds)
    is_own = first.code in _BY_KIND and 2 * own > sum(first.failures.values())
    return Blame.CLIENT if is_own else Blame.TRANSPORT


def rank_key(decision: Decision, provider: ProviderSummary, name: str) -> tuple[int, int, int, float, str]:
    """Best first: by recommendation, then by how much is known in its favour, then by how much is wrong."""
    touched = sum(len(finding.cases) for finding in provider.findings if finding.severity in SEVERE)
    rate = provider.metrics.get("success_rate")
    lost = 1.0 - (rate.value if rate is not None and rate.value is not None else 0.0)
    order = list(Recommendation).index(decision.recommendation)
    return order, _preference(decision), touched, lost, name


def _preference(decision: Decision) -> int:
    """Of those to use: equivalent by drift first, then the bar met, then no fault found, then slower."""
    codes = {reason.code for reason in decision.reasons}
    if decision.recommendation is not Recommendation.USE:
        return 4
    if ReasonCode.BAR in codes:
        return 1
    if ReasonCode.SLOWER in codes:
        return 3
    return 0 if ReasonCode.DRIFT_EQUIVALENT in codes else 2
