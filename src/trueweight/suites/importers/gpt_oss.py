"""gpt-oss compatibility test: a prompt, the tool it is for, and the arguments it should be called with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from trueweight.core import Case, ConfigError
from trueweight.core.regular_file import read_regular
from trueweight.suites.importers.importer import Item, Malformed, Numbered, importer, json_lines, make_case

SOURCE = "https://github.com/openai/gpt-oss/tree/main/compatibility-test"
_FILES: Final = ("tools.json", "tools.ts")
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\$]|\\.)*`)"""
    r"""|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-z_$][\w$]*)|(?P<mark>[{}\[\],:])""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(['`$])|(?<!\\)\n")


@importer("gpt-oss", "cases.jsonl of the gpt-oss compatibility test, with its tools.ts (or tools.json) beside it")
def convert(path: Path, suite: str) -> Iterator[Item]:
    """One case per line, which offers its own tool only: it must be called, with arguments valid by its schema."""
    yield from _items(path, suite, strict=False)


@importer("gpt-oss-strict", "the same in that test's strict mode: the arguments are exactly the expected ones")
def convert_strict(path: Path, suite: str) -> Iterator[Item]:
    """As :func:`convert`, and the arguments are those that the line expects."""
    yield from _items(path, suite, strict=True)


def _items(path: Path, suite: str, *, strict: bool) -> Iterator[Item]:
    beside: Mapping[str, Any] = {}
    for name in _FILES:
        if not beside and path.with_name(name).exists():
            beside = _tools(path.with_name(name))
    for number, item in enumerate(json_lines(path), start=1):
        yield item if isinstance(item, Malformed) else _case(item, suite, beside, number, strict=strict)


def _tools(path: Path) -> Mapping[str, Any]:
    text = read_regular(path).decode("utf-8", "replace")
    try:
        return _by_name(json.loads(text if path.suffix == ".json" else _literal_as_json(text)))
    except (ValueError, TypeError, KeyError):
        hint = "A list of tool definitions: [{type: function, function: {name, parameters}}]."
        raise ConfigError("not a list of tools", code="import-tools", where=str(path), hint=hint) from None


def _by_name(tools: Any) -> Mapping[str, Any]:
    """Tools by name, each in the shape of chat completions. The flat shape of the Responses API is accepted too."""
    found = {}
    for tool in tools:
        function = tool.get("function", tool)
        described = {key: function[key] for key in ("name", "description", "parameters", "strict") if key in function}
        found[function["name"]] = {"type": "function", "function": described}
    return found


def _literal_as_json(script: str) -> str:
    """The list that a script assigns to ``TOOLS``, as JSON: keys quoted, comments and last commas dropped.

    Raises:
        ValueError: if there is none, or it is not a plain literal.
    """
    start = re.search(r"\bTOOLS\b[^=\n]*=\s*(?=\[)", script)
    if start is None:
        raise ValueError("no list named TOOLS")
    out: list[str] = []
    depth, at = 0, start.end()
    while not out or depth:
        token = _TOKEN.match(script, at)
        if token is None:
            raise ValueError(f"not a plain literal: {script[at : at + 40]!r}")
        at = token.end()
        word = token.group()
        if token.lastgroup == "mark":
            depth += (word in "[{") - (word in "]}")
            if word in "]}" and out[-1] == ",":
                out.pop()
        if token.lastgroup == "text":
            word = _json_text(word)
        elif token.lastgroup == "word" and word not in ("true", "false", "null"):
            word = json.dumps(word)
        if token.lastgroup != "space":
            out.append(word)
    return "".join(out)


def _json_text(literal: str) -> str:
    inner = _ESCAPE.sub(lambda found: found[1] or "\\n", literal[1:-1])
    return f'"{inner}"' if literal[0] == '"' else '"' + re.sub(r'(?<!\\)"', r"\"", inner) + '"'


def _case(item: Numbered, suite: str, beside: Mapping[str, Any], number: int, *, strict: bool) -> Case | Malformed:
    value = item.value
    name, prompt = value.get("tool_name"), value.get("input")
    if not isinstance(name, str) or not isinstance(prompt, str):
        return Malformed(item.path, item.line, "no 'tool_name' or no 'input'")
    try:
        tools = {**beside, **(_by_name(value["tools"]) if "tools" in value else {})}
        expected = value.get("expected_arguments", "{}")
        arguments = json.loads(expected) if isinstance(expected, str) else expected
    except (ValueError, TypeError, KeyError, AttributeError):
        return Malformed(item.path, item.line, "its tools or its expected_arguments cannot be read")
    if name not in tools or not isinstance(arguments, dict):
        reason = f"no tool {name!r}: put the test's tools.ts, or a tools.json, beside the file"
        return Malformed(item.path, item.line, reason if name not in tools else "expected_arguments is not an object")
    messages = [{"role": "user", "content": prompt}]
    if isinstance(value.get("instructions"), str):
        messages.insert(0, {"role": "system", "content": value["instructions"]})
    calls = [{"name": name, "arguments": arguments}]
    exact: dict[str, dict[str, Any]] = {"tool-call-matches": {"calls": calls}} if strict else {}
    return make_case(
        suite,
        f"case-{number:03d}",
        {"messages": messages, "tools": [tools[name]]},
        why=f"Line {item.line} of {item.path.name}: {name} is called as its prompt requests.",
        source=SOURCE,
        tags=("imported", "gpt-oss"),
        checks={"tool-call-expected": {"call": "must"}, **exact},
        answer={"calls": calls},
    )
