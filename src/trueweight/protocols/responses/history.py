"""The messages of a case as input items. What has no item is a reason why Responses cannot express the case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.core import digest
from trueweight.core.json_value import JsonObject

_THOUGHT: Final = "reasoning_content"
_INPUT_PARTS: Final = {"text": "input_text", "image_url": "input_image", "file": "input_file"}
_OUTPUT_PARTS: Final = {"text": "output_text", "refusal": "refusal"}


class Conversation(NamedTuple):
    """A conversation in the shape of Responses.

    Attributes:
        instructions: the text of a first system message; None if there is none.
        items: every other message, in order.
    """

    instructions: str | None
    items: list[Any]


def conversation_of(messages: Sequence[Any]) -> Conversation:
    """The messages as instructions and input items. Malformed messages become items that are malformed alike."""
    instructions = None
    match messages:
        case [{"role": "system", "content": str(text), **more}, *rest] if not more:
            instructions, messages = text, rest
    return Conversation(instructions, [item for at, message in enumerate(messages) for item in _items(message, at)])


def inexpressible_in(messages: Any) -> str:
    """Why the messages have no input items; "" if they have."""
    if not isinstance(messages, list | tuple) or not messages:
        return "its input is no list of messages, and what is wrong with that list is not wrong here"
    for message in messages:
        if isinstance(message, Mapping) and (reason := _problem(message)):
            return reason
    return ""


def _problem(message: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one line for each reason
    if "tools" in message:
        return "a message cannot declare tools"
    if "name" in message:
        return "a message has no name"
    if "function_call" in message or message.get("role") == "function":
        return "it has no legacy functions"
    if message.get("role") == "tool" and not isinstance(message.get("tool_call_id"), str):
        return "the result of a call without an id is not malformed alike"
    calls = message.get("tool_calls")
    if calls is not None and not (isinstance(calls, list | tuple) and all(isinstance(c, Mapping) for c in calls)):
        return "tool calls are items, so that a malformed list of them does not exist"
    parts = message.get("content")
    for part in parts if isinstance(parts, list | tuple) else ():
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind in ("input_audio", "video_url"):
            return f"it has no part of type {kind}"
    return ""


def _items(message: Any, at: int) -> Iterator[Any]:
    if not isinstance(message, Mapping):
        yield message
    elif message.get("role") == "assistant":
        yield from _of_assistant(message, at)
    elif message.get("role") == "tool":
        output = _parts(message.get("content"), _INPUT_PARTS)
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": output}
    else:
        kept = {key: value for key, value in message.items() if key != "content"}
        content = {"content": _parts(message["content"], _INPUT_PARTS)} if "content" in message else {}
        yield {"type": "message", **kept, **content}


def _of_assistant(message: Mapping[str, Any], at: int) -> Iterator[JsonObject]:
    """A thought, then the text, then the calls, in the order in which a response has them."""
    thought = message.get(_THOUGHT)
    if isinstance(thought, str) and thought:
        content = [{"type": "reasoning_text", "text": thought}]
        yield {"type": "reasoning", "id": f"rs_{digest([at, thought])[:24]}", "summary": [], "content": content}
    text = message.get("content")
    if isinstance(text, str) and (text or not message.get("tool_calls")):
        yield {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    elif isinstance(text, list | tuple):
        yield {"type": "message", "role": "assistant", "content": _parts(text, _OUTPUT_PARTS)}
    for call in message.get("tool_calls") or ():
        function = call.get("function")
        function = function if isinstance(function, Mapping) else {}
        yield {
            "type": "function_call",
            "call_id": call.get("id"),
            "name": function.get("name"),
            "arguments": function.get("arguments"),
        }


def _parts(content: Any, names: Mapping[str, str]) -> Any:
    """The content with its parts under the names that Responses has for them; other values stay as they are."""
    if not isinstance(content, list | tuple):
        return content
    return [_part(part, names) if isinstance(part, Mapping) else part for part in content]


def _part(part: Mapping[str, Any], names: Mapping[str, str]) -> JsonObject:
    kind = part.get("type")
    rest = {key: value for key, value in part.items() if key != "type"}
    if not isinstance(kind, str) or kind not in names:
        return dict(part)
    if kind == "image_url" and isinstance(rest.get("image_url"), Mapping):
        image = rest["image_url"]
        return {"type": names[kind], "image_url": image.get("url"), "detail": image.get("detail", "auto")}
    if kind == "file" and isinstance(rest.get("file"), Mapping):
        return {"type": names[kind], **rest["file"]}
    return {"type": names[kind], **rest}
