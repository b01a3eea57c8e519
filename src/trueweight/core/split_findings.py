"""The findings of a reply, split by outcome; once for all replies that have the same ones.

A reply has some fifty findings, and a run a million replies: most have one of a few tuples of findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trueweight.core.case import SEVERE, Severity
from trueweight.core.observation import Finding, Outcome

_MOST: Final = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class SplitFindings:
    """The findings of a reply: a key by which replies with the same ones are counted together.

    Attributes:
        all: those that were split.
        judged: the checks that pass or fail, in order.
        failed: the findings that fail.
        severe_passed, severe_failed: the MUST and SHOULD checks that pass and that fail.
        unsupported: whether the provider says of one that it lacks the feature.
        outcomes: severity → the outcomes of its checks.
    """

    all: tuple[Finding, ...]
    judged: tuple[str, ...]
    failed: tuple[Finding, ...]
    severe_passed: frozenset[str]
    severe_failed: frozenset[str]
    unsupported: bool
    outcomes: Mapping[Severity, frozenset[Outcome]]


_KNOWN: Final[dict[int, SplitFindings]] = {}


def split(findings: tuple[Finding, ...]) -> SplitFindings:
    """The findings, split."""
    # What is kept holds the tuple, so no other one gets its identity.
    found = _KNOWN.get(id(findings))
    if found is None:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        found = _KNOWN[id(findings)] = _split(findings)
    return found


def _split(findings: tuple[Finding, ...]) -> SplitFindings:
    failed = tuple(one for one in findings if one.outcome is Outcome.FAIL)
    passed = tuple(one for one in findings if one.outcome is Outcome.PASS)
    return SplitFindings(
        findings,
        tuple(one.check for one in findings if one.outcome in (Outcome.PASS, Outcome.FAIL)),
        failed,
        frozenset(one.check for one in passed if one.severity in SEVERE),
        frozenset(one.check for one in failed if one.severity in SEVERE),
        any(one.outcome is Outcome.UNSUPPORTED for one in findings),
        {
            severity: frozenset(one.outcome for one in findings if one.severity is severity)
            for severity in {one.severity for one in findings}
        },
    )
