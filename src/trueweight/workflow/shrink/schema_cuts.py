"""Parts of the schemas in a request that can be left out while the known answer stays right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from trueweight.core import Case
from trueweight.core.json_value import JsonObject

Request = JsonObject
Edit = Callable[[JsonObject], JsonObject]

_WORDS = frozenset({"description", "title", "default", "examples", "$comment", "deprecated"})
_STRUCTURE = frozenset({"type", "properties", "required", "items", "enum", "$ref", "$defs", "anyOf", "oneOf", "allOf"})


class Cut(NamedTuple):
    """One change to a request; it is applied to the smallest request so far."""

    how: str
    apply: Callable[[Request], Request]


def cuts(case: Case) -> Iterator[Cut]:
    """Descriptions first, then parts that the answer does not use, then constraints: each cut only loosens a schema."""
    yield Cut("without descriptions", lambda request: _edited(request, _without(_WORDS)))
    yield Cut("without tool descriptions", _without_tool_words)
    used = _names_in(case.answer) | _names_in(case.checks)
    yield Cut("without unused properties", lambda request: _edited(request, _only(used)))
    keywords = sorted(_keywords(case.request) - _STRUCTURE - _WORDS)
    if len(keywords) > 1:
        yield Cut("without constraints", lambda request: _edited(request, _without(frozenset(keywords))))
    for keyword in keywords:
        yield Cut(f"without {keyword}", lambda request, keyword=keyword: _edited(request, _without({keyword})))  # type: ignore[misc]
    yield Cut("without required", lambda request: _edited(request, _without({"required"})))


def _schemas(request: Mapping[str, Any]) -> Iterator[Any]:
    for tool in request.get("tools") or ():
        if isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping):
            yield tool["function"].get("parameters")
    form = request.get("response_format")
    if isinstance(form, Mapping) and isinstance(form.get("json_schema"), Mapping):
        yield form["json_schema"].get("schema")


def _edited(request: Request, edit: Edit) -> Request:
    """The request with every schema object in it edited, innermost first."""
    out = dict(request)
    if isinstance(request.get("tools"), list | tuple):
        out["tools"] = [_edited_tool(tool, edit) for tool in request["tools"]]
    form = request.get("response_format")
    if isinstance(form, dict) and isinstance(form.get("json_schema"), dict) and "schema" in form["json_schema"]:
        wrapper = {**form["json_schema"], "schema": _walk(form["json_schema"]["schema"], edit)}
        out["response_format"] = {**form, "json_schema": wrapper}
    return out


def _edited_tool(tool: Any, edit: Edit) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict) or "parameters" not in function:
        return tool
    return {**tool, "function": {**function, "parameters": _walk(function["parameters"], edit)}}


def _walk(schema: Any, edit: Edit) -> Any:
    """Edit a schema and the schemas in it. Under ``properties`` and ``$defs`` keys are names, not keywords."""
    if isinstance(schema, list):
        return [_walk(part, edit) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner: JsonObject = {}
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions", "patternProperties") and isinstance(value, dict):
            inner[key] = {name: _walk(part, edit) for name, part in value.items()}
        else:
            inner[key] = value if key in ("enum", "const", "default", "examples", "required") else _walk(value, edit)
    return edit(inner)


def _without(keywords: frozenset[str] | set[str]) -> Edit:
    return lambda schema: {key: value for key, value in schema.items() if key not in keywords}


def _only(used: set[str]) -> Edit:
    """Keep the properties whose names the answer uses."""

    def edit(schema: JsonObject) -> JsonObject:
        properties = schema.get("properties")
        if not isinstance(properties, dict):
            return schema
        out = {**schema, "properties": {name: part for name, part in properties.items() if name in used}}
        if isinstance(schema.get("required"), list):
            out["required"] = [name for name in schema["required"] if name in used]
        return out

    return edit


def _without_tool_words(request: Request) -> Request:
    tools = request.get("tools")
    if not isinstance(tools, list | tuple):
        return request
    return {**request, "tools": [_bare(tool) for tool in tools]}


def _bare(tool: Any) -> Any:
    function = tool.get("function") if isinstance(tool, dict) else None
    if not isinstance(function, dict):
        return tool
    return {**tool, "function": {key: value for key, value in function.items() if key != "description"}}


def _keywords(request: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()

    def note(schema: JsonObject) -> JsonObject:
        found.update(schema)
        return schema

    for schema in _schemas(request):
        _walk(schema, note)
    return found


def _names_in(value: Any) -> set[str]:
    """Every key at any depth."""
    if isinstance(value, Mapping):
        return {str(key) for key in value} | {name for part in value.values() for name in _names_in(part)}
    if isinstance(value, list | tuple):
        return {name for part in value for name in _names_in(part)}
    return set()
