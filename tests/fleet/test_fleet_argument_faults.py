"""Faults of arguments: each breaks what its name says and leaves the rest alone."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from trueweight.fleet import MODEL
from trueweight.fleet.completion import ChatRequest, Completion, CompletionCall, CompletionChoice
from trueweight.fleet.faults import FAULTS
from trueweight.fleet.render import Head, chunks
from trueweight.fleet.styles import OTHER, PLAIN, Style

EMPTY: dict[str, Any] = {}


def chat_request(*tools: dict[str, Any]) -> ChatRequest:
    """A request that offers these tools."""
    return ChatRequest({"model": MODEL, "messages": [], "tools": list(tools)}, 0, random.Random(0))


def completion_of(*arguments: Any) -> Completion:
    """A reply that calls ``tool`` with each of these arguments."""
    calls = tuple(CompletionCall("tool", json.dumps(value, ensure_ascii=False), "id") for value in arguments)
    return Completion((CompletionChoice(None, "tool_calls", calls),), 1, 1)


def arguments_after(name: str, *arguments: Any, tools: tuple[dict[str, Any], ...] = ()) -> list[Any]:
    """The arguments of each call after the fault."""
    answer = FAULTS.get(name).completion(chat_request(*tools), completion_of(*arguments))
    return [call.arguments and json.loads(call.arguments) for call in answer.choices[0].calls]


def streamed(name: str, style: Style, *arguments: Any) -> list[str]:
    """The arguments text of each call, added up over the stream."""
    parts = chunks(completion_of(*arguments), style, Head("id", 0, MODEL), include_usage=False)
    texts = [""] * len(arguments)
    for chunk in FAULTS.get(name).chunks(chat_request(), parts):
        for part in chunk["choices"][0]["delta"].get("tool_calls", ()):
            texts[part["index"]] += part["function"].get("arguments") or ""
    return texts


@pytest.mark.parametrize(
    ("name", "sent", "got"),
    [
        ("marker-cuts-argument", {"a": ["x </tool_call> y", "plain"]}, {"a": ["x ", "plain"]}),
        (
            "coerce-types",
            {"zip": "02134", "ok": "True", "n": "null", "t": "a1"},
            {"zip": 2134, "ok": True, "n": None, "t": "a1"},
        ),
        ("coerce-types", {"big": "1e999", "nan": "NaN", "f": "1.50"}, {"big": "1e999", "nan": "NaN", "f": 1.5}),
        ("strip-whitespace", {"code": "if x:\n    y\n"}, {"code": "if x:\ny"}),
    ],
)
def test_a_fault_of_values_changes_its_own_kind_of_value(name: str, sent: Any, got: Any) -> None:
    """At any depth, and no other value."""
    assert arguments_after(name, sent) == [got]


def test_an_enum_is_violated_at_any_depth_and_nothing_else_is() -> None:
    """What has no enum stays as it was."""
    unit = {"enum": ["a", "b"]}
    schema = {"properties": {"u": unit, "l": {"items": {"properties": {"u": unit}}}, "t": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "tool", "parameters": schema}}
    got = arguments_after("violate-enum", {"u": "a", "l": [{"u": "b"}], "t": "a"}, tools=(tool,))
    assert got == [{"u": "A", "l": [{"u": "B"}], "t": "a"}]


def test_empty_calls_lose_their_text_or_take_the_next_calls_arguments() -> None:
    """Only ``{}`` is empty, and only the call right after it is touched."""
    assert arguments_after("empty-arguments-dropped", EMPTY, {"a": 1}) == ["", {"a": 1}]
    assert arguments_after("call-after-empty-loses-arguments", {"a": 1}, EMPTY, {"b": 2}) == [{"a": 1}, {}, {}]


@pytest.mark.parametrize("style", [PLAIN, OTHER], ids=["by-token", "whole"])
def test_streams_double_break_or_tear_their_fragments(style: Style) -> None:
    """Whether a call comes in one delta or in many, both of two calls are hit."""
    first, second = {"a": "naïve 🦉"}, {"b": 2}
    texts = [json.dumps(value, ensure_ascii=False) for value in (first, second)]
    assert streamed("double-arguments", style, first, second) == [text * 2 for text in texts]
    for text, broken in zip(texts, streamed("broken-fragments", style, first, second), strict=True):
        assert broken in (text[1:], text[:-1], text + '"')
    torn = streamed("split-code-points", style, first, second)
    assert "🦉" not in torn[0]
    assert "\ufffd" in torn[0]
    assert torn[1] == texts[1]
