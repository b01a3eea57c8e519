"""A case in the shape of chat completions as a request of Responses, or the reason why it has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trueweight.core import PROTOCOLS, Case, Mode, Provider

RESPONSES = PROTOCOLS.get("responses")
PROVIDER = Provider("p", "http://h/v1", "m", extra_body={"top_k": 3, "reasoning_effort": "low"})
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}


def sent(mode: Mode = Mode.PLAIN, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESPONSES.body(Case("s", "c", request), PROVIDER, mode))
    return found


def test_every_message_is_an_item_in_order() -> None:
    """Instructions, texts, parts, a thought before its call, results as text and as parts: nothing is lost."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": "I look.", "reasoning_content": "hm", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "14"}]},
        {"role": "developer", "content": "Now answer."},
    ]
    body = sent(messages=messages)
    assert body["instructions"] == "Be brief."
    assert [item["type"] for item in body["input"]] == [
        "message", "reasoning", "message", "function_call", "function_call_output", "message",
    ]  # fmt: skip
    user, thought, text, call, result, last = body["input"]
    assert user["content"] == [{"type": "input_text", "text": "Weather?"}]
    assert thought["content"] == [{"type": "reasoning_text", "text": "hm"}]
    assert text["content"] == [{"type": "output_text", "text": "I look."}]
    assert (call["call_id"], call["name"], call["arguments"]) == ("c1", "weather", '{"city":"Oslo"}')
    assert (result["call_id"], result["output"]) == ("c1", [{"type": "input_text", "text": "14"}])
    assert (last["role"], last["content"]) == ("developer", "Now answer.")


def test_fields_have_the_names_of_responses() -> None:
    """Tools without their wrapper, the named choice, the schema, the limit, effort and log probabilities."""
    tool = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
    body = sent(
        Mode.STREAM,
        messages=[{"role": "user", "content": "hi"}],
        tools=[tool, {"type": "function", "function": {"name": "now", "strict": True}}],
        tool_choice={"type": "function", "function": {"name": "weather"}},
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "r", "schema": SCHEMA, "strict": True}},
        max_tokens=9,
        max_completion_tokens=12,
        seed=7,
        logprobs=True,
        top_logprobs=2,
        temperature=0,
    )
    assert body == {
        "model": "m",
        "input": [{"type": "message", "role": "user", "content": "hi"}],
        "tools": [
            {"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False},
            {"type": "function", "name": "now", "parameters": {"type": "object", "properties": {}}, "strict": True},
        ],
        "tool_choice": {"type": "function", "name": "weather"},
        "parallel_tool_calls": False,
        "text": {"format": {"type": "json_schema", "name": "r", "schema": SCHEMA, "strict": True}},
        "max_output_tokens": 12,
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
        "temperature": 0,
        "reasoning": {"effort": "low"},
        "top_k": 3,
        "store": False,
        "stream": True,
    }


def test_own_names_are_sent_as_they_are() -> None:
    """A case about Responses gives its input, its tools and its state in the names of that API."""
    own = {"input": "hi", "previous_response_id": "r1", "store": True, "tools": [{"type": "web_search"}]}
    body = sent(**own)
    assert {key: body[key] for key in own} == own
    assert "messages" not in body


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"stop": "x"}, "it has no stop"),
        ({"n": 2}, "it has no n"),
        ({"n": True}, "it has no n"),
        ({"frequency_penalty": 0.5}, "it has no frequency_penalty"),
        ({"seed": "seven"}, "it has no seed"),
        ({"stream_options": None}, "usage is part of every response"),
        ({"messages": "hi"}, "no list of messages"),
        ({"messages": [{"role": "system", "content": "", "tools": []}]}, "a message cannot declare tools"),
        ({"messages": [{"role": "user", "name": "eve", "content": "hi"}]}, "a message has no name"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "no part of type input_audio"),
        ({"n": 1, "stop": None, "logit_bias": {}, "presence_penalty": 0.0, "seed": 7}, ""),
        ({"messages": [{"role": "narrator", "content": 5}]}, ""),
    ],
)
def test_what_has_no_counterpart_is_a_reason(request_: dict[str, Any], reason: str) -> None:
    """A value that asks for what happens without it is no reason; a malformed message is sent malformed."""
    case = Case("s", "c", {"messages": [{"role": "user", "content": "hi"}], **request_})
    found = RESPONSES.cannot_express(case)
    assert (reason in found) if reason else not found


def test_a_case_about_seeds_is_not_asked() -> None:
    """A seed is left out elsewhere; where it is what the case tests, the case does not apply."""
    case = Case("s", "c", {"messages": [{"role": "user", "content": "hi"}], "seed": 7}, checks={"seed-repeats": {}})
    assert RESPONSES.cannot_express(case) == "it has no seed"


def test_size_bounds_what_is_sent() -> None:
    """The prompt's bytes and the limit of tokens, for the ceiling of the cost."""
    case = Case("s", "c", {"messages": [{"role": "user", "content": "h" * 500}], "max_tokens": 9})
    found = RESPONSES.size(case, PROVIDER)
    assert found is not None
    assert (found.output_tokens, found.choices) == (9, 1)
    assert found.prompt_bytes > 500
