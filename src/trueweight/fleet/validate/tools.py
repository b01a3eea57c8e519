"""Tools, declared at the top or in messages, and what may be chosen of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.fleet.validate.refuse import check_schema, name_of, refuse, refuse_missing

_MOST = 128


def check_tools(body: Mapping[str, Any]) -> None:
    """See that every tool is one, that no name is taken twice, and that the choice is one of them."""
    names: list[str] = []
    tools = body.get("tools")
    if tools is not None:
        names += _tools(tools, "tools")
    for at, message in enumerate(body["messages"]):
        if message.get("tools"):
            names += _tools(message["tools"], f"messages[{at}].tools")
            for name in names:
                if name[0].isdigit():
                    refuse(f"messages[{at}].tools", f"the name {name!r} begins with a digit.")
    for name in names:
        if names.count(name) > 1:
            refuse("tools", f"duplicate function name {name!r}.")
    _choice(body, names)


def _tools(tools: Any, param: str) -> list[str]:
    if not isinstance(tools, list):
        refuse(param, "expected a list.")
    if len(tools) > _MOST:
        refuse(param, f"at most {_MOST} tools are allowed, got {len(tools)}.")
    return [_tool(tool, f"{param}[{at}]") for at, tool in enumerate(tools)]


def _tool(tool: Any, param: str) -> str:
    """The tool's name, if it is well formed."""
    if not isinstance(tool, Mapping) or tool.get("type") != "function":
        refuse(f"{param}.type", "expected an object of type 'function'.")
    function = tool.get("function")
    if not isinstance(function, Mapping):
        refuse_missing(f"{param}.function")
    name = name_of(function.get("name"), f"{param}.function.name")
    strict = function.get("strict")
    if strict is not None and not isinstance(strict, bool):
        refuse(f"{param}.function.strict", "expected a boolean.")
    parameters = function.get("parameters")
    if parameters is not None:
        if not isinstance(parameters, Mapping):
            refuse(f"{param}.function.parameters", "expected a JSON Schema object.")
        if parameters.get("type", "object") != "object":
            refuse(f"{param}.function.parameters", "expected a schema of type 'object'.")
        check_schema(parameters, f"{param}.function.parameters")
    return name


def _choice(body: Mapping[str, Any], names: list[str]) -> None:
    choice = body.get("tool_choice")
    if choice is None or choice in ("none", "auto"):
        return
    if not names:
        refuse("tool_choice", "only allowed when 'tools' are given.")
    if choice == "required":
        return
    function = choice.get("function") if isinstance(choice, Mapping) and choice.get("type") == "function" else None
    if not isinstance(function, Mapping) or "name" not in function:
        refuse("tool_choice", "expected 'none', 'auto', 'required' or a named function.")
    if function["name"] not in names:
        refuse("tool_choice", f"tool {function['name']!r} is not among the tools.")


def check_response_format(body: Mapping[str, Any]) -> None:
    """Text, any JSON object, or JSON by a schema."""
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    if kind not in ("text", "json_object", "json_schema"):
        refuse("response_format.type", "expected 'text', 'json_object' or 'json_schema'.")
    if kind == "json_schema":
        _json_schema(wanted)


def _json_schema(wanted: Mapping[str, Any]) -> None:
    param = "response_format.json_schema"
    spec = wanted.get("json_schema")
    if not isinstance(spec, Mapping):
        refuse_missing(param)
    name_of(spec.get("name"), f"{param}.name")
    if spec.get("strict") is not None and not isinstance(spec["strict"], bool):
        refuse(f"{param}.strict", "expected a boolean.")
    if not isinstance(spec.get("schema"), Mapping):
        refuse(f"{param}.schema", "expected a JSON Schema object.")
    check_schema(spec["schema"], f"{param}.schema")
