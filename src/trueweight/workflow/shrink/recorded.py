"""What a run has on a case: the failure that is to be made smaller."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from trueweight.checks import all_checks
from trueweight.core import Case, ConfigError, Finding, Mode, Outcome, Provider, Role, near_miss
from trueweight.store import RunDir
from trueweight.workflow.judge import judge_exchange

_RANK = {"MUST": 0, "SHOULD": 1, "INFO": 2}


@dataclass(frozen=True, slots=True)
class Failure:
    """A failing reply of a run.

    Attributes:
        called: names that the reply called.
        failed, asked: how often the check failed in this mode in the run, of how many replies.
    """

    case: Case
    provider: Provider
    mode: Mode
    finding: Finding
    called: tuple[str, ...]
    failed: int
    asked: int


class _Failing(NamedTuple):
    mode: Mode
    finding: Finding
    called: tuple[str, ...]


def find_failure(run: RunDir, case_id: str, provider_name: str, *, check: str | None = None) -> Failure:
    """The recorded failure of a case: of this check, or of the one that says most about the cause.

    Raises:
        ConfigError: for an unknown case or provider, or if nothing of the kind failed.
    """
    cases = run.cases()
    case = cases.get(case_id) or next((one for one in cases.values() if one.id == case_id), None)
    if case is None:
        hint = near_miss(case_id, cases) if len(cases) < 100 else "`summary.json` and the report list them."
        raise ConfigError(f"the run has no case {case_id!r}", code="case-not-found", where=str(run.path), hint=hint)
    providers = {provider.name: provider for provider in run.manifest.providers}
    if provider_name not in providers:
        words = f"the run asked no provider {provider_name!r}"
        hint = near_miss(provider_name, providers)
        raise ConfigError(words, code="shrink-provider", where=str(run.path), hint=hint)
    provider = providers[provider_name]
    answers = Counter[Mode]()
    failing = _failing(run, case, provider, answers)
    fitting = [one for one in failing if check is None or one.finding.check == check]
    if not fitting:
        seen = sorted({one.finding.check for one in failing})
        none = "Every check passed there." if answers.total() else "No reply of it is on record, or none that arrived."
        hint = f"What failed there: {', '.join(seen)}." if seen else none
        words = f"{provider_name} has no failure of {check or 'any check'} on case {case.key!r} that one reply can show"
        raise ConfigError(words, code="shrink-no-failure", where=str(run.path), hint=hint)
    best = min(fitting, key=_telling)
    times = sum((one.finding.check, one.mode) == (best.finding.check, best.mode) for one in failing)
    return Failure(case, provider, best.mode, best.finding, best.called, times, answers[best.mode])


def reference_of(run: RunDir, provider: Provider) -> Provider | None:
    """The run's reference, unless it is this provider."""
    found = next((one for one in run.manifest.providers if one.role is Role.REFERENCE), None)
    return None if found is None or found.name == provider.name else found


def _failing(run: RunDir, case: Case, provider: Provider, answers: Counter[Mode]) -> list[_Failing]:
    """Every failure of the provider on the case; counts its replies by mode."""
    found: list[_Failing] = []
    for exchange in run.exchanges():
        if (exchange.suite, exchange.case, exchange.provider) != (case.suite, case.id, provider.name):
            continue
        judged = judge_exchange(case, provider, exchange)
        answers[exchange.mode] += judged.reply is not None
        called = tuple(call.name or "" for call in judged.reply.tool_calls) if judged.reply is not None else ()
        found += [
            _Failing(exchange.mode, finding, called)
            for finding in judged.observation.findings
            if finding.outcome is Outcome.FAIL
        ]
    return found


def _telling(failing: _Failing) -> tuple[int, int, str, str]:
    """Worst first; of equals one that names a known failure mode, since the case's own checks only show symptoms."""
    known = {info.id: info.row for info in all_checks()}
    named = 0 if known.get(failing.finding.check, 0) else 1
    return (named, _RANK[failing.finding.severity], failing.finding.check, failing.mode)
