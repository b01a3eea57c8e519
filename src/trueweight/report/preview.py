"""A stream's event in a few words: what it adds, without the envelope that every event repeats."""

from __future__ import annotations

import json
from typing import Any

from trueweight.core import Event
from trueweight.report.text import visible


def gist(event: Event, limit: int) -> str:
    """``delta {"content":"Hi"}  finish_reason "stop"``, ``usage {…}``; the raw text where it is nothing of the kind."""
    data = event.data
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return visible(event.raw, limit=limit)
    parts = [part for choice in choices[:4] for part in _choice(choice)]
    if data.get("usage"):
        parts.append(f"usage {_json(data['usage'])}")
    if data.get("error"):
        parts.append(f"error {_json(data['error'])}")
    return visible("  ".join(parts) or event.raw, limit=limit)


def _choice(choice: dict[str, Any]) -> list[str]:
    parts = []
    for key in ("delta", "message"):
        if key in choice:
            parts.append(f"{key} {_json(choice[key])}")
    if choice.get("index") not in (0, None):
        parts.insert(0, f"choice {_json(choice['index'])}")
    if choice.get("finish_reason") is not None:
        parts.append(f"finish_reason {_json(choice['finish_reason'])}")
    return parts


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return "(too deep to print)"
