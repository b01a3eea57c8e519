"""Parts of contents, under the names that chat completions, Responses and Messages have for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.core.json_value import JsonObject

MESSAGES_PARTS: Final = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking"})
"""Types of parts that the Messages API alone has."""
TEXTS: Final = frozenset({"text", "input_text", "output_text"})


class NotInChatError(Exception):
    """Chat completions cannot express a request; the message says why, as ``it has a part of type document``."""


def object_in(value: Any) -> Mapping[str, Any]:
    """The value if it is an object; else an empty one."""
    return value if isinstance(value, Mapping) else {}


def parts_in(content: Any) -> list[Mapping[str, Any]]:
    """The parts of a content that are objects; none if it is no list."""
    return [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []


def kind_of(part: Any) -> str:
    """The type of a part; "" if it has none that is a text."""
    kind = part.get("type") if isinstance(part, Mapping) else None
    return kind if isinstance(kind, str) else ""


def text_of(content: Any) -> str:
    """The text of a content: itself, or its text parts joined."""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in parts_in(content) if isinstance(part.get("text"), str))


def chat_content(content: Any) -> Any:
    """A content of Responses or Messages as chat completions has it: one text as a text, or parts in their order.

    Raises:
        NotInChatError: if it has a part that chat completions does not have.
    """
    if not isinstance(content, list):
        return content
    parts = [_part(part) for part in content]
    return parts[0]["text"] if len(parts) == 1 and parts[0]["type"] == "text" else parts


def _part(part: Any) -> JsonObject:
    kind = kind_of(part)
    match part:
        case {"text": str(text)} if kind in TEXTS:
            return {"type": "text", "text": text}
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "input_image", "image_url": str(url)}:
            detail = {"detail": part["detail"]} if isinstance(part.get("detail"), str) else {}
            return {"type": "image_url", "image_url": {"url": url, **detail}}
        case {"type": "input_file", "file_data": str(data)}:
            name = {"filename": part["filename"]} if isinstance(part.get("filename"), str) else {}
            return {"type": "file", "file": {**name, "file_data": data}}
        case {"type": "image", "source": {"type": "base64", "media_type": str(form), "data": str(data)}}:
            return {"type": "image_url", "image_url": {"url": f"data:{form};base64,{data}"}}
        case {"type": "image", "source": {"type": "url", "url": str(url)}}:
            return {"type": "image_url", "image_url": {"url": url}}
    if isinstance(part, Mapping) and ("file_id" in part or _is_stored(part.get("source"))):
        raise NotInChatError("it has a file that the server keeps")
    form = f"type {kind}" if kind else "no type"
    raise NotInChatError(f"it has a part of {form}, which chat completions does not have")


def _is_stored(source: Any) -> bool:
    return isinstance(source, Mapping) and source.get("type") == "file"


def other_keys(values: Sequence[Any], known: frozenset[str], prefix: str) -> list[str]:
    """The keys of objects that are not known, each once, after a prefix; for the account of what is not sent."""
    found = {key: None for value in values if isinstance(value, Mapping) for key in value if key not in known}
    return [f"{prefix}.{key}" for key in found]
