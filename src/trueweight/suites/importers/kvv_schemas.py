"""Kimi Vendor Verifier: folders of ``valid.jsonl``. Each line is the schema of the one parameter of a tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trueweight.core import Case, Severity
from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import Item, LeftOut, Malformed, Numbered, importer, json_lines, make_case
from trueweight.suites.importers.parts import object_in

SOURCE = "https://github.com/MoonshotAI/Kimi-Vendor-Verifier"
_PROMPT = "Call the tool `submit` once, with an argument `value` of your own that its schema accepts."
_LONGEST_TEXT: Final = 1000
_ROOT: Final = "case_schema"
_MAPS: Final = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_DATA: Final = frozenset({"const", "enum", "default", "examples"})


def _files(path: Path) -> Sequence[Path]:
    return sorted(path.rglob("valid.jsonl")) if path.is_dir() else [path]


@importer("kvv-schemas", "schemas of the Kimi Vendor Verifier: a folder of */valid.jsonl, or one such file", _files)
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per schema: a forced, strict call. ``tool-arguments-schema`` judges the arguments of every reply.

    As in that verifier, the schema is that of the required property ``value``, without its defaults, and what it skips
    is left out.
    """
    for file in _files(path):
        for item in json_lines(file):
            if isinstance(item, Malformed):
                yield item
            elif reason := _why_not(item.value):
                yield LeftOut(item.path, item.line, reason)
            else:
                yield _case(item, suite)


def _why_not(schema: Mapping[str, Any]) -> str:
    """Why that verifier does not send a schema; "" if it does."""
    length = schema.get("minLength")
    if schema.get("type") == "string" and isinstance(length, int) and length > _LONGEST_TEXT:
        return f"a text of more than {_LONGEST_TEXT} characters, which no reply has to write"
    properties = schema.get("properties")
    names = list(properties) if isinstance(properties, Mapping) else []
    if any(not name or name != name.strip() or re.search(r"\\[ntrbf]", name) for name in names):
        return "a property's name is empty, starts or ends with white space, or spells an escape"
    definitions = schema.get("$defs")
    parts = [schema, *(definitions.values() if isinstance(definitions, Mapping) else ())]
    if not all(_ends(part, schema, frozenset()) for part in parts):
        return "a schema, or a definition in it, that requires itself: no finite value obeys it"
    return ""


def _ends(schema: Any, root: Mapping[str, Any], inside: frozenset[str]) -> bool:
    """Whether some finite value can obey a schema, as far as ``$ref``, ``anyOf``, ``required`` and ``items`` tell."""
    if not isinstance(schema, Mapping):
        return schema is not False
    ref = schema.get("$ref")
    if isinstance(ref, str) and (ref in inside or not _ends(_target(ref, root), root, inside | {ref})):
        return False
    options = schema.get("anyOf")
    if isinstance(options, list) and options and not any(_ends(one, root, inside) for one in options):
        return False
    return all(_ends(one, root, inside) for one in _unavoidable(schema))


def _unavoidable(schema: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas of the parts that every value of a schema has: required properties, and items that must be there."""
    kinds = schema.get("type")
    properties, required, least = schema.get("properties"), schema.get("required"), schema.get("minItems")
    if kinds in (None, "object", ["object"]) and isinstance(properties, Mapping) and isinstance(required, list):
        yield from (properties[name] for name in required if isinstance(name, str) and name in properties)
    if kinds in ("array", ["array"]) and isinstance(least, int) and least > 0:
        yield schema.get("items", True)


def _target(ref: str, root: Mapping[str, Any]) -> Any:
    found: Any = root
    for part in ref.removeprefix("#").strip("/").split("/") if ref != "#" else ():
        found = found.get(part, True) if isinstance(found, Mapping) else True
    return found


def _case(item: Numbered, suite: str) -> Case:
    function = {"name": "submit", "strict": True, "parameters": _as_property(item.value)}
    request = {
        "messages": [{"role": "user", "content": _PROMPT}],
        "tools": [{"type": "function", "function": function}],
        "tool_choice": "required",
        "temperature": 0,
        "max_tokens": 2048,
    }
    place = item.path.parent.name or item.path.name
    folder = re.sub(r"[^a-z0-9]+", "-", item.path.parent.name.lower()).strip("-") or "schema"
    return make_case(
        suite,
        f"{folder}-{item.line:03d}",
        request,
        why=f"Arguments obey schema {item.line} of {place}, which the server accepted as strict.",
        source=SOURCE,
        tags=("imported", "kvv", "schemas"),
        severity=Severity.MUST,
        checks={"tool-call-expected": {"call": "must"}},
    )


def _as_property(schema: Mapping[str, Any]) -> JsonObject:
    """An object schema whose one property ``value`` has the schema. Its ``$defs`` and ``$id`` move to the root.

    A reference to the whole schema, or to a part of it, becomes one to a definition, because the root is now another
    schema.
    """
    name = _ROOT
    while name in object_in(schema.get("$defs")):
        name += "_"
    plain: JsonObject = _rewritten(schema, f"#/$defs/{name}")
    definitions = object_in(plain.pop("$defs", None))
    identity = {"$id": plain.pop("$id")} if "$id" in plain else {}
    value: JsonObject = plain
    if any(map(_is_outside_definitions, _references(schema))):
        definitions, value = {**definitions, name: plain}, {"$ref": f"#/$defs/{name}"}
    moved = {"$defs": definitions} if definitions else {}
    shape = {"type": "object", "properties": {"value": value}, "required": ["value"], "additionalProperties": False}
    return {**shape, **moved, **identity}


def _rewritten(schema: Any, whole: str) -> Any:
    """The schema without ``default``, and with ``whole`` where it refers to itself."""
    if isinstance(schema, list):
        return [_rewritten(one, whole) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    out: JsonObject = {}
    for key, value in schema.items():
        if key in _MAPS and isinstance(value, Mapping):
            out[key] = {name: _rewritten(one, whole) for name, one in value.items()}
        elif key == "$ref" and _is_outside_definitions(value):
            out[key] = f"{whole}{value[1:]}"
        elif key != "default":
            out[key] = value if key in _DATA else _rewritten(value, whole)
    return out


def _is_outside_definitions(ref: Any) -> bool:
    """Whether a reference is to the whole schema, or to a part of it other than its ``$defs``."""
    return isinstance(ref, str) and (ref == "#" or (ref.startswith("#/") and not ref.startswith("#/$defs/")))


def _references(schema: Any) -> Iterator[str]:
    for value in schema.values() if isinstance(schema, Mapping) else schema if isinstance(schema, list) else ():
        yield from _references(value)
    if isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
