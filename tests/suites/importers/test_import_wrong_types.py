"""A field of a wrong type, in any place of a line, is one listed line or a case, and never an error of the importer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trueweight.suites import read_suite
from trueweight.suites.importers import IMPORTERS, read_format, write_suite
from trueweight.workflow.import_run import import_run

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {}}}}}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
MESSAGES = [
    {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL], "reasoning": "t"},
    {"role": "tool", "tool_call_id": "c", "content": "1"},
]
CHAT = {"model": "m", "messages": MESSAGES, "tools": [TOOL], "stream": True, "response_format": {"type": "text"}}
REPLY = {"model": "m", "choices": [{"message": {"role": "assistant", "content": "x", "tool_calls": [CALL]}}]}
CLAUDE = {
    "model": "c",
    "max_tokens": 9,
    "system": [{"type": "text", "text": "s"}],
    "messages": [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "t"}, {"type": "tool_use", "id": "t"}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text"}]}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "any"},
    "output_config": {"effort": "low", "format": {"schema": {}}},
}
CLAUDE_REPLY = {"type": "message", "content": [{"type": "text", "text": "x"}, {"type": "tool_use", "name": "f"}]}
RESPONSES = {
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "1"},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {}}],
    "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "schema": {}}},
    "reasoning": {"effort": "low"},
}
RESPONSES_REPLY = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "x"}]}]}
PARAMETERS = {"type": "dict", "properties": {"a": {"type": "dict", "properties": {"b": {"type": "any"}}}}}
LINES: dict[str, tuple[dict[str, Any], ...]] = {
    "k2vv": (CHAT, {"request": CHAT, "response": REPLY}),
    "minimax": ({**CHAT, "check_type": ["scenario_check"], "expected_tool_call": True},),
    "bfcl": (
        {
            "id": "a",
            "question": [[{"role": "user", "content": "q"}]],
            "function": [{"name": "f.g", "description": "d", "parameters": PARAMETERS}],
            "ground_truth": [{"f.g": {"a": [{"b": [1, ""]}]}}],
        },
    ),
    "kvv-schemas": (
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"anyOf": [{"type": "string"}], "default": None}},
            "required": ["a"],
            "$defs": {"x": {"enum": [1]}},
        },
    ),
    "gpt-oss": ({"tool_name": "f", "input": "x", "expected_arguments": '{"a":1}', "tools": [TOOL]},),
    "gpt-oss-strict": ({"tool_name": "f", "input": "x", "expected_arguments": {"a": 1}, "tools": [TOOL]},),
    "openai-log": (
        {"request": CHAT, "response": REPLY},
        {"request": CLAUDE, "response": CLAUDE_REPLY},
        {"request": RESPONSES, "response": RESPONSES_REPLY},
        {"custom_id": "a", "url": "/v1/chat/completions", "body": CHAT},
        {"custom_id": "a", "response": {"status_code": 200, "body": REPLY}, "error": None},
        {"custom_id": "b", "params": CLAUDE, "result": {"type": "succeeded", "message": CLAUDE_REPLY}},
        {"api_key": "k", "spend": 1, "messages": MESSAGES, "proxy_server_request": json.dumps(CHAT)},
        {"input": {"messages": MESSAGES}, "preferred_output": [{"role": "assistant", "content": "x"}]},
    ),
}
ROW = {"data_index": 1, "request": CHAT, "response": REPLY, "duration_ms": 5, "last_run_at": "2026-01-01T00:00:00"}
WRONG = (None, 1, 1e300, "x", "", [], [[]], {"a": 1}, "\ud800")


def mutants(value: Any) -> Iterator[Any]:
    """The value with each of its parts, in turn, of each wrong type."""
    yield from WRONG
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, part in places:
        for mutant in mutants(part):
            if isinstance(value, dict):
                yield {**value, place: mutant}
            else:
                yield [*value[:place], mutant, *value[place + 1 :]]


def test_every_format_is_here() -> None:
    """A new importer comes with a line to break."""
    assert set(LINES) == set(IMPORTERS.all())


@pytest.mark.parametrize("form", sorted(LINES))
def test_a_wrong_type_costs_its_own_line_alone(form: str, tmp_path: Path) -> None:
    """Each line is a case, left out or malformed; what is written is a suite without a problem."""
    broken = [mutant for line in LINES[form] for mutant in mutants(line)]
    path = tmp_path / "valid.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in broken), encoding="utf-8")
    imported = read_format(form, path, "mine")
    ids_twice = sum("two cases have the id" in line.reason for line in imported.malformed)
    assert len(imported.cases) + len(imported.malformed) + len(imported.left_out) == imported.lines == len(broken)
    assert ids_twice < len(broken) and imported.cases
    some = imported.cases[:: max(1, len(imported.cases) // 25)]
    problems = [
        one for file in write_suite(some, tmp_path / "out", "mine", "t") for one in read_suite(str(file)).problems
    ]
    assert problems == []


def test_a_wrong_type_in_a_recorded_reply_costs_its_own_line_alone(tmp_path: Path) -> None:
    """Each line of results is a reply, replaced, or malformed."""
    rows = [{**mutant, "data_index": at} for at, mutant in enumerate(mutants(ROW)) if isinstance(mutant, dict)]
    path = tmp_path / "results.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    (account,) = import_run("minimax", [path], tmp_path / "run").files
    assert account.replies + account.replaced + len(account.malformed) == account.lines == len(rows)
    assert account.replies and account.malformed
