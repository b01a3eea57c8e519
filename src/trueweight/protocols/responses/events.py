"""The channel on which an event of Responses carries tokens, and a preview of an event for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trueweight.core import Channel, Event
from trueweight.protocols.json_text import preview_json
from trueweight.protocols.responses.items import CALL_TEXTS

_CHANNELS: Final[Mapping[str, Channel]] = {
    "response.output_text.delta": Channel.CONTENT,
    "response.refusal.delta": Channel.REFUSAL,
    "response.reasoning_text.delta": Channel.REASONING,
    "response.reasoning_summary_text.delta": Channel.REASONING,
    "response.function_call_arguments.delta": Channel.TOOL,
    "response.custom_tool_call_input.delta": Channel.TOOL,
}
_PREVIEWED: Final = ("delta", "text", "arguments", "part", "item", "error", "message")


def channels_of(event: Event) -> frozenset[Channel]:
    """The channels of an event: those of a delta that is not empty, or of the item that begins a call."""
    data = event.data
    if not isinstance(data, dict):
        return frozenset()
    kind = data.get("type")
    channel = _CHANNELS.get(kind) if isinstance(kind, str) else None
    if channel is not None:
        return frozenset({channel}) if isinstance(data.get("delta"), str) and data["delta"] else frozenset()
    item = data.get("item")
    begins = kind == "response.output_item.added" and isinstance(item, dict)
    if begins and isinstance(item, dict) and item.get("type") in CALL_TEXTS and item.get("name"):
        return frozenset({Channel.TOOL})
    return frozenset()


def preview(data: Any) -> str:
    """``output_text.delta "Hi"``, ``completed  usage {…}``, ``output […]``; "" if it is neither event nor response."""
    if not isinstance(data, dict):
        return ""
    kind = data.get("type")
    if isinstance(kind, str) and (kind.startswith("response.") or kind == "error"):
        return "  ".join([kind.removeprefix("response."), *_parts(data), *_of_response(data.get("response"))])
    return "  ".join(_of_response(data)) if isinstance(data.get("output"), list) else ""


def _parts(event: Mapping[str, Any]) -> list[str]:
    named = [(name, event[name]) for name in _PREVIEWED if event.get(name) is not None]
    return [preview_json(value) if name == "delta" else f"{name} {preview_json(value)}" for name, value in named]


def _of_response(response: Any) -> list[str]:
    if not isinstance(response, Mapping):
        return []
    shown = ("status", "incomplete_details", "error", "output", "usage")
    return [f"{name} {preview_json(response[name])}" for name in shown if response.get(name)]
