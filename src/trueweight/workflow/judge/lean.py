"""Observations as a run keeps them: without evidence, which the exchange has, and with equal parts shared."""

from __future__ import annotations

from dataclasses import replace
from sys import intern
from typing import Final

from msgspec.structs import replace as replace_struct

from trueweight.checks import wordless_pass
from trueweight.core import Finding, Observation, Outcome


def lean(seen: Observation, compared_as: str) -> Observation:
    """A smaller copy, because a run keeps thousands in memory. It names the API with which it is compared."""
    return replace_struct(
        seen,
        trial=intern(seen.trial),
        provider=intern(seen.provider),
        suite=intern(seen.suite),
        api=intern(seen.api),
        compared_as=intern(compared_as),
        case=intern(seen.case),
        findings=shared(tuple(map(_small, seen.findings))),
    )


_SHARED: Final[dict[tuple[int, ...], tuple[Finding, ...]]] = {}


def shared(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The same findings; one tuple for all replies that pass the same checks."""
    # Passes without words are one object each and stay, so their identities name them: equal tuples take 50 times as
    # long to find.
    key = tuple(map(id, findings))
    found = _SHARED.get(key)
    if found is None:
        found = findings
        if all(one is wordless_pass(one.check, one.severity) for one in findings):
            _SHARED[key] = findings
    return found


def _small(finding: Finding) -> Finding:
    if finding.outcome is Outcome.PASS:
        return wordless_pass(finding.check, finding.severity)
    return replace(finding, expected="", got="", spans=())
