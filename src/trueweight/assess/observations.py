"""Observations of a provider, most important first, independent of its recommendation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from trueweight.assess.significance import Against, MetricTest, ProviderTests, slower
from trueweight.assess.workload import workload_reason
from trueweight.core import SEVERE, DriftVerdict, Estimate, FailureKind, Role
from trueweight.core.api_comparison import ApiComparison
from trueweight.core.assessment import Blame, Reason, ReasonCode
from trueweight.core.case import ANSWERED_CHECK
from trueweight.core.check import CHECKS
from trueweight.core.estimate import ALPHA, six_digits
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.summary import ProviderSummary
from trueweight.statistics.power import TEN_POINTS

_ANSWERING: Final = 0.99
"""Lost or retried requests are an observation if they are more than 1 − this share."""
UNFINISHED: Final = frozenset({FailureKind.INTERRUPTED.value, FailureKind.CLIENT_LIMIT.value})
"""Failures by a stop of the run, or by a limit of this client: no request of the provider's was lost."""
_SYMPTOMS: Final = frozenset(
    {"tool-call-expected", "tool-call-matches", "structured-output", "json-equals", "content-matches", "finish-reason"}
)
"""Checks of what a case expects. They show that something failed; a check that shows what failed is listed first."""
LITTLE_SEEN: Final = frozenset({ReasonCode.NOTHING_FOUND, ReasonCode.TOO_FEW_TO_SAY})
"""Reasons that say only how little was seen: the answers to a workload say more."""


def observe(
    provider: ProviderSummary, self_agreement: Mapping[str, Estimate], tests: ProviderTests
) -> tuple[Reason, ...]:
    """The observations of a provider; never empty.

    Args:
        self_agreement: metric → the reference against itself.
        tests: what the comparisons of this provider found.
    """
    seen = tuple(_of_replies(provider, self_agreement, tests))
    workload = workload_reason(provider)
    if workload is not None:
        seen = (workload, *(reason for reason in seen if reason.code not in LITTLE_SEEN))
    drift = drift_reason(provider)
    if drift is None:
        return seen
    codes = {reason.code for reason in seen}
    if drift.code in (ReasonCode.DRIFT, ReasonCode.DRIFT_MISCONFIGURED):
        nothing = LITTLE_SEEN | {ReasonCode.NOT_ASKED, ReasonCode.SETUP_FAULT}
        return (drift, *(reason for reason in seen if reason.code not in nothing))
    return (drift,) if codes == {ReasonCode.NOT_ASKED} else seen


def _of_replies(
    provider: ProviderSummary, self_agreement: Mapping[str, Estimate], tests: ProviderTests
) -> Iterator[Reason]:
    counts = provider.counts
    if not counts.recorded:
        yield Reason(code=ReasonCode.SETUP_FAULT if provider.setup_fault else ReasonCode.NOT_ASKED)
        return
    if not counts.arrived:
        yield never_answered(provider)
        return
    rate = provider.metrics.get("success_rate")
    if rate is not None and rate.value == 0:
        yield refused_all(provider)
        return
    lacking = not_offered(provider)
    if lacking is not None:
        yield lacking
    lost = _lost(provider)
    if lost is not None and not explains_loss(provider):
        yield lost
    dropping = tuple(_api_reasons(provider))
    yield from dropping
    own = explaining([f for f in provider.findings if f.severity in SEVERE and not f.shared])
    yield from (broken(finding) for finding in own)
    compared = () if own or provider.role is Role.REFERENCE else tuple(_comparisons(provider, self_agreement, tests))
    yield from compared
    if not own and not compared and not dropping and lost is None:
        yield nothing_found(tests)


def nothing_found(tests: ProviderTests) -> Reason:
    """The reason that no fault was found, with what was compared; or that the comparison could not have found one."""
    cases = tests.cases
    if cases is None:
        return Reason(code=ReasonCode.NOTHING_FOUND, count=0)
    compared = len(tests.metrics) + 1 if tests.against is Against.REFERENCE else 0
    few = not tests.powerful
    return Reason(
        code=ReasonCode.TOO_FEW_TO_SAY if few else ReasonCode.NOTHING_FOUND,
        count=compared,
        of=cases.n,
        share=cases.power.smallest,
        bound=TEN_POINTS if few else None,
    )


def _value(found: Estimate | None) -> float | None:
    return None if found is None else found.value


def never_answered(provider: ProviderSummary) -> Reason:
    """The reason that every request failed in transport, with the kinds of failure."""
    return Reason(code=ReasonCode.NEVER_ANSWERED, of=provider.counts.recorded, failures=dict(provider.failures))


