"""Findings: the result of one check for one reply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trueweight.core.case import Severity
from trueweight.core.reply import Span


class Outcome(StrEnum):
    """Whether a reply meets the requirement of a check. ``unsupported``: the server says that it lacks the feature."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check for one reply, with its evidence.

    Attributes:
        message: what was found, in one sentence; model text inside it is quoted, not escaped.
        expected, got: the two sides, as short text.
        spans: where in the reply's body the evidence is.
    """

    check: str
    outcome: Outcome
    severity: Severity
    message: str = ""
    expected: str = ""
    got: str = ""
    spans: tuple[Span, ...] = ()
