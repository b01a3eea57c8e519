"""A failing check in words: what was found, in how many cases, and in which mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from trueweight.core import Mode, ThinkingMode
from trueweight.core.assessment import Reason
from trueweight.core.check import CHECKS
from trueweight.core.finding_summary import CaseCount, FindingSummary, FoundIn
from trueweight.core.summary import ProviderSummary
from trueweight.core.thinking import WAYS
from trueweight.report.numbers import counted
from trueweight.report.words.probe import api_title, api_titles

_MODES: Final = {Mode.STREAM: "streams", Mode.PLAIN: "plain replies"}
_FACTOR: Final = 2
"""Both modes fail, or several APIs: each has its count where the share of one is at least this many times that of
another."""


def broken_words(reason: Reason, provider: ProviderSummary) -> str:
    """A sentence: ``20 of 45 cases had a value outside the parameter's enum, in streams only.``"""
    found = next((one for one in provider.findings if one.check == reason.check), None)
    return _sentence(reason.count or 0, reason.of or 0, found, reason.check)


def failure_words(finding: FindingSummary) -> str:
    """The same of a row of the findings."""
    of = finding.cases_judged if finding.found_in is None else finding.found_in.cases_judged
    return _sentence(len(finding.cases), of, finding, finding.check)


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


def _sentence(count: int, of: int, finding: FindingSummary | None, check: str) -> str:
    cases = f"{count} of {counted(of, 'case')}"
    where = "" if finding is None else f"{_found_in(finding.found_in)}{_shares(finding)}"
    failure = (finding.failure if finding is not None else "") or _declared(check)
    if failure:
        return f"{_filled(failure, cases, finding)}{where}."
    requirement = (finding.requirement if finding is not None else "").rstrip(".") or check
    quoted = f"“{requirement}”{where}." if where else f"“{requirement}.”"
    return f"{cases} {'fails' if count == 1 else 'fail'} the requirement {quoted}"


def _filled(failure: str, cases: str, finding: FindingSummary | None) -> str:
    """The sentence of a check with the cases, and with the most frequent message where it wants that."""
    message = finding.message if finding is not None else "status 5xx"
    if failure.startswith("{message}"):
        message = message[:1].upper() + message[1:]
    return failure.replace("{cases}", cases).replace("{message}", message)


def _declared(check: str) -> str:
    """The sentence of a check that this installation has, for a summary of an earlier version; "" if it has none."""
    entry = CHECKS.all().get(check)
    return "" if entry is None else entry.info.failure


def _found_in(where: FoundIn | None) -> str:
    """Mode and APIs of all failures: ``, in streams of Messages only``. It says "only" where the same cases pass in the
    other mode, or through another API."""
    if where is None:
        return ""
    mode = "" if where.mode is None else _MODES[where.mode]
    apis = api_titles(where.apis)
    if not mode or not apis:
        return f", in {mode or apis}{' only' if where.only_mode or where.only_apis else ''}"
    if where.only_mode == where.only_apis:
        return f", in {mode} of {apis}{' only' if where.only_mode else ''}"
    first, only = (apis, mode) if where.only_mode else (mode, apis)
    return f", in {first}, in {only} only"


def way_words(way: str, apis: Sequence[str] = ()) -> str:
    """A way to send a case, and its API if there are several, in a sentence: ``streams of Messages, thinking off``.
    A name that this version does not know stands as it is."""
    of = f" of {api_titles(apis)}" if apis else ""
    if way not in WAYS:
        return f"{way}{of}"
    mode, thinking = WAYS[way]
    return f"{_MODES[mode]}{of}{'' if thinking is ThinkingMode.AS_SERVED else f', thinking {thinking}'}"


def _shares(finding: FindingSummary) -> str:
    """The count of each mode and of each API, where more than one fails and their shares differ: `` (streams: 20 of 45,
    plain replies: 3 of 45)``; else ""."""
    modes = {_MODES[mode]: count for mode, count in finding.by_mode.items()}
    apis = {api_title(api): count for api, count in finding.by_api.items()}
    parts = [text for text in (_counts(modes), _counts(apis)) if text]
    return f" ({'; '.join(parts)})" if parts else ""


def _counts(found: Mapping[str, CaseCount]) -> str:
    shares = [count.fails / count.of for count in found.values() if count.fails]
    if len(shares) <= 1 or max(shares) < _FACTOR * min(shares):
        return ""
    return ", ".join(f"{name}: {count.fails} of {count.of}" for name, count in found.items() if count.of)
