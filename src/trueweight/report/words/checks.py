"""A failing check in words: what was found, in how many cases, and in which mode."""

from __future__ import annotations

from typing import Final

from trueweight.core import Mode
from trueweight.core.assessment import Reason
from trueweight.core.check import CHECKS
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.summary import ProviderSummary
from trueweight.report.numbers import counted

_MODES: Final = {Mode.STREAM: "streams", Mode.PLAIN: "plain replies"}
_FACTOR: Final = 2
"""Both modes fail: each has its count where the share of one is at least this many times that of the other."""


def broken_words(reason: Reason, provider: ProviderSummary) -> str:
    """A sentence: ``20 of 45 cases had a value outside the parameter's enum, in streams only.``"""
    found = next((one for one in provider.findings if one.check == reason.check), None)
    return _sentence(reason.count or 0, reason.of or 0, reason.mode, found, reason.check)


def failure_words(finding: FindingSummary) -> str:
    """The same of a row of the findings."""
    mode = finding.only_mode
    of = finding.cases_judged if mode is None else finding.by_mode[mode].of
    return _sentence(len(finding.cases), of, mode, finding, finding.check)


def case_words(check: str, provider: ProviderSummary) -> str:
    """The same of one case: ``This case had a value outside the parameter's enum (tool-arguments-enum).``"""
    found = next((one for one in provider.findings if one.check == check), None)
    failure = (found.failure if found is not None else "") or _declared(check)
    if failure.startswith("{cases}"):
        rest = failure.removeprefix("{cases}")
        rest = f" was{rest.removeprefix(' were')}" if rest.startswith(" were ") else rest
        return f"{_filled(f'This case{rest}', '', found)} ({check})."
    if failure:
        return f"{_filled(failure, 'this case', found)} ({check})."
    requirement = (found.requirement if found is not None else "").rstrip(".")
    return f"This case fails the requirement “{requirement}” ({check})." if requirement else f"This case fails {check}."


def _sentence(count: int, of: int, mode: Mode | None, finding: FindingSummary | None, check: str) -> str:
    cases = f"{count} of {counted(of, 'case')}"
    where = f", in {_MODES[mode]} only" if mode is not None else _by_mode(finding)
    failure = (finding.failure if finding is not None else "") or _declared(check)
    if failure:
        return f"{_filled(failure, cases, finding)}{where}."
    requirement = (finding.requirement if finding is not None else "").rstrip(".") or check
    quoted = f"“{requirement}”{where}." if where else f"“{requirement}.”"
    return f"{cases} {'fails' if count == 1 else 'fail'} the requirement {quoted}"


def _filled(failure: str, cases: str, finding: FindingSummary | None) -> str:
    """The sentence of a check with the cases, and with the most frequent message where it wants that."""
    message = finding.message if finding is not None else "status 5xx"
    return failure.replace("{cases}", cases).replace("{message}", message)


def _declared(check: str) -> str:
    """The sentence of a check that this installation has, for a summary of an earlier version; "" if it has none."""
    entry = CHECKS.all().get(check)
    return "" if entry is None else entry.info.failure


def _by_mode(finding: FindingSummary | None) -> str:
    """The count of each mode, where they differ: `` (streams: 20 of 45, plain replies: 3 of 45)``; else ""."""
    counts = finding.by_mode if finding is not None else {}
    shares = [count.fails / count.of for count in counts.values()]
    if len(shares) <= 1 or max(shares) < _FACTOR * min(shares):
        return ""
    return f" ({', '.join(f'{_MODES[mode]}: {count.fails} of {count.of}' for mode, count in counts.items())})"
