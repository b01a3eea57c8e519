"""Bar + summary → the outcome of each rule for each provider."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from trueweight.assess.bar import Bar, Limit, Rule, ruling_of
from trueweight.assess.workload import rule_outcomes
from trueweight.core import ConfigError, Estimate, Role, Ruling, near_miss
from trueweight.core.bar_outcome import BarOutcome, RuleCode, RuleOutcome, Versus
from trueweight.core.estimate import ALPHA
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.summary import CellOutcome, ProviderSummary, Summary
from trueweight.statistics.proportion import n_that_decides

Changes = Mapping[str, Mapping[str, Estimate]]
"""Provider → metric → its paired difference from an earlier run."""


def check_names(bar: Bar, names: Collection[str]) -> None:
    """Refuse a bar that names a provider which the run does not have, before any request is sent.

    Raises:
        ConfigError: with the near miss.
    """
    for rule in bar.rules:
        for name in rule.providers:
            if name not in names:
                message = f"the rule on {rule.metric} names provider {name!r}, which the run does not have"
                raise ConfigError(message, code="bar-provider", hint=near_miss(name, names))


def judge_against(bar: Bar, summary: Summary, since: Changes | None = None) -> dict[str, BarOutcome]:
    """The bar's outcome for each provider that a rule of it applies to. Limits on findings and rules about a workload
    apply to candidates; the latter were decided by `trueweight.assess.workload.judge_workload`.

    Args:
        since: changes since an earlier run; None without a baseline.

    Raises:
        ConfigError: if a rule names a provider that the run does not have.
    """
    check_names(bar, summary.providers)
    out = {}
    cases = len({case.case for case in summary.cases})
    for name, provider in summary.providers.items():
        rules = [rule for rule in bar.rules if rule.is_about(name, provider.role)]
        changes = None if since is None else since.get(name, {})
        outcomes = [_by_rule(rule, provider, changes, cases) for rule in rules]
        if provider.role is Role.CANDIDATE and bar.workload is not None:
            outcomes += rule_outcomes(provider)
        if provider.role is Role.CANDIDATE:
            outcomes += [_by_limit(limit, provider, _unanswered(summary, name)) for limit in bar.limits]
        if outcomes:
            out[name] = BarOutcome.of(bar.digest(), tuple(outcomes))
    return out


def _unanswered(summary: Summary, name: str) -> int:
    """In how many cases through an API in a mode no repeat brought a reply: requirements that could not be checked."""
    planned = summary.providers[name].counts.trials // summary.run.repeats
    cells = [cell for case in summary.cases for cell in case.modes(name).values()]
    return planned - sum(cell.outcome is not CellOutcome.TRANSPORT for cell in cells)


def _by_rule(rule: Rule, provider: ProviderSummary, since: Mapping[str, Estimate] | None, cases: int) -> RuleOutcome:
    def outcome(ruling: Ruling, code: RuleCode, **numbers: Any) -> RuleOutcome:
        return RuleOutcome(
            metric=rule.metric,
            at_least=rule.at_least,
            at_most=rule.at_most,
            side=rule.side,
            versus=versus,
            outcome=ruling,
            code=code,
            **numbers,
        )

    versus = Versus.REFERENCE if rule.versus_reference else Versus.BASELINE if rule.versus_baseline else None

    if rule.versus_baseline and since is None:
        return outcome(Ruling.INCONCLUSIVE, RuleCode.NO_BASELINE)
    measured = provider.versus_reference if rule.versus_reference else provider.metrics
    found = (since if rule.versus_baseline and since is not None else measured).get(rule.metric)
    if found is None:
        return outcome(Ruling.INCONCLUSIVE, RuleCode.NOT_MEASURED)
    shown = found.plain()
    if found.value is None:
        return outcome(Ruling.INCONCLUSIVE, RuleCode.NOT_APPLICABLE, estimate=shown)
    ruling = ruling_of(rule, found, found.value)
    code, numbers = RuleCode.MEASURED, dict[str, int]()
    if ruling is Ruling.INCONCLUSIVE:
        code, numbers = _undecided(rule, found, provider.counts.trials, cases)
    return outcome(ruling, code, estimate=shown, **numbers)


def _undecided(rule: Rule, found: Estimate, trials: int, cases: int) -> tuple[RuleCode, dict[str, int]]:
    """Why the interval does not decide, and how many more cases, and trials, would."""
    if found.low is None and found.high is None:
        return RuleCode.NO_INTERVAL, {}
    n = n_that_decides(found, rule.bound)
    if n is None:
        return RuleCode.AT_BOUND, {}
    # Further cases of the same kinds bring as many units (cases, or requests) each as those of the run.
    more = math.ceil((n - found.n) * cases / found.n)
    return RuleCode.MORE_NEEDED, {
        "decides_at": n,
        "more_cases": more,
        "more_trials": math.ceil(more * trials / cases),
    }


def _by_limit(limit: Limit, provider: ProviderSummary, unanswered: int) -> RuleOutcome:
    found = [finding for finding in provider.findings if finding.severity is limit.severity]
    certain = tuple(finding.check for finding in found if _counts(limit, finding))
    uncertain = tuple(finding.check for finding in found if not _counts(limit, finding) and _doubtful(limit, finding))
    counts = provider.counts

    def outcome(
        ruling: Ruling, code: RuleCode, checks: tuple[str, ...], *, unanswered: int | None = None
    ) -> RuleOutcome:
        return RuleOutcome(
            outcome=ruling,
            code=code,
            severity=limit.severity,
            at_most=limit.at_most,
            beyond_reference=limit.beyond_reference,
            checks=checks,
            answered=counts.arrived,
            trials=counts.trials,
            unanswered=unanswered,
        )

    if len(certain) > limit.at_most:
        return outcome(Ruling.FAIL, RuleCode.CHECKS_FAIL, certain)
    if not counts.arrived:
        return outcome(Ruling.INCONCLUSIVE, RuleCode.CHECKS_SILENT, certain)
    if len(certain) + len(uncertain) > limit.at_most:
        return outcome(Ruling.INCONCLUSIVE, RuleCode.CHECKS_UNCERTAIN, (*certain, *uncertain))
    if unanswered > 0:
        return outcome(Ruling.INCONCLUSIVE, RuleCode.CHECKS_UNANSWERED, certain, unanswered=unanswered)
    return outcome(Ruling.PASS, RuleCode.CHECKS_WITHIN, (*certain, *uncertain))


def _counts(limit: Limit, finding: FindingSummary) -> bool:
    """Whether a failing check counts for certain: no model can cause it, or it fails beyond the reference's rate.

    A finding of format 1 has no reason for its blame; it counts unless the reference fails the same cases.
    """
    if finding.blame_reason is None:
        return not (limit.beyond_reference and finding.shared)
    if finding.is_beyond(ALPHA):
        return True
    return finding.certain if limit.beyond_reference else finding.engine_only


def _doubtful(limit: Limit, finding: FindingSummary) -> bool:
    """Whether a failing check that is not certain leaves the limit open."""
    if not limit.beyond_reference:
        return True
    return finding.beyond is None and not finding.shared
