"""The tools of a case, and the choice among them, as the Messages API has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.protocols.messages.content import InexpressibleError


def tools(request: Mapping[str, Any]) -> JsonObject:
    """``tools``; nothing if the request has none.

    Raises:
        InexpressibleError: for a tool that is no function, and for parameters that are no schema of an object.
    """
    given = request.get("tools")
    if given is None:
        return {}
    if not isinstance(given, list | tuple):
        raise InexpressibleError("its tools are not a list")
    return {"tools": [_tool(tool) for tool in given]}


def _tool(tool: Any) -> JsonObject:
    function = tool.get("function") if isinstance(tool, Mapping) else None
    if not isinstance(function, Mapping) or tool.get("type", "function") != "function":
        kind = tool.get("type") if isinstance(tool, Mapping) else None
        raise InexpressibleError(f"it has no tools of the type {kind}")
    parameters = function.get("parameters")
    schema: Any = {"type": "object", "properties": {}} if parameters is None else parameters
    if not isinstance(schema, Mapping) or schema.get("type", "object") != "object":
        raise InexpressibleError("the input of its tools is an object")
    out: JsonObject = {"name": function.get("name")}
    out |= {key: function[key] for key in ("description", "strict") if function.get(key) is not None}
    out["input_schema"] = schema if "type" in schema else {"type": "object", **schema}
    return out | ({"cache_control": tool["cache_control"]} if "cache_control" in tool else {})


def tool_choice(request: Mapping[str, Any]) -> JsonObject:
    """``tool_choice``, of which ``disable_parallel_tool_use`` is a part; nothing if the request leaves both open.

    Raises:
        InexpressibleError: for a choice that is neither a word nor one function.
    """
    given, alone = request.get("tool_choice"), request.get("parallel_tool_calls") is False
    if given is None and not (alone and request.get("tools")):
        return {}
    choice = _choice(given)
    return {"tool_choice": choice | ({"disable_parallel_tool_use": True} if alone and choice["type"] != "none" else {})}


def _choice(given: Any) -> JsonObject:
    match given:
        case None | "auto":
            return {"type": "auto"}
        case "required":
            return {"type": "any"}
        case "none":
            return {"type": "none"}
        case {"type": "function", "function": {"name": name}}:
            return {"type": "tool", "name": name}
    raise InexpressibleError("its tool_choice is auto, any, none or one tool")
