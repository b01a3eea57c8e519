"""A request of the Messages API in the shape of chat completions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.parts import (
    MESSAGES_PARTS,
    NotInChatError,
    chat_content,
    kind_of,
    object_in,
    other_keys,
    parts_in,
)

TAKEN: Final = frozenset(
    {"system", "messages", "tools", "tool_choice", "max_tokens", "stop_sequences", "model", "stream", "output_config"}
)
"""Fields whose counterpart is in the result."""
_OWN_FIELDS: Final = frozenset({"system", "anthropic_version", "stop_sequences", "output_config", "mcp_servers"})
_SERVER_TOOL: Final = re.compile(r"_20\d{6}$")
_WITH_SOURCE: Final = frozenset({"image", "document"})
_EFFORTS: Final = frozenset({"low", "medium", "high"})
"""Efforts that both APIs have."""
_BLOCK_KEYS: Final = frozenset(
    {"type", "text", "source", "thinking", "signature", "data", "id", "name", "input", "tool_use_id", "content"}
)
_TOOL_KEYS: Final = frozenset({"type", "name", "description", "strict", "input_schema"})


def is_messages_api(body: Mapping[str, Any], path: str = "") -> bool:
    """Whether a request with messages is one of the Messages API, by its path or by fields that only this API has."""
    if path.endswith("/messages") or _OWN_FIELDS & body.keys() or "budget_tokens" in object_in(body.get("thinking")):
        return True
    if any("input_schema" in tool or _is_server_tool(tool) for tool in parts_in(body.get("tools"))):
        return True
    blocks = (block for one in parts_in(body["messages"]) for block in parts_in(one.get("content")))
    return any(kind_of(one) in MESSAGES_PARTS or (kind_of(one) in _WITH_SOURCE and "source" in one) for one in blocks)


def _is_server_tool(tool: Mapping[str, Any]) -> bool:
    return bool(_SERVER_TOOL.search(str(tool.get("type", ""))))


def from_messages(body: Mapping[str, Any]) -> tuple[JsonObject, list[str]]:
    """The request as chat completions, and the names of fields inside its fields that have no counterpart there.

    Raises:
        NotInChatError: if chat completions cannot express it.
    """
    messages: list[JsonObject] = []
    if lead := body.get("system"):
        messages.append({"role": "system", "content": chat_content(lead)})
    for one in body["messages"]:
        if not isinstance(one, Mapping):
            raise NotInChatError("'messages' is not a list of objects")
        messages += _messages_of(one)
    out: JsonObject = {"messages": messages}
    tools = body.get("tools") or []
    if any(not isinstance(tool, Mapping) or "input_schema" not in tool for tool in tools):
        raise NotInChatError("it offers tools that run at the server")
    if tools:
        out["tools"] = [{"type": "function", "function": _function(tool)} for tool in tools]
    if choice := object_in(body.get("tool_choice")):
        named = {"type": "function", "function": {"name": choice.get("name")}}
        out["tool_choice"] = {"any": "required", "auto": "auto", "none": "none"}.get(str(choice.get("type")), named)
        out |= {"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else {}
    if isinstance(body.get("max_tokens"), int):
        out["max_tokens"] = body["max_tokens"]
    if body.get("stop_sequences"):
        out["stop"] = body["stop_sequences"]
    config = object_in(body.get("output_config"))
    written = _output(config)
    left = [f"output_config.{name}" for name in config if name not in written]
    out |= {name: part for named in written.values() for name, part in named.items()}
    return out, left + _left_inside(body, tools)


def _left_inside(body: Mapping[str, Any], tools: list[Any]) -> list[str]:
    blocks = [block for one in body["messages"] for block in parts_in(one.get("content"))]
    inner = [part for block in blocks for part in parts_in(block.get("content"))]
    left = other_keys([*parts_in(body.get("system")), *blocks, *inner], _BLOCK_KEYS, "blocks[]")
    return left + other_keys(tools, _TOOL_KEYS, "tools[]")


def _output(config: Mapping[str, Any]) -> dict[str, JsonObject]:
    """The fields of ``output_config`` that chat completions has, each as it has them."""
    found: dict[str, JsonObject] = {}
    schema = object_in(config.get("format")).get("schema")
    if isinstance(schema, Mapping):
        spec = {"name": "output", "schema": schema, "strict": True}
        found["format"] = {"response_format": {"type": "json_schema", "json_schema": spec}}
    if isinstance(config.get("effort"), str) and config["effort"] in _EFFORTS:
        found["effort"] = {"reasoning_effort": config["effort"]}
    return found


def _function(tool: Mapping[str, Any]) -> JsonObject:
    kept = {name: tool[name] for name in ("name", "description", "strict") if name in tool}
    return {**kept, "parameters": tool["input_schema"]}


def _messages_of(message: Mapping[str, Any]) -> Iterator[JsonObject]:
    """A message of the Messages API as messages of chat completions: results of tools come first, one by one."""
    role, content = message.get("role"), message.get("content")
    blocks = parts_in(content)
    for block in blocks:
        if block.get("type") == "tool_result":
            yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": _result(block.get("content"))}
    calls = [_call(block) for block in blocks if block.get("type") == "tool_use"]
    rest = [block for block in blocks if kind_of(block) not in MESSAGES_PARTS]
    shown = chat_content(rest) if isinstance(content, list) else content
    thought = "".join(str(one.get("thinking", "")) for one in blocks if one.get("type") == "thinking")
    thoughts = {"reasoning_content": thought} if thought else {}
    if calls:
        yield {"role": role, "content": shown or None, **thoughts, "tool_calls": calls}
    elif shown or thoughts:
        yield {"role": role, "content": shown or "", **thoughts}


def _call(block: Mapping[str, Any]) -> JsonObject:
    arguments = json.dumps(block.get("input") or {}, ensure_ascii=False)
    return {
        "id": block.get("id"),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": arguments},
    }


def _result(content: Any) -> Any:
    """The content of a tool's result, which has only texts in chat completions."""
    for part in parts_in(content):
        if part.get("type") != "text":
            reason = f"a result of a tool has a part of type {part.get('type')}, which chat completions does not have"
            raise NotInChatError(reason)
    return "" if content is None else chat_content(content)
