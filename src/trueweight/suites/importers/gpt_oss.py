"""gpt-oss compatibility test: a prompt, the tool it is for, and the arguments it should be called with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueweight.core import Case, ConfigError
from trueweight.suites.importers.importer import Malformed, Numbered, importer, json_lines, make_case

SOURCE = "https://github.com/openai/gpt-oss/tree/main/compatibility-test"


@importer("gpt-oss", "cases.jsonl of the gpt-oss compatibility test, with its tools in tools.json beside it")
def convert(path: Path, suite: str) -> Iterator[Case | Malformed]:
    """One case per line. The tools are in the line (``tools``), or in ``tools.json`` beside the file.

    That test keeps its tools in TypeScript: write them down once, as a list of tool definitions.
    """
    beside = _tools(path.with_name("tools.json"))
    for number, item in enumerate(json_lines(path), start=1):
        yield item if isinstance(item, Malformed) else _case(item, suite, beside, number)


def _tools(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    try:
        return _by_name(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError):
        hint = "A list of tool definitions: [{type: function, function: {name, parameters}}]."
        raise ConfigError("not a list of tools", code="import-tools", where=str(path), hint=hint) from None


def _by_name(tools: Any) -> Mapping[str, Any]:
    return {tool["function"]["name"]: tool for tool in tools}


def _case(item: Numbered, suite: str, beside: Mapping[str, Any], number: int) -> Case | Malformed:
    value = item.value
    name, prompt = value.get("tool_name"), value.get("input")
    if not isinstance(name, str) or not isinstance(prompt, str):
        return Malformed(item.path, item.line, "no 'tool_name' or no 'input'")
    try:
        tools = {**beside, **(_by_name(value["tools"]) if "tools" in value else {})}
        expected = value.get("expected_arguments", "{}")
        arguments = json.loads(expected) if isinstance(expected, str) else expected
    except (ValueError, TypeError, KeyError):
        return Malformed(item.path, item.line, "its tools or its expected_arguments cannot be read")
    if name not in tools or not isinstance(arguments, dict):
        reason = f"no tool {name!r}; put its definition into tools.json beside the file"
        return Malformed(item.path, item.line, reason if name not in tools else "expected_arguments is not an object")
    messages = [{"role": "user", "content": prompt}]
    if isinstance(value.get("instructions"), str):
        messages.insert(0, {"role": "system", "content": value["instructions"]})
    calls = [{"name": name, "arguments": arguments}]
    return make_case(
        suite,
        f"case-{number:03d}",
        {"messages": messages, "tools": list(tools.values())},
        why=f"Line {item.line} of {item.path.name}: {name} is called as its prompt requests.",
        source=SOURCE,
        tags=("imported", "gpt-oss"),
        checks={"tool-call-expected": {"call": "must"}, "tool-call-matches": {"calls": calls}},
        answer={"calls": calls},
    )
