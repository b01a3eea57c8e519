"""A request of the Responses API in the shape of chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.parts import NotInChatError, chat_content, object_in, other_keys

TAKEN: Final = frozenset(
    {"input", "instructions", "tools", "tool_choice", "text", "reasoning", "max_output_tokens", "model", "stream"}
)
"""Fields whose counterpart is in the result."""
_LOGPROBS: Final = "message.output_text.logprobs"


def from_responses(body: Mapping[str, Any]) -> tuple[JsonObject, list[str]]:
    """The request as chat completions, and the names of fields inside its fields that have no counterpart there.

    Raises:
        NotInChatError: if chat completions cannot express it.
    """
    if body.get("previous_response_id") or body.get("conversation"):
        raise NotInChatError("a request that continues a conversation which the server keeps")
    items = body.get("input")
    turns = [{"role": "user", "content": items}] if isinstance(items, str) else _joined(_turns(items))
    if not turns:
        raise NotInChatError("its input has no items")
    lead = body.get("instructions")
    messages = [{"role": "system", "content": lead}] if isinstance(lead, str) and lead else []
    out: JsonObject = {"messages": [*messages, *turns], **_tools(body.get("tools") or [])}
    if body.get("tool_choice") is not None:
        out["tool_choice"] = _choice(body["tool_choice"])
    text, reasoning = (object_in(body.get(name)) for name in ("text", "reasoning"))
    if form := object_in(text.get("format")):
        json_schema = {"type": "json_schema", "json_schema": _without_type(form)}
        out["response_format"] = json_schema if form.get("type") == "json_schema" else dict(form)
    if text.get("verbosity"):
        out["verbosity"] = text["verbosity"]
    if reasoning.get("effort"):
        out["reasoning_effort"] = reasoning["effort"]
    if isinstance(body.get("max_output_tokens"), int):
        out["max_tokens"] = body["max_output_tokens"]
    included = body.get("include")
    if body.get("top_logprobs") or (isinstance(included, list) and _LOGPROBS in included):
        out["logprobs"] = True
    nested = other_keys([text], frozenset({"format", "verbosity"}), "text")
    return out, nested + other_keys([reasoning], frozenset({"effort"}), "reasoning")


def _without_type(value: Mapping[str, Any]) -> JsonObject:
    return {name: part for name, part in value.items() if name != "type" and part is not None}


def _tools(tools: Any) -> JsonObject:
    kinds = [tool.get("type") if isinstance(tool, Mapping) else None for tool in tools]
    if "custom" in kinds:
        raise NotInChatError("it offers custom tools, which take text in place of arguments")
    if any(kind != "function" for kind in kinds):
        raise NotInChatError("it offers tools that run at the server")
    written = [{"type": "function", "function": _without_type(tool)} for tool in tools]
    return {"tools": written} if written else {}


def _choice(choice: Any) -> Any:
    match choice:
        case {"type": "function", "name": str(name)}:
            return {"type": "function", "function": {"name": name}}
        case {"type": "allowed_tools", "tools": list(tools)}:
            allowed = [_choice(tool) for tool in tools]
            return {"type": "allowed_tools", "allowed_tools": {"mode": choice.get("mode", "auto"), "tools": allowed}}
        case {"type": kind}:
            raise NotInChatError(f"its tool_choice has the type {kind}, which chat completions does not have")
    return choice


def _turns(items: Any) -> Iterator[JsonObject]:
    """Messages of the input items."""
    for item in items if isinstance(items, list) else ():
        kind = item.get("type", "message") if isinstance(item, Mapping) else None
        match kind:
            case "message":
                yield {"role": item.get("role", "user"), "content": chat_content(item.get("content"))}
            case "function_call":
                call = {"name": item.get("name"), "arguments": item.get("arguments") or "{}"}
                asked = {"id": item.get("call_id"), "type": "function", "function": call}
                yield {"role": "assistant", "content": None, "tool_calls": [asked]}
            case "function_call_output":
                output = item.get("output")
                text = chat_content(output) if isinstance(output, str | list) else json.dumps(output)
                yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": text}
            case "reasoning":
                continue
            case _:
                raise NotInChatError(f"its input has an item of type {kind}, which chat completions does not have")


def _joined(turns: Iterable[JsonObject]) -> list[JsonObject]:
    """The messages, with calls that follow each other, or a text, in one: chat completions has one turn of them."""
    out: list[JsonObject] = []
    for turn in turns:
        before = out[-1] if out else None
        if before is not None and "tool_calls" in turn and before.get("role") == "assistant":
            before["tool_calls"] = [*before.get("tool_calls", ()), *turn["tool_calls"]]
        else:
            out.append(turn)
    return out
