"""Findings: what one check says of one reply."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trueweight.core.case import Severity
from trueweight.core.reply import Span


class Outcome(StrEnum):
    """What a check concludes."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class CheckInfo:
    """What a check is, apart from any reply.

    Attributes:
        id: stable name in kebab case.
        law: what must hold, in one line.
        severity: of a failure, when the case does not name this check itself.
        source: link to the clause or the bug report.
        row: the failure mode it detects, in the project's numbered list; 0 if none.
        why: what breaks in a client when the law is broken.
        fix: what the operator of the server should look at.
        engine: whether only the serving stack can break it, whatever the model says.
        paired: whether it judges several replies together.
        field: of a check of several replies: the field that it compares, where its evidence stands in each of them.
    """

    id: str
    law: str
    severity: Severity
    source: str = ""
    row: int = 0
    why: str = ""
    fix: str = ""
    engine: bool = False
    paired: bool = False
    field: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's word on a reply, with its evidence.

    Attributes:
        message: what was found, in one sentence; model text inside it is quoted, not escaped.
        expected, got: the two sides, as short text.
        spans: where in the reply's body the evidence stands.
    """

    check: str
    outcome: Outcome
    severity: Severity
    message: str = ""
    expected: str = ""
    got: str = ""
    spans: tuple[Span, ...] = ()
