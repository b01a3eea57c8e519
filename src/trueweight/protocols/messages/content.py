"""A conversation of chat completions as system blocks and messages of the Messages API."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from trueweight.core.json_value import JsonObject

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+);base64,(?P<data>.*)", re.DOTALL)
_CACHE: Final = "cache_control"


class InexpressibleError(Exception):
    """The API cannot express a part of a request; the message says which, e.g. ``it has no names of messages``."""


class MessagesPrompt(NamedTuple):
    """The conversation of a request.

    Attributes:
        system: a text, or text blocks; None if there is no system message.
    """

    system: str | list[JsonObject] | None
    messages: list[Any]


def conversation(messages: Any) -> MessagesPrompt:
    """The messages of a chat-completions request as this API has them.

    Results of tools, and what the user writes after them, become one user message. A thought of an earlier turn is a
    block before the other blocks of its turn.

    Raises:
        InexpressibleError: if the API has no form for a part of them.
    """
    if not isinstance(messages, list | tuple) or not all(isinstance(one, Mapping) for one in messages):
        raise InexpressibleError("its messages are not a list of objects")
    first = next(
        (at for at, one in enumerate(messages) if one.get("role") not in ("system", "developer")), len(messages)
    )
    for one in messages:
        _refuse_fields(one)
    out: list[JsonObject] = []
    for one in messages[first:]:
        _take(out, one)
    return MessagesPrompt(_system(messages[:first]), out)


def _refuse_fields(message: Mapping[str, Any]) -> None:
    if message.get("tools"):
        raise InexpressibleError("it has no tools in messages")
    for name in ("name", "audio", "function_call"):
        if message.get(name) is not None:
            raise InexpressibleError(f"its messages have no {name}")


def _system(messages: Sequence[Mapping[str, Any]]) -> str | list[JsonObject] | None:
    if len(messages) == 1 and isinstance(messages[0].get("content"), str):
        return str(messages[0]["content"])
    return [block for message in messages for block in _blocks(message.get("content"), images=False)] or None


def _take(out: list[JsonObject], message: Mapping[str, Any]) -> None:
    match message.get("role"):
        case "user":
            content = message.get("content")
            if out and _is_results(out[-1]):
                out[-1]["content"] += _blocks(content)
            else:
                out.append({"role": "user", "content": content if isinstance(content, str) else _blocks(content)})
        case "assistant":
            out.append({"role": "assistant", "content": _turn(message)})
        case "tool":
            if not out or not _is_results(out[-1]):
                out.append({"role": "user", "content": []})
            out[-1]["content"].append(_result(message))
        case "system" | "developer":
            raise InexpressibleError("it has system messages at the beginning only")
        case role:
            raise InexpressibleError(f"it has no messages of the role {role}")


def _is_results(message: Mapping[str, Any]) -> bool:
    content = message["content"]
    return (
        message["role"] == "user"
        and isinstance(content, list)
        and bool(content)
        and content[0]["type"] == "tool_result"
    )


def _result(message: Mapping[str, Any]) -> JsonObject:
    content = message.get("content")
    block: JsonObject = {"type": "tool_result", "tool_use_id": message.get("tool_call_id")}
    block |= {} if content is None else {"content": content if isinstance(content, str) else _blocks(content)}
    return block | {key: message[key] for key in (_CACHE, "is_error") if key in message}


def _turn(message: Mapping[str, Any]) -> str | list[JsonObject]:
    """The content of an assistant message: its text if it has nothing else, or its blocks in their order."""
    content, calls = message.get("content"), message.get("tool_calls") or ()
    thoughts = list(_thoughts(message))
    if isinstance(content, str) and content and not calls and not thoughts:
        return content
    blocks = [*thoughts, *_blocks(content or ()), *map(_tool_use, calls)]
    if isinstance(message.get("refusal"), str):
        blocks.append({"type": "text", "text": message["refusal"]})
    if not blocks:
        raise InexpressibleError("it has no empty messages")
    return blocks


def _thoughts(message: Mapping[str, Any]) -> Iterable[JsonObject]:
    """Blocks with the thought, with its signature where the case has one."""
    details = message.get("reasoning_details")
    for part in details if isinstance(details, list | tuple) else ():
        if part.get("type") == "reasoning.encrypted":
            yield {"type": "redacted_thinking", "data": part.get("data", "")}
        elif isinstance(text := part.get("text"), str):
            yield {"type": "thinking", "thinking": text, "signature": part.get("signature") or _signature(text)}
    text = message.get("reasoning_content")
    if not details and isinstance(text, str) and text:
        yield {"type": "thinking", "thinking": text, "signature": _signature(text)}


def _signature(thought: str) -> str:
    """A signature for a thought that has none. The API requires the field; hosts of open models verify no signature."""
    return base64.b64encode(hashlib.sha256(thought.encode("utf-8", "surrogatepass")).digest()).decode("ascii")


def _tool_use(call: Any) -> JsonObject:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping):
        raise InexpressibleError("it has no calls of custom tools")
    try:
        given = json.loads(function.get("arguments") or "{}")
    except (TypeError, ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise InexpressibleError("its calls have no arguments that are not a JSON object")
    return {"type": "tool_use", "id": call.get("id"), "name": function.get("name"), "input": given}


def _blocks(content: Any, *, images: bool = True) -> list[JsonObject]:
    """The blocks of a message's content: a text, or parts."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list | tuple):
        raise InexpressibleError("it has no messages without content")
    return [_block(part, images=images) for part in content]


def _block(part: Any, *, images: bool) -> JsonObject:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind == "text":
        return {key: part[key] for key in ("type", "text", _CACHE) if key in part}
    if kind == "image_url" and images:
        return {"type": "image", "source": _source(part)}
    raise InexpressibleError(f"it has no parts of the type {kind}")


def _source(part: Mapping[str, Any]) -> JsonObject:
    image = part.get("image_url")
    url = str(image.get("url", "")) if isinstance(image, Mapping) else ""
    inline = _DATA_URL.fullmatch(url)
    if inline is None:
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": inline["type"], "data": inline["data"]}
