"""An event of a stream in one line: what it adds, without the envelope that every event repeats."""

from __future__ import annotations

from trueweight.core import PROTOCOLS, Event
from trueweight.report.text import visible


def preview(event: Event, api: str, limit: int) -> str:
    """``delta {"content":"Hi"}  finish_reason "stop"``, as the API's protocol shortens it; else the raw text.

    Args:
        api: name of the protocol.
        limit: most characters.
    """
    return visible(PROTOCOLS.get(api).preview(event.data) or event.raw, limit=limit)
