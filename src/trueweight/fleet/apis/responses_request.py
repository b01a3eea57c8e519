"""A request of Responses as the chat-completions body that asks the same. What the fleet does not do is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.fleet.apis.responses_state import conversation_before
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.validate.refuse import refuse, refuse_missing

LOGPROBS: Final = "message.output_text.logprobs"
_TEXTS: Final = ("input_text", "output_text")
_UNSUPPORTED: Final = ("conversation", "prompt", "background", "max_tool_calls")
_TAKEN: Final = (
    "input", "instructions", "max_output_tokens", "text", "reasoning", "include", "store", "truncation", "metadata",
    "previous_response_id", "tools", "tool_choice", "user", "safety_identifier", "prompt_cache_key", "service_tier",
    "stream_options",
)  # fmt: skip
"""Fields that are read here, or change nothing in this server; all others are passed on."""


def chat_body(body: Any) -> JsonObject:
    """The chat-completions body.

    Raises:
        RefusedError: for a malformed field, and for what this server does not support.
    """
    if not isinstance(body, Mapping):
        raise RefusedError("The request body must be a JSON object.")
    _check_state(body)
    out: JsonObject = {key: value for key, value in body.items() if key not in (*_TAKEN, *_UNSUPPORTED)}
    told = [] if body.get("instructions") is None else [{"role": "system", "content": body["instructions"]}]
    out["messages"] = [*told, *conversation_before(body), *messages_of({**body, "instructions": None})]
    if (limit := body.get("max_output_tokens")) is not None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            refuse("max_output_tokens", f"expected an integer of at least 1, got {limit!r}.")
        out["max_tokens"] = limit
    out |= _format(body.get("text"))
    out |= _tools(body)
    effort = body.get("reasoning")
    if isinstance(effort, Mapping) and effort.get("effort") is not None:
        out["reasoning_effort"] = effort["effort"]
    include = body.get("include") or ()
    if not isinstance(include, list | tuple):
        refuse("include", "expected a list.")
    if LOGPROBS in include or body.get("top_logprobs"):
        out["logprobs"] = True
    return out


def _check_state(body: Mapping[str, Any]) -> None:
    """Refuse the ways to keep a conversation that this server does not have."""
    for name in _UNSUPPORTED:
        if body.get(name):
            refuse(name, "it is not supported by this server.")
    if not isinstance(body.get("store"), bool | None):
        refuse("store", f"expected a boolean, got {body['store']!r}.")


def messages_of(body: Mapping[str, Any]) -> list[Any]:
    """The messages: those of the input, after the instructions.

    Raises:
        RefusedError: for a malformed input.
    """
    given = body.get("input")
    if given is None:
        refuse_missing("input")
    told = body.get("instructions")
    out: list[Any] = [] if told is None else [{"role": "system", "content": told}]
    if isinstance(given, str):
        return [*out, {"role": "user", "content": given}]
    if not isinstance(given, list):
        refuse("input", "expected a string or a list of items.")
    return _conversation(given, out)


def _conversation(items: Sequence[Any], out: list[Any]) -> list[Any]:
    """The items as messages: a thought, a text and calls in a row are one message of the assistant."""
    open_message: JsonObject | None = None
    for at, item in enumerate(items):
        if not isinstance(item, Mapping):
            refuse(f"input[{at}]", "expected an object.")
        kind = item.get("type", "message")
        mine = kind in ("reasoning", "function_call") or (kind == "message" and item.get("role") == "assistant")
        if not mine:
            open_message = None
            out.append(_message(item, kind, f"input[{at}]"))
            continue
        if open_message is None or (kind != "function_call" and "tool_calls" in open_message):
            open_message = {"role": "assistant", "content": None}
            out.append(open_message)
        _extend(open_message, item, kind, f"input[{at}]")
    return out


def _message(item: Mapping[str, Any], kind: Any, param: str) -> JsonObject:
    if kind == "function_call_output":
        call_id, output = item.get("call_id"), item.get("output")
        return {"role": "tool", "tool_call_id": call_id, "content": _content(output, f"{param}.output")}
    if kind != "message":
        refuse(f"{param}.type", f"{kind!r} is not supported by this server.")
    rest = {key: value for key, value in item.items() if key not in ("type", "content", "id", "status")}
    return {**rest, **({"content": _content(item["content"], f"{param}.content")} if "content" in item else {})}


def _extend(message: JsonObject, item: Mapping[str, Any], kind: str, param: str) -> None:
    """Add a thought, a text or a call to the assistant's message."""
    if kind == "reasoning":
        parts = item.get("content") or item.get("summary") or ()
        texts = [part.get("text", "") for part in parts if isinstance(part, Mapping)]
        message["reasoning_content"] = "".join(texts)
    elif kind == "message":
        content = _content(item.get("content"), f"{param}.content")
        if isinstance(content, list) and all(part["type"] == "text" for part in content):
            content = "".join(part["text"] for part in content)
        message["content"] = content
    else:
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        call = {"id": item.get("call_id"), "type": "function", "function": function}
        message.setdefault("tool_calls", []).append(call)


def _content(content: Any, param: str) -> Any:
    """Text, or parts under the names of chat completions."""
    if not isinstance(content, list):
        return content
    return [_part(part, f"{param}[{at}]") for at, part in enumerate(content)]


def _part(part: Any, param: str) -> JsonObject:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in _TEXTS and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind == "refusal":
        return {"type": "refusal", "refusal": part.get("refusal")}
    if kind == "input_image":
        return {"type": "image_url", "image_url": {"url": part.get("image_url")}}
    if kind != "input_file":
        refuse(param, f"a part of type {kind!r} is not supported, or has no text.")
    return {"type": "file", "file": {key: part[key] for key in part if key != "type"}}


def _format(text: Any) -> JsonObject:
    """``text.format`` as a response format."""
    if text is None:
        return {}
    if not isinstance(text, Mapping):
        refuse("text", "expected an object.")
    wanted = text.get("format")
    if wanted is None:
        return {}
    if not isinstance(wanted, Mapping):
        refuse("text.format", "expected an object.")
    if wanted.get("type") != "json_schema":
        return {"response_format": dict(wanted)}
    return {"response_format": {"type": "json_schema", "json_schema": {k: v for k, v in wanted.items() if k != "type"}}}


def _tools(body: Mapping[str, Any]) -> JsonObject:
    """The tools in their wrapper, and the choice of them."""
    out: JsonObject = {}
    tools = body.get("tools")
    if tools is not None:
        if not isinstance(tools, list):
            refuse("tools", "expected a list.")
        out["tools"] = [_tool(tool, f"tools[{at}]") for at, tool in enumerate(tools)]
    choice = body.get("tool_choice")
    if choice is None:
        return out
    if isinstance(choice, Mapping):
        if choice.get("type") != "function":
            refuse("tool_choice.type", f"{choice.get('type')!r} is not supported by this server, only 'function'.")
        choice = {"type": "function", "function": {"name": choice.get("name")}}
    return {**out, "tool_choice": choice}


def _tool(tool: Any, param: str) -> JsonObject:
    kind = tool.get("type") if isinstance(tool, Mapping) else None
    if kind != "function":
        message = f"Invalid value for '{param}.type': {kind!r} tools are not supported by this server, only 'function'."
        raise RefusedError(message, param=f"{param}.type", code="unsupported_tool")
    if "name" not in tool:
        refuse_missing(f"{param}.name")
    function = {key: value for key, value in tool.items() if key != "type" and value is not None}
    return {"type": "function", "function": function}
