"""Reads a request of the Messages API as the chat-completions request that asks the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from trueweight.core.json_value import JsonObject
from trueweight.fleet.errors import RefusedError

_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}
_BUDGET: Final = 1024
"""Fewest tokens of a thinking budget."""


def refuse(param: str, message: str) -> NoReturn:
    """Refuse a field.

    Raises:
        RefusedError: always.
    """
    raise RefusedError(f"{param}: {message}", param=param, code="invalid_value")


def chat_settings(body: Mapping[str, Any]) -> JsonObject:
    """Stop sequences, output format and thinking of a request, under their names in chat completions.

    Raises:
        RefusedError: for a value that the API does not take.
    """
    out: JsonObject = {}
    temperature = body.get("temperature")
    if isinstance(temperature, int | float) and temperature > 1:
        refuse("temperature", "range: 0..1")
    if (stop := body.get("stop_sequences")) is not None:
        if not isinstance(stop, list) or not all(isinstance(one, str) and one.strip() for one in stop):
            refuse("stop_sequences", "each stop sequence must contain non-whitespace.")
        out["stop"] = stop
    return out | _thinking(body) | _output(body.get("output_config"))


def _thinking(body: Mapping[str, Any]) -> JsonObject:
    given = body.get("thinking")
    if given is None:
        return {}
    kind = given.get("type") if isinstance(given, Mapping) else None
    if kind not in ("enabled", "disabled", "adaptive"):
        refuse("thinking.type", "expected enabled, disabled or adaptive.")
    if kind == "enabled":
        budget = given.get("budget_tokens")
        if not isinstance(budget, int) or not _BUDGET <= budget < body.get("max_tokens", budget + 1):
            refuse("thinking.budget_tokens", f"expected at least {_BUDGET} and less than max_tokens.")
    return {"reasoning_effort": "none"} if kind == "disabled" else {}


def _output(config: Any) -> JsonObject:
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        refuse("output_config", "expected an object.")
    out: JsonObject = {"reasoning_effort": config["effort"]} if config.get("effort") is not None else {}
    wanted = config.get("format")
    if wanted is not None:
        if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
            refuse("output_config.format.type", "expected json_schema.")
        spec = {"name": "output", "schema": wanted.get("schema"), "strict": True}
        out["response_format"] = {"type": "json_schema", "json_schema": spec}
    return out


def chat_tools(body: Mapping[str, Any]) -> JsonObject:
    """Tools and the choice among them.

    Raises:
        RefusedError: for a tool without a schema of its input, and for an unknown choice.
    """
    out: JsonObject = {}
    if (tools := body.get("tools")) is not None:
        if not isinstance(tools, list):
            refuse("tools", "expected a list.")
        out["tools"] = [_tool(tool, f"tools.{at}") for at, tool in enumerate(tools)]
    choice = body.get("tool_choice")
    if choice is None:
        return out
    kind = choice.get("type") if isinstance(choice, Mapping) else None
    if kind == "tool":
        out["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    elif kind in _CHOICES:
        out["tool_choice"] = _CHOICES[kind]
    else:
        refuse("tool_choice.type", "expected auto, any, tool or none.")
    return out | ({"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") else {})


def _tool(tool: Any, param: str) -> JsonObject:
    if not isinstance(tool, Mapping) or tool.get("type", "custom") != "custom":
        refuse(param, "expected a custom tool.")
    if not isinstance(tool.get("input_schema"), Mapping) or tool["input_schema"].get("type") != "object":
        refuse(f"{param}.input_schema", "expected a schema of the type object.")
    _cache(tool, param)
    function = {key: tool[key] for key in ("name", "description", "strict") if key in tool}
    return {"type": "function", "function": function | {"parameters": tool["input_schema"]}}


def _cache(block: Mapping[str, Any], param: str) -> None:
    control = block.get("cache_control")
    if control is not None and (not isinstance(control, Mapping) or control.get("type") != "ephemeral"):
        refuse(f"{param}.cache_control", "expected the type ephemeral.")


def chat_messages(body: Mapping[str, Any]) -> list[JsonObject]:
    """The system blocks, each as a message, and the messages.

    Raises:
        RefusedError: for a role or a block that the API does not take.
    """
    system, messages = body.get("system"), body.get("messages")
    if not isinstance(messages, list) or not messages:
        refuse("messages", "at least one message is required.")
    out: list[JsonObject] = [{"role": "system", "content": system}] if isinstance(system, str) else []
    if not isinstance(system, str | list | None):
        refuse("system", "expected a text or a list of blocks.")
    for at, block in enumerate(system if isinstance(system, list) else ()):
        out.append({"role": "system", "content": _text_of(block, f"system.{at}")})
    for at, message in enumerate(messages):
        out += _message(message, f"messages.{at}")
    return out


def _message(message: Any, param: str) -> Iterator[JsonObject]:
    role = message.get("role") if isinstance(message, Mapping) else None
    if role not in ("user", "assistant"):
        refuse(f"{param}.role", f"{role!r} is neither user nor assistant.")
    content = message.get("content")
    if isinstance(content, str) and content:
        yield {"role": role, "content": content}
        return
    if not isinstance(content, list) or not content:
        refuse(f"{param}.content", "expected a text or a list of blocks, not empty.")
    yield from _user(content, param) if role == "user" else [_assistant(content, param)]


def _user(blocks: list[Any], param: str) -> Iterator[JsonObject]:
    said: list[JsonObject] = []
    for at, block in enumerate(blocks):
        where = f"{param}.content.{at}"
        if _kind(block, where) == "tool_result":
            if said:
                refuse(where, "tool_result blocks come before other blocks.")
            _cache(block, where)
            given = block.get("content", "")
            parts = given if isinstance(given, str) else [_part(one, where) for one in given]
            yield {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": parts}
        else:
            said.append(_part(block, where))
    if said:
        alone = len(said) == 1 and said[0]["type"] == "text"
        yield {"role": "user", "content": said[0]["text"] if alone else said}


def _assistant(blocks: list[Any], param: str) -> JsonObject:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[JsonObject] = []
    for at, block in enumerate(blocks):
        where = f"{param}.content.{at}"
        match _kind(block, where):
            case "text":
                texts.append(_text_of(block, where))
            case "thinking":
                if not isinstance(block.get("thinking"), str) or not isinstance(block.get("signature"), str):
                    refuse(where, "a thinking block has thinking and signature.")
                thoughts.append(block["thinking"])
            case "redacted_thinking":
                pass
            case "tool_use":
                if not isinstance(block.get("input"), Mapping):
                    refuse(f"{where}.input", "expected an object.")
                function = {"name": block.get("name"), "arguments": json.dumps(block["input"], ensure_ascii=False)}
                calls.append({"id": block.get("id"), "type": "function", "function": function})
            case kind:
                refuse(where, f"an assistant has no blocks of the type {kind}.")
    out: JsonObject = {"role": "assistant", "content": "".join(texts) or None}
    out |= {"reasoning_content": "".join(thoughts)} if thoughts else {}
    return out | ({"tool_calls": calls} if calls else {})


def _kind(block: Any, param: str) -> str:
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        refuse(param, "expected a block with a type.")
    return str(block["type"])


def _text_of(block: Any, param: str) -> str:
    if _kind(block, param) != "text" or not isinstance(block.get("text"), str) or not block["text"]:
        refuse(param, "expected a text block with text.")
    _cache(block, param)
    return str(block["text"])


def _part(block: Any, param: str) -> JsonObject:
    if _kind(block, param) == "text":
        return {"type": "text", "text": _text_of(block, param)}
    source = block.get("source")
    if block["type"] != "image" or not isinstance(source, Mapping):
        refuse(param, f"no block of the type {block['type']} is taken here.")
    url = source.get("url") or f"data:{source.get('media_type')};base64,{source.get('data')}"
    return {"type": "image_url", "image_url": {"url": url}}
