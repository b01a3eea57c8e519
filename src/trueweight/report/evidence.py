"""Evidence: one trial with its exchange, its reply and its findings; and its events, one line each."""

from __future__ import annotations

from dataclasses import dataclass

from trueweight.core import PROTOCOLS, Event, Exchange, Finding, Reply
from trueweight.report.text import visible


@dataclass(frozen=True, slots=True)
class Evidence:
    """One judged trial, for the report.

    Attributes:
        case: ``suite/id``.
        mode: the way it was sent: ``plain``, ``stream``, or one of them with thinking switched.
        reply: None when no answer arrived.
        findings: of every check that applied.
    """

    trial: str
    provider: str
    case: str
    mode: str
    repeat: int
    exchange: Exchange
    reply: Reply | None
    findings: tuple[Finding, ...] = ()


def preview(event: Event, api: str, limit: int) -> str:
    """``delta {"content":"Hi"}  finish_reason "stop"``, as the API's protocol shortens it; else the raw text.

    Args:
        api: name of the protocol.
        limit: most characters.
    """
    return visible(PROTOCOLS.get(api).preview(event.data) or event.raw, limit=limit)
