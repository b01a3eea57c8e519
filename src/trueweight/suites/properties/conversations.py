"""Histories of an agent: messages, calls, results and errors before the last question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from trueweight.core.json_value import JsonObject
from trueweight.suites.properties.asks import ask_for_tool
from trueweight.suites.properties.catalogue import CatalogueTool, catalogue
from trueweight.suites.properties.instances import arguments

Message = JsonObject

_RESULTS = (
    {"status": "ok"},
    {"status": "ok", "id": "a-1029", "updated": True},
    {"results": [{"id": 1, "title": "First match"}, {"id": 2, "title": "Second match"}], "total": 2},
    {"value": 21.5, "unit": "celsius", "at": "2026-02-28T09:30:00Z"},
    "done",
    {"rows": [], "took_ms": 12},
    {"content": "line one\n  line two\n", "lines": 2},
)
_ERRORS = (
    {"error": "not found"},
    {"error": {"code": 429, "message": "Too many requests, try again in 30 s"}},
    "Traceback (most recent call last):\n  ValueError: bad input",
    {"error": "timeout after 30 s"},
    "",
)
_CLOSINGS = ("Done.", "That is done; anything else?", "Here is what I found: two entries match.", "All set.")
_FAILURES = ("That did not work: the service reported an error.", "It failed. Shall I try again later?")
_CHATTER = (
    ("Hello!", "Hello! What can I do for you?"),
    ("What can you help me with?", "With mail, files, travel, shopping and more. Just ask."),
    ("Thanks, that was quick.", "You are welcome."),
    ("Remind me what we did so far.", "We went through your requests one by one; nothing is open."),
    ("Is this safe to do on a Friday?", "There is no reason against it."),
)
# Made once: a strategy costs more to make than to draw from.
_LUCK = st.integers(0, 4)
_WORKED = st.tuples(st.sampled_from(_RESULTS), st.sampled_from(_CLOSINGS))
_FAILED = st.tuples(st.sampled_from(_ERRORS), st.sampled_from(_FAILURES))
SYSTEM_PROMPTS = (
    "You are a helpful assistant.",
    "You are an agent with tools. Call a tool when one is needed, and answer in words when none is.",
    "You work for a small company. Be brief. Use tools for facts, never guess.",
    "Today is Saturday, 28 February 2026. The user's time zone is Europe/Lisbon.",
    "You are a coding agent in a sandbox.\n\n- Read before you write.\n- Keep white space.\n- Say what you did.",
    "You are a customer-support agent. Never promise refunds. Pass texts on exactly as the customer wrote them.",
    "# Role\nTravel desk of a university\n\n# Rules\n1. Ask when something is missing.\n2. Prices in EUR.",
    "You are a home assistant. Confirm nothing, just do it.",
)


def conversations(
    turns: tuple[int, int] = (1, 30), tools: Sequence[CatalogueTool] | None = None
) -> SearchStrategy[list[Message]]:
    """Messages of a finished conversation: system prompt, questions, tool calls, results and errors, answers.

    It ends with the assistant's words, so a new question can follow. A call in it is valid for its tool, and each has
    its result.

    Args:
        turns: fewest and most questions of the user.
        tools: tools of the catalogue that may be called in it; None means all.
    """
    chosen = tuple(catalogue() if tools is None else tools)
    kinds = [_chatter(), _work(st.sampled_from(chosen))] if chosen else [_chatter()]
    history = st.lists(st.one_of(kinds), min_size=turns[0], max_size=turns[1])
    return st.tuples(system_prompts(), history).map(lambda drawn: [*drawn[0], *_numbered(drawn[1])])


def system_prompts() -> SearchStrategy[list[Message]]:
    """No system prompt, or one, as messages."""
    some = st.sampled_from(SYSTEM_PROMPTS).map(lambda text: [{"role": "system", "content": text}])
    return st.one_of(st.just([]), some, some, some)


def tool_results() -> SearchStrategy[Any]:
    """What a tool answers that worked."""
    return st.sampled_from(_RESULTS)


def call_message(name: str, arguments: JsonObject, call_id: str = "") -> Message:
    """The assistant's message that makes one call."""
    function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }


def result_message(result: Any, call_id: str = "") -> Message:
    """The tool's answer to it."""
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return {"role": "tool", "tool_call_id": call_id, "content": text}


def _chatter() -> SearchStrategy[list[Message]]:
    return st.sampled_from(_CHATTER).map(
        lambda pair: [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    )


@st.composite
def _work(draw: DrawFn, tools: SearchStrategy[CatalogueTool]) -> list[Message]:
    tool = draw(tools)
    given = draw(arguments(tool.parameters))
    question = draw(ask_for_tool(tool, given))
    worked = draw(_LUCK) < 4
    result, words = draw(_WORKED if worked else _FAILED)
    return [
        {"role": "user", "content": question},
        call_message(tool.name, given),
        result_message(result),
        {"role": "assistant", "content": words},
    ]


def _numbered(turns: Sequence[Sequence[Message]]) -> list[Message]:
    """The messages, with an id for each call that its result repeats."""
    return [_with_id(message, f"call_{number:03d}") for number, turn in enumerate(turns) for message in turn]


def _with_id(message: Message, call_id: str) -> Message:
    if "tool_calls" in message:
        return {**message, "tool_calls": [{**made, "id": call_id} for made in message["tool_calls"]]}
    return {**message, "tool_call_id": call_id} if "tool_call_id" in message else message