def refused_all(provider: ProviderSummary) -> Reason:
    """The reason that every request was refused."""
    return Reason(code=ReasonCode.REFUSED_ALL, count=provider.counts.arrived, of=provider.counts.recorded)


def not_offered(provider: ProviderSummary) -> Reason | None:
    """The reason that the provider refuses every request that uses a feature; None if it refuses none so."""
    found = provider.not_offered
    return Reason(code=ReasonCode.NOT_OFFERED, features=tuple(found), count=sum(found.values())) if found else None


def _lost(provider: ProviderSummary) -> Reason | None:
    """Requests that failed, or arrived only after retries, if they are more than one in a hundred."""
    rate, first = (provider.metrics.get(name) for name in ("success_rate", "first_attempt_success_rate"))
    share, at_once = _value(rate), _value(first)
    failures = {kind: number for kind, number in provider.failures.items() if kind not in UNFINISHED}
    of = provider.counts.recorded - (sum(provider.failures.values()) - sum(failures.values()))
    if share is not None and at_once is not None and at_once < _ANSWERING and share - at_once >= 1 - _ANSWERING:
        return Reason(code=ReasonCode.RETRIES_NEEDED, estimate=first, share=share, of=of, failures=failures)
    if share is None or share >= _ANSWERING or not failures:
        return None
    return Reason(code=ReasonCode.REQUESTS_LOST, count=sum(failures.values()), of=of, failures=failures)


def explains_loss(provider: ProviderSummary) -> FindingSummary | None:
    """The finding that a class of requests gets a server error each time, if it explains nine of ten lost requests."""
    lost = sum(provider.failures.values())
    found = next((one for one in provider.findings if one.check == ANSWERED_CHECK), None)
    return found if found is not None and 10 * found.fails >= 9 * lost else None


def _api_reasons(provider: ProviderSummary) -> Iterator[Reason]:
    """A reason for each API that calls no tools, or fewer, where others of the host do, beyond chance."""
    dropping: dict[str, list[Reason]] = {}
    for pair in provider.apis:
        if pair.p > ALPHA:
            continue
        one = _dropped(pair if pair.only_first > pair.only_second else pair.reversed())
        dropping.setdefault(one.apis[-1], []).append(one)
    for found in dropping.values():
        works = tuple(one.apis[0] for one in found)
        first = min(found, key=lambda one: one.count or 0)
        yield msgspec.structs.replace(first, apis=(*works, first.apis[-1]))


def _dropped(pair: ApiComparison) -> Reason:
    """The reason of a pair of which the first API calls tools and the second does not."""
    return Reason(
        code=ReasonCode.API_DROPS_TOOLS,
        apis=(pair.first, pair.second),
        count=pair.only_first,
        reverse=pair.only_second,
        of=pair.with_tools,
        share=six_digits(pair.called_second / pair.called_first) if pair.called_first else None,
        p=pair.p,
        alpha=ALPHA,
    )


def explaining(findings: Sequence[FindingSummary]) -> list[FindingSummary]:
    """The findings that explain most cases, worst first; of one severity those that say what failed come before those
    that say only that something did.

    A finding is left out if it is a known consequence of another one in most of its cases, or if its cases are mostly
    explained already.
    """
    explained: set[str] = set()
    out = []
    causes = [finding for finding in findings if not _is_consequence(finding, findings)]
    order = sorted(causes, key=lambda f: (f.severity.rank, f.check in _SYMPTOMS, -len(f.cases), f.check))
    for finding in order:
        fresh = set(finding.cases) - explained
        if 2 * len(fresh) > len(finding.cases):
            out.append(finding)
            explained |= fresh
    return sorted(out, key=lambda f: (f.severity.rank, f.check in _SYMPTOMS, -len(f.cases), f.check))


def _is_consequence(finding: FindingSummary, findings: Sequence[FindingSummary]) -> bool:
    """Whether most of a finding's cases also fail checks that explain it."""
    known = CHECKS.all()
    explained: set[str] = set()
    for other in findings:
        entry = known.get(other.check)
        if entry is not None and finding.check in entry.info.explains:
            explained |= set(other.cases)
    return 2 * len(explained & set(finding.cases)) > len(finding.cases)


