"""A provider's failing checks, worst first, and how many of their cases the reference fails too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trueweight.core import CheckInfo, Observation, Outcome, Severity

_RANK = {severity: rank for rank, severity in enumerate((Severity.MUST, Severity.SHOULD, Severity.INFO))}

Failed = Mapping[str, frozenset[str]]
"""Check → the cases in which a provider fails it."""


@dataclass(slots=True)
class _Tally:
    judged: int = 0
    fails: int = 0
    asked: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    severities: set[Severity] = field(default_factory=set)
    messages: Counter[str] = field(default_factory=Counter)
    # For each message the first trial by case and id, so that the order of the record never matters.
    examples: dict[str, tuple[str, str]] = field(default_factory=dict)


def failed_cases(observations: Iterable[Observation]) -> Failed:
    """Which cases fail which checks, at any severity."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for seen in observations:
        for finding in seen.findings:
            if finding.outcome is Outcome.FAIL:
                found[finding.check].add(seen.case)
    return {check: frozenset(cases) for check, cases in found.items()}


def list_findings(
    observations: Iterable[Observation], checks: Mapping[str, CheckInfo], reference: Failed | None
) -> list[dict[str, Any]]:
    """Failing checks as ``summary.json`` holds them: by severity, then by cases touched.

    Args:
        reference: what the reference fails; None if there is none, or if these are the reference's own.
    """
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    for seen in observations:
        for finding in seen.findings:
            if finding.outcome in (Outcome.PASS, Outcome.FAIL):
                tally = tallies[finding.check]
                tally.judged += 1
                tally.asked.add(seen.case)
                if finding.outcome is Outcome.FAIL:
                    _count(tally, seen, finding.severity, finding.message)
    found = [_entry(check, tally, checks.get(check), reference) for check, tally in tallies.items() if tally.fails]
    return sorted(found, key=lambda f: (_RANK[Severity(f["severity"])], -len(f["cases"]), f["check"]))


def _count(tally: _Tally, seen: Observation, severity: Severity, message: str) -> None:
    tally.fails += 1
    tally.cases.add(seen.case)
    tally.severities.add(severity)
    tally.messages[message] += 1
    here = (seen.case, seen.trial)
    tally.examples[message] = min(tally.examples.get(message, here), here)


def _entry(check: str, tally: _Tally, info: CheckInfo | None, reference: Failed | None) -> dict[str, Any]:
    message = min(tally.messages, key=lambda text: (-tally.messages[text], text))
    entry: dict[str, Any] = {
        "check": check,
        "severity": min(tally.severities, key=_RANK.__getitem__).value,
        "outcome": Outcome.FAIL.value,
        "fails": tally.fails,
        "of": tally.judged,
        "cases": sorted(tally.cases),
        "cases_judged": len(tally.asked),
        "law": info.law if info else "",
        "source": info.source if info else "",
        "example": tally.examples[message][1],
        "message": message,
    }
    if reference is not None:
        shared = len(tally.cases & reference.get(check, frozenset()))
        entry["reference_fails"] = shared
        if shared == len(tally.cases):
            entry["note"] = "the reference fails it too, in the same cases: the model or the case, not this provider"
        elif shared:
            entry["note"] = f"the reference fails it too in {shared} of these cases"
    return entry
