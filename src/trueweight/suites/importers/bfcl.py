"""Berkeley Function-Calling Leaderboard: a question, functions in its own format, and the right calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trueweight.core import Case
from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import (
    Item,
    LeftOut,
    Malformed,
    NoExpectation,
    Numbered,
    importer,
    is_list_of_objects,
    json_lines,
    make_case,
)

SOURCE = "https://github.com/ShishirPatil/gorilla/tree/main/berkeley-function-call-leaderboard"
_TYPES: Final = {
    **dict.fromkeys(("dict", "object", "hashmap", "hashtable"), "object"),
    **dict.fromkeys(("array", "arraylist", "list", "tuple", "queue", "stack", "set"), "array"),
    **dict.fromkeys(("integer", "int", "long", "short", "byte", "bigint"), "integer"),
    **dict.fromkeys(("number", "float", "double"), "number"),
    **dict.fromkeys(("string", "str", "char"), "string"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    "null": "null",
}
"""The leaderboard's types, which are those of Python, Java and JavaScript, in lower case, and those of JSON Schema."""


@importer("bfcl", "questions of the Berkeley leaderboard, ground truth in the line or in possible_answer/ beside it")
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per line. Dots in names become underscores, because the API does not allow dots; types become those of
    JSON Schema.

    Each argument must have one of its right values, compared as the leaderboard does. Questions of the irrelevance
    categories must not call, those of ``live_relevance`` must. Questions that need another reply first, or tools that
    the leaderboard runs, are left out.
    """
    truth: JsonObject = {}
    beside = path.parent / "possible_answer" / path.name
    for item in json_lines(beside) if beside.exists() else ():
        if not isinstance(item, Malformed):
            truth[str(item.value.get("id"))] = item.value.get("ground_truth")
    for item in json_lines(path):
        made = item if isinstance(item, Malformed) else _case(item, suite, truth)
        yield made
        if isinstance(made, Case) and not made.checks:
            yield NoExpectation(
                path, item.line, f"no right calls, in the line or in possible_answer/{path.name} beside it"
            )


def _case(item: Numbered, suite: str, truth: Mapping[str, Any]) -> Case | Malformed | LeftOut:
    value = item.value
    question, functions = value.get("question"), value.get("function")
    if isinstance(question, list) and len(question) > 1 and all(isinstance(turn, list) for turn in question):
        reason = "several turns: each needs the replies to the turns before it and the results of their calls"
        return LeftOut(item.path, item.line, reason)
    if "function" not in value and "involved_classes" in value:
        return LeftOut(item.path, item.line, "its tools are classes that the leaderboard runs (involved_classes)")
    messages = question[0] if isinstance(question, list) and question and isinstance(question[0], list) else question
    functions = [functions] if isinstance(functions, dict) else functions
    if not is_list_of_objects(messages) or not messages or not isinstance(functions, list):
        return Malformed(item.path, item.line, "no 'question' or no 'function'")
    name = str(value.get("id", f"line-{item.line}"))
    right = value.get("ground_truth", truth.get(name))
    try:
        tools = [_tool(function, right or ()) for function in functions]
        checks = _checks(right, f"{name} {item.path.name}")
    except (KeyError, TypeError, AttributeError, ValueError):
        return Malformed(item.path, item.line, "its functions or its ground truth cannot be read")
    return make_case(
        suite,
        re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:80] or f"line-{item.line}",
        {"messages": messages, **({"tools": tools} if tools else {}), "temperature": 0},
        why=f"{name} of {item.path.name}.",
        source=SOURCE,
        tags=("imported", "bfcl"),
        checks=checks,
    )


def _tool(function: Mapping[str, Any], right: Sequence[Mapping[str, Any]]) -> JsonObject:
    described = {"name": _api_name(function["name"]), "description": str(function.get("description", ""))}
    parameters = _schema(function.get("parameters") or {"type": "object", "properties": {}})
    for arguments in (call[function["name"]] for call in right if function["name"] in call):
        for name, values in arguments.items():
            declared = parameters.get("properties", {}).get(name, {})
            # A variable of the program, such as ResultSet.TYPE_FORWARD_ONLY, stands for a value of another type.
            texts = [value for value in values if isinstance(value, str) and value]
            if texts and isinstance(declared.get("type"), str) and declared["type"] != "string":
                declared["type"] = [declared["type"], "string"]
    return {"type": "function", "function": {**described, "parameters": parameters}}


def _api_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64]


def _schema(schema: Any) -> Any:
    """A schema in the leaderboard's format as JSON Schema."""
    if isinstance(schema, list):
        return [_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out: JsonObject = {}
    for key, value in schema.items():
        if key == "type" and isinstance(value, str):
            # "any" and "" allow every type.
            out |= {key: _TYPES[value.lower()]} if value.lower() in _TYPES else {}
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: _schema(part) for name, part in value.items()}
        elif key in ("items", "additionalProperties"):
            out[key] = _schema(value)
        elif key != "optional":
            out[key] = value
    return out


def _checks(right: Any, place: str) -> dict[str, JsonObject]:
    if "irrelevance" in place:
        return {"tool-call-expected": {"call": "must-not"}}
    if "relevance" in place:
        return {"tool-call-expected": {"call": "must"}}
    if not right:
        return {}
    calls = [
        {"name": _api_name(name), "accepts": {key: list(values) for key, values in arguments.items()}}
        for call in right
        for name, arguments in call.items()
    ]
    return {
        "tool-call-expected": {"call": "must", "min": len(calls), "max": len(calls)},
        "tool-call-matches": {"calls": calls},
    }
