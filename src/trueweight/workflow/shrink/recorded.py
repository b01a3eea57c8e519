"""Look up the failure to shrink in a recorded run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from trueweight.checks import all_checks
from trueweight.core import Case, ConfigError, Finding, Outcome, Provider, Variant, way
from trueweight.core.provider import reference_among
from trueweight.core.shrunk_case import FailingCase
from trueweight.store import RunDir
from trueweight.workflow.judge import judge_exchange
from trueweight.workflow.lookup import find_provider, find_single_case


class _Failing(NamedTuple):
    sent: Variant
    finding: Finding
    called: tuple[str, ...]


def lookup_failing_case(run: RunDir, case_id: str, provider_name: str, *, check: str | None = None) -> FailingCase:
    """The recorded failure of a case: of the given check, or of the check that says most about the cause.

    Raises:
        ConfigError: for an unknown case or provider as `lookup`; ``shrink-no-failure`` if no such check failed.
    """
    case, provider = find_single_case(run, case_id), find_provider(run, provider_name)
    replies = Counter[Variant]()
    failing = _failing(run, case, provider, replies)
    fitting = [one for one in failing if check is None or one.finding.check == check]
    if not fitting:
        seen = sorted({one.finding.check for one in failing})
        none = "Every check passed there." if replies.total() else "The run has no complete reply to this case."
        hint = f"Checks that failed there: {', '.join(seen)}." if seen else none
        words = f"no single reply of {provider_name} to case {case.key!r} fails {check or 'a check'}"
        raise ConfigError(words, code="shrink-no-failure", where=str(run.path), hint=hint)
    best = min(fitting, key=_priority)
    times = sum((one.finding.check, one.sent) == (best.finding.check, best.sent) for one in failing)
    # Sent through the API of the failure alone, so that every attempt is.
    provider = replace(provider, api=(best.sent.api,))
    return FailingCase(
        case,
        provider,
        best.sent.mode,
        best.finding,
        best.called,
        times,
        replies[best.sent],
        best.sent.thinking,
        run.manifest.thinking_allowance,
    )


def reference_of(run: RunDir, provider: Provider) -> Provider | None:
    """The run's reference, unless it is this provider."""
    found = reference_among(run.manifest.providers)
    return None if found is None or found.name == provider.name else found


def _failing(run: RunDir, case: Case, provider: Provider, replies: Counter[Variant]) -> list[_Failing]:
    """Every failure of the provider on the case; counts its replies by API, mode and mode of thinking."""
    found: list[_Failing] = []
    for exchange in run.exchanges():
        if (exchange.suite, exchange.case, exchange.provider) != (case.suite, case.id, provider.name):
            continue
        judged = judge_exchange(case, provider, exchange, thinking_allowance=run.manifest.thinking_allowance)
        sent = Variant(exchange.api, exchange.mode, exchange.thinking)
        replies[sent] += judged.reply is not None
        called = tuple(call.name or "" for call in judged.reply.calls) if judged.reply is not None else ()
        found += [
            _Failing(sent, finding, called)
            for finding in judged.observation.findings
            if finding.outcome is Outcome.FAIL
        ]
    return found


def _priority(failing: _Failing) -> tuple[int, int, str, str]:
    """Known failure modes first, since the case's own checks only show symptoms; then by severity."""
    known = {info.id: info.row for info in all_checks()}
    named = 0 if known.get(failing.finding.check, 0) else 1
    return (named, failing.finding.severity.rank, failing.finding.check, way(failing.sent.mode, failing.sent.thinking))
