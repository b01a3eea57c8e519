"""The channels on which a chunk of a chat completion carries tokens, and a preview of it for people."""

from __future__ import annotations

from typing import Any

from trueweight.core import Channel, Event
from trueweight.core.json_value import JsonObject
from trueweight.protocols.chat.reasoning import carries_thought
from trueweight.protocols.json_text import preview_json

_FIELDS = (
    ("content", Channel.CONTENT),
    ("refusal", Channel.REFUSAL),
)
_PREVIEWED_CHOICES = 4


def channels_of(event: Event) -> frozenset[Channel]:
    """The channels on which a chunk carries tokens, over all its choices.

    A role, usage or a finish reason is not a token. A fragment of a call is one if it has a name or arguments.
    """
    choices = event.data.get("choices") if isinstance(event.data, dict) else None
    if not isinstance(choices, list):
        return frozenset()
    found: set[Channel] = set()
    for choice in choices:
        delta = choice.get("delta") or choice.get("message") if isinstance(choice, dict) else None
        if isinstance(delta, dict):
            for name, channel in _FIELDS:
                if (text := delta.get(name)) and isinstance(text, str):
                    found.add(channel)
            if carries_thought(delta):
                found.add(Channel.REASONING)
            entries = delta.get("tool_calls")
            if _is_begun(delta.get("function_call")) or (isinstance(entries, list) and any(map(_brings_call, entries))):
                found.add(Channel.TOOL)
    return frozenset(found)


def _brings_call(entry: Any) -> bool:
    return isinstance(entry, dict) and _is_begun(entry.get("function"))


def _is_begun(function: Any) -> bool:
    return isinstance(function, dict) and bool(function.get("name") or function.get("arguments"))


def preview(data: Any) -> str:
    """``delta {"content":"Hi"}  finish_reason "stop"``, ``usage {…}``; "" if it is neither chunk nor completion."""
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        return ""
    parts = [part for choice in choices[:_PREVIEWED_CHOICES] for part in _of_choice(choice)]
    parts += [f"{key} {preview_json(data[key])}" for key in ("usage", "error") if data.get(key)]
    return "  ".join(parts)


def _of_choice(choice: JsonObject) -> list[str]:
    parts = [f"{key} {preview_json(choice[key])}" for key in ("delta", "message") if key in choice]
    if choice.get("index") not in (0, None):
        parts.insert(0, f"choice {preview_json(choice['index'])}")
    if choice.get("finish_reason") is not None:
        parts.append(f"finish_reason {preview_json(choice['finish_reason'])}")
    return parts
