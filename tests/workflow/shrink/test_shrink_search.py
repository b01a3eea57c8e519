"""Shrinking itself, on providers that are a function: what it keeps, what it spends, how it treats luck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.core import Case, canonical_json
from trueweight.workflow.shrink.attempts import MOST_REPEATS, Reduction, repeats_for
from trueweight.workflow.shrink.by_structure import shrink_structure

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": f"tool_{number}",
            "description": "Does something.",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "string", "minLength": 1}, "b": {"type": "integer"}},
                "required": ["a"],
            },
        },
    }
    for number in range(8)
]


def case_of(checks: Mapping[str, Any], content: str = "please call it now", tools: Any = TOOLS) -> Case:
    """A case with history, system prompt, tools and options."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {}}]},
        {"role": "tool", "tool_call_id": "1", "content": "x"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": content},
    ]
    request = {"messages": messages, "tools": tools, "temperature": 0, "seed": 7, "parallel_tool_calls": True}
    return Case("suite", "case", request, checks=checks)


def search(case: Case, fails: Callable[[Mapping[str, Any]], bool], called: tuple[str, ...] = ()) -> tuple[Case, int]:
    """The smallest case that fails, and how many requests it took."""
    steps = shrink_structure(Reduction(case), called)
    asked = 0
    try:
        candidate = next(steps)
        while True:
            asked += 1
            candidate = steps.send(fails(candidate.case.request))
    except StopIteration as end:
        return end.value.case, asked


def test_whatever_the_failure_does_not_need_is_gone() -> None:
    """Here it needs one tool and one word of the question, and nothing of it is known to the case."""

    def fails(request: Mapping[str, Any]) -> bool:
        names = [tool["function"]["name"] for tool in request.get("tools", ())]
        return "tool_5" in names and "call" in request["messages"][-1]["content"]

    case, asked = search(case_of({}), fails)
    (tool,) = case.request["tools"]
    assert tool["function"]["name"] == "tool_5"
    assert "description" not in tool["function"]
    assert case.request["messages"] == [{"role": "user", "content": "call"}]
    assert case.request.keys() == {"messages", "tools"}
    assert asked <= 40


def test_a_known_answer_keeps_its_question_and_its_tool() -> None:
    """Even where everything fails: a request that no server could answer shows nothing."""
    calls = [{"name": "tool_3", "arguments": {"a": "x"}}]
    checks = {"tool-call-matches": {"calls": calls}}
    case, _ = search(replace(case_of(checks), answer={"calls": calls}), lambda _: True)
    assert case.request["messages"] == [{"role": "user", "content": "please call it now"}]
    (tool,) = case.request["tools"]
    assert tool["function"]["name"] == "tool_3"
    assert list(tool["function"]["parameters"]["properties"]) == ["a"]
    assert case.request.keys() == {"messages", "tools", "parallel_tool_calls"}


def test_a_call_and_its_result_go_together() -> None:
    """No candidate holds a tool message without the call that it answers."""

    def fails(request: Mapping[str, Any]) -> bool:
        roles = [message["role"] for message in request["messages"]]
        assert roles.count("tool") == sum("tool_calls" in message for message in request["messages"])
        return "system" in roles

    case, _ = search(case_of({}), fails)
    assert [message["role"] for message in case.request["messages"]] == ["system", "user"]


def test_what_does_not_fail_any_more_is_kept_as_it_was() -> None:
    """A failure that needs everything shrinks to itself."""
    case = case_of({})
    assert search(case, lambda _: False)[0] == case


@settings(max_examples=25)
@given(st.sets(st.sampled_from(["system", "history", "seed", "temperature", "tool_2", "tool_6", "call", "now"])))
def test_the_result_always_fails_and_is_never_larger(needs: set[str]) -> None:
    """Whatever the failure needs."""

    def fails(request: Mapping[str, Any]) -> bool:
        text = canonical_json(request)
        roles = [message["role"] for message in request["messages"]]
        there = {name for name in needs if f'"{name}"' in text or name in str(request["messages"][-1]["content"])}
        there |= {"history"} & needs if roles.count("user") > 1 else set()
        return there == needs

    start = case_of({})
    case, _ = search(start, fails)
    assert fails(case.request) or case == start
    assert len(canonical_json(case.request)) <= len(canonical_json(start.request))


@pytest.mark.parametrize(
    ("failed", "asked", "repeats"), [(1, 1, 1), (5, 5, 1), (4, 5, 2), (1, 2, 5), (1, 5, MOST_REPEATS)]
)
def test_a_flaky_failure_is_asked_for_more_often(failed: int, asked: int, repeats: int) -> None:
    """So often that it would show in 95 of 100, up to a limit."""
    assert repeats_for(failed, asked) == repeats
