"""Observations as a run keeps them: without evidence, which the exchange has, with equal parts shared, and as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from sys import intern
from typing import Any, Final, get_type_hints

from msgspec.structs import replace as replace_struct

from trueweight.checks import wordless_pass
from trueweight.core import Finding, Observation, Outcome


def lean(seen: Observation, compared_as: str) -> Observation:
    """A smaller copy, because a run keeps thousands in memory. It names the API with which it is compared."""
    return replace_struct(
        seen,
        provider=intern(seen.provider),
        suite=intern(seen.suite),
        api=intern(seen.api),
        compared_as=intern(compared_as),
        case=intern(seen.case),
        findings=shared(tuple(map(_small, seen.findings))),
    )


_MOST: Final = 20_000
"""Findings, and tuples of them, that are found again."""
_SHARED: Final[dict[tuple[int, ...], tuple[Finding, ...]]] = {}


def shared(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The same findings; one tuple for all replies with the same ones."""
    # Identities are found fifty times as fast as equal tuples. What is kept holds its findings, so these keep theirs.
    key = tuple(map(id, findings))
    found = _SHARED.get(key)
    if found is None:
        if len(_SHARED) >= _MOST:
            _SHARED.clear()
        found = _SHARED[key] = findings
    return found


_FINDINGS: Final[dict[Finding, Finding]] = {}


def _small(finding: Finding) -> Finding:
    """The finding without its evidence: one object for all that are equal then."""
    if finding.outcome is Outcome.PASS:
        return wordless_pass(finding.check, finding.severity)
    if len(_FINDINGS) >= _MOST:
        _FINDINGS.clear()
    small = replace(finding, expected="", got="", spans=())
    return _FINDINGS.setdefault(small, small)


def row_type(of: type, names: Sequence[str]) -> Any:
    """The type of a tuple with these fields of a class, as ``operator.attrgetter`` makes it: msgspec reads it so."""
    hints = get_type_hints(of)
    return tuple.__class_getitem__(tuple(hints[name] for name in names))