def broken(finding: FindingSummary, code: ReasonCode = ReasonCode.REQUIREMENT_BROKEN) -> Reason:
    """A failing check as a reason, with the cases that it judged as its n, as wherever the finding is shown; ``code``
    says whether it is certain."""
    where = finding.found_in
    of = finding.cases_judged if where is None else where.cases_judged
    return Reason(
        code=code,
        check=finding.check,
        count=len(finding.cases),
        of=of,
        blame=finding.blame,
        trials=(finding.example,) if finding.example else (),
        mode=None if where is None else where.mode,
        apis=() if where is None else where.apis,
    )


def metric_reason(code: ReasonCode, test: MetricTest, bound: float | None = None) -> Reason:
    """A difference from the reference with its corrected p-value."""
    p = six_digits(min(1.0, test.p))
    return Reason(code=code, metric=test.metric, estimate=test.found.plain(), p=p, alpha=test.alpha, bound=bound)


def cases_reason(code: ReasonCode, tests: ProviderTests) -> Reason:
    """The comparison of pass rates by case, with its corrected p-value.

    Raises:
        ValueError: if they were not compared.
    """
    cases = tests.cases
    if cases is None:
        raise ValueError("the pass rates were not compared")
    estimate, joint = cases.difference, cases.joint
    if code in (ReasonCode.CASES_WORSE, ReasonCode.CASES_WORSE_THAN_OTHERS):
        estimate, joint = (estimate, _below(joint)) if joint is not None else (_below(estimate), None)
    return Reason(
        code=code,
        count=cases.worse,
        reverse=cases.better,
        of=cases.n,
        estimate=estimate.rounded(),
        joint=None if joint is None else joint.rounded(),
        p=six_digits(tests.p),
        alpha=ALPHA,
        way=cases.way,
        apis=(cases.api,) if cases.api else (),
    )


def _below(found: Estimate) -> Estimate:
    """The difference with an interval that ends at zero at most, because the test excludes more. Limits over a few
    cases are wider than the exact test of no difference."""
    if found.high is None or found.high <= 0 or found.value is None or found.value >= 0:
        return found
    return msgspec.structs.replace(found, high=0.0, method=f"{found.method}, which excludes a difference above 0")


def _comparisons(
    provider: ProviderSummary, self_agreement: Mapping[str, Estimate], tests: ProviderTests
) -> Iterator[Reason]:
    """What is worse than the reference beyond chance, and what the reference fails too."""
    worse = tests.worse_metrics
    yield from (metric_reason(ReasonCode.METRIC_WORSE, test) for test in worse)
    if tests.cases_significant and not worse and tests.against in _CASES_WORSE:
        yield cases_reason(_CASES_WORSE[tests.against], tests)
    elif not worse:
        yield from suspects(tests)
    shared = sum(finding.shared for finding in provider.findings)
    if shared:
        yield Reason(code=ReasonCode.SHARED_FAILURES, count=shared)
    late = slower(provider, tests.times, self_agreement)
    if late is not None and not worse:
        yield metric_reason(ReasonCode.SLOWER, late)


def suspects(tests: ProviderTests) -> Iterator[Reason]:
    """What would be worse beyond chance if this were the only candidate: too little to accuse, too much for a tick."""
    if tests.cases_suspect:
        own = tests.against is Against.REFERENCE
        yield cases_reason(ReasonCode.CASES_UNCERTAIN if own else ReasonCode.CASES_UNCERTAIN_OTHERS, tests)
    yield from (metric_reason(ReasonCode.METRIC_UNCERTAIN, test) for test in tests.suspect_metrics)


_CASES_WORSE: Final = {
    Against.REFERENCE: ReasonCode.CASES_WORSE,
    Against.OTHERS: ReasonCode.CASES_WORSE_THAN_OTHERS,
    Against.ONE_OTHER: ReasonCode.PROVIDERS_DIFFER,
}


def drift_reason(provider: ProviderSummary) -> Reason | None:
    """The verdict on drift as a reason; None if drift was not measured."""
    drift = provider.drift
    if drift is None:
        return None
    code = {
        DriftVerdict.DRIFT: ReasonCode.DRIFT,
        DriftVerdict.EQUIVALENT: ReasonCode.DRIFT_EQUIVALENT,
        DriftVerdict.INCONCLUSIVE: ReasonCode.DRIFT_UNDECIDED,
        DriftVerdict.MISCONFIGURED: ReasonCode.DRIFT_MISCONFIGURED,
    }[drift.verdict]
    blame = Blame.SERVING if code is ReasonCode.DRIFT else None
    return Reason(code=code, estimate=drift.effect, rung=drift.rung or "", blame=blame)
