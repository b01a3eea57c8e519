"""What the fleet refuses, and what it takes: the line between a request and what is none."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from trueweight.fleet import MODEL, roster
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.fleet.validate import check_request

USER = {"role": "user", "content": "What is the weather in Paris?"}
CALL = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
ASKED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "18"}


def tool(name: Any = "weather", **function: Any) -> dict[str, Any]:
    """A tool of this name."""
    return {"type": "function", "function": {"name": name, **function}}


def declaring(*tools: Any, role: str = "system", content: Any = "") -> dict[str, Any]:
    """A message that declares tools."""
    return {"role": role, "content": content, "tools": list(tools)}


def request(*messages: Any, **more: Any) -> dict[str, Any]:
    """A request with these messages."""
    return {"model": MODEL, "messages": list(messages), **more}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (request(), "messages"),
        (request("hi"), "messages[0]"),
        (request({"role": "narrator", "content": "x"}), "messages[0].role"),
        (request({"role": "user", "content": 3}), "messages[0].content"),
        (request({"role": "user", "content": [{"type": "smell"}]}), "messages[0].content"),
        (request(USER, RESULT), "messages[1].tool_call_id"),
        (request(USER, ASKED), "messages[2]"),
        (request(USER, ASKED, USER), "messages[2]"),
        (request(USER, declaring(tool(), role="user")), "messages[1].tools"),
        (request(USER, declaring(tool(), content="also")), "messages[1].content"),
        (request(USER, declaring()), "messages[1].tools"),
        (request(USER, declaring(tool("1bad"))), "messages[1].tools"),
        (request(USER, declaring(tool()), tools=[tool()]), "tools"),
        (request(USER, declaring(None)), "messages[1].tools[0].type"),
        (request(USER, tools=[tool(parameters={"type": "array"})]), "tools[0].function.parameters"),
        (request(USER, tools=[tool(parameters={"$ref": "#/$defs/none"})]), "tools[0].function.parameters"),
        (request(USER, reasoning_effort="enormous"), "reasoning_effort"),
        (request(USER, temperature=-3), "temperature"),
        (request(USER, response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": []}}),
         "response_format.json_schema.schema"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_by_its_field(body: Any, param: str) -> None:
    """Status 400, and the error names the field at fault."""
    with pytest.raises(RefusedError) as refused:
        check_request(body)
    assert (refused.value.status, refused.value.param) == (400, param)


@pytest.mark.parametrize(
    "body",
    [
        request(USER, ASKED, RESULT),
        request(USER, ASKED, RESULT, ASKED, RESULT, USER),
        request(declaring(tool()), USER),
        request(USER, declaring(tool("a"), tool("b")), tools=[tool()], tool_choice="required"),
        request(USER, tools=[tool("1st")]),
        request(USER, reasoning_effort="low", seed=1, user="me", metadata={"a": "b"}),
        request({"role": "user", "content": [{"type": "text", "text": "hi"}]}),
    ],
)
def test_what_is_a_request_is_taken(body: Any) -> None:
    """As it stands."""
    assert check_request(body) == body


def test_tools_of_messages_are_called() -> None:
    """A tool that a message declares is as good as one at the top."""
    entry = next(entry for entry in roster() if entry.name == "twin")
    provider = FleetProvider(entry, KnownAnswers(), rng=random.Random(0), clock=lambda: 0.0)
    body = json.dumps(request(declaring(tool()), USER, tool_choice="required")).encode()
    response = provider.respond(HttpRequest("POST", "/v1/chat/completions", {}, body))
    said = json.loads(response.steps[0].data)
    assert said["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "weather"
