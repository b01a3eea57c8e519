"""Look up the failure to shrink in a recorded run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import NamedTuple

from trueweight.checks import all_checks
from trueweight.core import Case, ConfigError, Finding, Mode, Outcome, Provider, near_miss
from trueweight.core.provider import reference_among
from trueweight.store import RunDir
from trueweight.workflow.judge import judge_exchange


@dataclass(frozen=True, slots=True)
class FailingCase:
    """A case of a run with a failing reply.

    Attributes:
        called: names of the tools that the reply called.
        failed, sent: in how many replies of the run in this mode the check failed, and how many there are.
    """

    case: Case
    provider: Provider
    mode: Mode
    finding: Finding
    called: tuple[str, ...]
    failed: int
    sent: int


class _Failing(NamedTuple):
    api: str
    mode: Mode
    finding: Finding
    called: tuple[str, ...]


def lookup_failing_case(run: RunDir, case_id: str, provider_name: str, *, check: str | None = None) -> FailingCase:
    """The recorded failure of a case: of the given check, or of the check that says most about the cause.

    Raises:
        ConfigError: for an unknown case or provider, or if no such check failed.
    """
    cases = run.cases()
    case = cases.get(case_id) or next((one for one in cases.values() if one.id == case_id), None)
    if case is None:
        hint = near_miss(case_id, cases) if len(cases) < 100 else "`summary.json` and the report list all cases."
        raise ConfigError(f"the run has no case {case_id!r}", code="case-not-found", where=str(run.path), hint=hint)
    providers = {provider.name: provider for provider in run.manifest.providers}
    if provider_name not in providers:
        words = f"the run has no provider {provider_name!r}"
        hint = near_miss(provider_name, providers)
        raise ConfigError(words, code="shrink-provider", where=str(run.path), hint=hint)
    provider = providers[provider_name]
    replies = Counter[Mode]()
    failing = _failing(run, case, provider, replies)
    fitting = [one for one in failing if check is None or one.finding.check == check]
    if not fitting:
        seen = sorted({one.finding.check for one in failing})
        none = "Every check passed there." if replies.total() else "The run has no complete reply to this case."
        hint = f"Checks that failed there: {', '.join(seen)}." if seen else none
        words = f"no single reply of {provider_name} to case {case.key!r} fails {check or 'a check'}"
        raise ConfigError(words, code="shrink-no-failure", where=str(run.path), hint=hint)
    best = min(fitting, key=_priority)
    times = sum((one.finding.check, one.mode) == (best.finding.check, best.mode) for one in failing)
    # Asked through the API of the failure alone, so that every attempt is.
    provider = replace(provider, api=(best.api,))
    return FailingCase(case, provider, best.mode, best.finding, best.called, times, replies[best.mode])


def reference_of(run: RunDir, provider: Provider) -> Provider | None:
    """The run's reference, unless it is this provider."""
    found = reference_among(run.manifest.providers)
    return None if found is None or found.name == provider.name else found


def _failing(run: RunDir, case: Case, provider: Provider, replies: Counter[Mode]) -> list[_Failing]:
    """Every failure of the provider on the case; counts its replies by mode."""
    found: list[_Failing] = []
    for exchange in run.exchanges():
        if (exchange.suite, exchange.case, exchange.provider) != (case.suite, case.id, provider.name):
            continue
        judged = judge_exchange(case, provider, exchange)
        replies[exchange.mode] += judged.reply is not None
        called = tuple(call.name or "" for call in judged.reply.calls) if judged.reply is not None else ()
        found += [
            _Failing(exchange.api, exchange.mode, finding, called)
            for finding in judged.observation.findings
            if finding.outcome is Outcome.FAIL
        ]
    return found


def _priority(failing: _Failing) -> tuple[int, int, str, str]:
    """Known failure modes first, since the case's own checks only show symptoms; then by severity."""
    known = {info.id: info.row for info in all_checks()}
    named = 0 if known.get(failing.finding.check, 0) else 1
    return (named, failing.finding.severity.rank, failing.finding.check, failing.mode)
