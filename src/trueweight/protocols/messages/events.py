"""The channels on which an event of the Messages API carries tokens, and a preview of it for people."""

from __future__ import annotations

from typing import Any, Final

from trueweight.core import Channel, Event
from trueweight.core.json_value import JsonObject
from trueweight.protocols.json_text import preview_json

DELTAS: Final = {
    "text_delta": ("text", Channel.CONTENT),
    "thinking_delta": ("thinking", Channel.REASONING),
    "input_json_delta": ("partial_json", Channel.TOOL),
}
"""Type of a delta with tokens → the name of its text, and the channel of the tokens."""
_STARTS: Final = {
    "text": ("text", Channel.CONTENT),
    "thinking": ("thinking", Channel.REASONING),
    "tool_use": ("name", Channel.TOOL),
}
_NOTHING: Final = frozenset[Channel]()
_SHOWN: Final = ("message", "content_block", "delta", "content", "error", "stop_reason", "usage")


def channels_of(event: Event) -> frozenset[Channel]:
    """The channel of a delta with text, or of a block that starts with a tool's name or with text."""
    data = event.data
    if not isinstance(data, dict):
        return _NOTHING
    if data.get("type") == "content_block_delta":
        return _channel(data.get("delta"), DELTAS)
    if data.get("type") == "content_block_start":
        return _channel(data.get("content_block"), _STARTS)
    return _NOTHING


def _channel(part: Any, known: dict[str, tuple[str, Channel]]) -> frozenset[Channel]:
    name, channel = known.get(str(part.get("type")), ("", None)) if isinstance(part, dict) else ("", None)
    return frozenset({channel}) if channel is not None and isinstance(part.get(name), str) and part[name] else _NOTHING


def preview(data: Any) -> str:
    """``content_block_delta 0 {"type":"text_delta","text":"Hi"}``; "" if it is neither an event nor a message."""
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        return ""
    index = [preview_json(data["index"])] if "index" in data else []
    return " ".join([data["type"], *index, *_parts(data)])


def _parts(data: JsonObject) -> list[str]:
    shown = [name for name in _SHOWN if data.get(name) not in (None, [])]
    if len(shown) == 1:
        return [preview_json(data[shown[0]])]
    return [f"{name} {preview_json(data[name])}" for name in shown]
