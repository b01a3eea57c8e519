"""Berkeley Function-Calling Leaderboard: a question, functions in its own format, and the right calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueweight.core import Case
from trueweight.core.json_value import JsonObject
from trueweight.suites.importers.importer import Malformed, Numbered, importer, json_lines, make_case

SOURCE = "https://github.com/ShishirPatil/gorilla/tree/main/berkeley-function-call-leaderboard"
_TYPES = {"dict": "object", "float": "number", "tuple": "array", "hashmap": "object", "arraylist": "array"}
_NO_TYPE = frozenset({"any"})


@importer("bfcl", "questions of the Berkeley leaderboard, ground truth in the line or in possible_answer/ beside it")
def convert(path: Path, suite: str) -> Iterator[Case | Malformed]:
    """One case per line. Dots in names become underscores, because the API does not allow dots; types become those of
    JSON Schema.

    An argument with one right value must have it; an argument with several right values is not compared. Questions of
    the irrelevance category must not call. Questions of several turns need tool results, and are malformed lines.
    """
    truth: JsonObject = {}
    beside = path.parent / "possible_answer" / path.name
    for item in json_lines(beside) if beside.exists() else ():
        if isinstance(item, Malformed):
            yield item
        else:
            truth[str(item.value.get("id"))] = item.value.get("ground_truth")
    for item in json_lines(path):
        yield item if isinstance(item, Malformed) else _case(item, suite, truth)


def _case(item: Numbered, suite: str, truth: Mapping[str, Any]) -> Case | Malformed:
    value = item.value
    question, functions = value.get("question"), value.get("function")
    if isinstance(question, list) and len(question) > 1 and all(isinstance(turn, list) for turn in question):
        return Malformed(item.path, item.line, f"several turns ({len(question)}), which one request cannot contain")
    messages = question[0] if isinstance(question, list) and question and isinstance(question[0], list) else question
    functions = [functions] if isinstance(functions, dict) else functions
    if not isinstance(messages, list) or not messages or not isinstance(functions, list) or not functions:
        return Malformed(item.path, item.line, "no 'question' or no 'function'")
    name = str(value.get("id", f"line-{item.line}"))
    right = value.get("ground_truth", truth.get(name))
    try:
        tools = [_tool(function) for function in functions]
        checks = _checks(right, irrelevant="irrelevance" in name or "irrelevance" in item.path.name)
    except (KeyError, TypeError, AttributeError, ValueError):
        return Malformed(item.path, item.line, "its functions or its ground truth cannot be read")
    return make_case(
        suite,
        re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:80] or f"line-{item.line}",
        {"messages": messages, "tools": tools, "temperature": 0},
        why=f"{name} of {item.path.name}.",
        source=SOURCE,
        tags=("imported", "bfcl"),
        checks=checks,
    )


def _tool(function: Mapping[str, Any]) -> JsonObject:
    described = {"name": _api_name(function["name"]), "description": str(function.get("description", ""))}
    parameters = _schema(function.get("parameters") or {"type": "object", "properties": {}})
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
            if value.lower() not in _NO_TYPE:
                out[key] = _TYPES.get(value.lower(), value.lower())
        elif key == "properties" and isinstance(value, dict):
            out[key] = {name: _schema(part) for name, part in value.items()}
        elif key in ("items", "additionalProperties"):
            out[key] = _schema(value)
        elif key != "optional":
            out[key] = value
    return out


def _checks(right: Any, *, irrelevant: bool) -> dict[str, JsonObject]:
    if irrelevant:
        return {"tool-call-expected": {"call": "must-not"}}
    if not right:
        return {}
    calls = [_expected(name, arguments) for call in right for name, arguments in call.items()]
    return {
        "tool-call-expected": {"call": "must", "min": len(calls), "max": len(calls)},
        "tool-call-matches": {"calls": calls},
    }


def _expected(name: str, arguments: Mapping[str, Any]) -> JsonObject:
    certain = {key: options[0] for key, options in arguments.items() if len(options) == 1 and _plain(options[0])}
    return {"name": _api_name(name), **({"includes": certain} if certain else {})}


def _plain(value: Any) -> bool:
    """Whether a right value is a literal. "" means that the argument is optional, and objects and lists contain
    alternatives."""
    return value != "" and not isinstance(value, dict | list)
