"""Evidence: one trial with its exchange, its reply and its findings."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core import Exchange, Finding, Mode, Reply


@dataclass(frozen=True, slots=True)
class Evidence:
    """One judged trial, for the report.

    Attributes:
        case: ``suite/id``.
        reply: None when no answer arrived.
        findings: of every check that applied.
    """

    trial: str
    provider: str
    case: str
    mode: Mode
    repeat: int
    exchange: Exchange
    reply: Reply | None
    findings: tuple[Finding, ...] = ()
