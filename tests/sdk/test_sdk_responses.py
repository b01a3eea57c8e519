"""Responses of the fleet, read by the official SDK as an independent client."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from fleet_replies import HEALTHY_STACKS
from trueweight.fleet import MODEL

pytestmark = pytest.mark.sdk

HEALTHY = [*HEALTHY_STACKS, "thinks-short", "thinks-summary", "thinks-encrypted", "thinks-hidden"]
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Current weather of a city",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
WEATHER = "Use get_weather: what is the weather in the city of Paris? And in the city of Rome?"
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
QUESTIONS: dict[str, dict[str, Any]] = {
    "text": {"input": "Tell me about the sea, please.", "max_output_tokens": 60},
    "calls": {"input": WEATHER, "tools": [TOOL], "tool_choice": "required", "temperature": 0},
    "schema": {"input": "A person.", "text": {"format": {"type": "json_schema", "name": "p", "schema": PERSON}}},
    "cut": {"input": "Tell me about the sea, please.", "max_output_tokens": 5},
    "logprobs": {"input": "Hi.", "include": ["message.output_text.logprobs"], "top_logprobs": 2},
    "history": {
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": "Weather?"}]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]},
            {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": '{"city":"Oslo"}'},
            {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "14"}]},
        ],
        "tools": [TOOL],
    },
}


@pytest.mark.parametrize("client", HEALTHY, indirect=True)
def test_the_sdk_reads_every_healthy_reply(client: Any) -> None:
    """Plain and streamed, each body is valid by the SDK's types, and its own reader of streams gets the plain reply."""
    from openai.types.responses import Response, ResponseStreamEvent
    from pydantic import TypeAdapter

    events_of: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
    for name, question in QUESTIONS.items():
        wanted = {"model": MODEL, "temperature": 0, **question}
        plain = client.responses.create(**wanted)
        Response.model_validate(plain.to_dict())
        events = []
        for event in client.responses.create(**wanted, stream=True):
            events_of.validate_python(event.to_dict())
            events.append(event)
        assert [event.sequence_number for event in events] == list(range(len(events)))
        final = events[-1].response
        assert (final.status, final.output_text) == (plain.status, plain.output_text), name
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert text == plain.output_text
        calls = [(one.name, one.arguments) for one in plain.output if one.type == "function_call"]
        assert [(one.name, one.arguments) for one in final.output if one.type == "function_call"] == calls
        assert bool(calls) == (name == "calls")


@pytest.mark.parametrize("client", ["reference"], indirect=True)
def test_the_sdks_stream_helper_ends_with_the_response(client: Any) -> None:
    """The helper that collects the events itself has the calls at the end."""
    with client.responses.stream(model=MODEL, input=WEATHER, tools=[TOOL], tool_choice="required") as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()
    assert [one.name for one in final.output if one.type == "function_call"]


@pytest.mark.parametrize("client", ["reference"], indirect=True)
@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"input": 5}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "c9", "output": "x"}]}, "messages[0].tool_call_id"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{"type": "custom", "name": "grep"}]}, "tools[0].type"),
        ({"text": {"format": {"type": "bogus"}}}, "response_format.type"),
        ({"background": True}, "background"),
    ],
)
def test_wrong_requests_are_refused(openai: ModuleType, client: Any, wrong: dict[str, Any], param: str) -> None:
    """A malformed field, and what is not supported, is refused with its name."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{"model": MODEL, "input": "Hi.", **wrong})
    assert caught.value.param == param


@pytest.mark.parametrize("client", ["reference"], indirect=True)
def test_a_response_that_is_not_stored_is_not_found(openai: ModuleType, client: Any) -> None:
    """A server without a store says so; it does not answer without the conversation."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model=MODEL, input="Hi.", previous_response_id="resp_1")
    assert caught.value.code == "previous_response_not_found"


@pytest.mark.parametrize("client", ["reference"], indirect=True)
def test_a_stored_response_is_continued(openai: ModuleType, client: Any) -> None:
    """The prompt has the earlier turns, the second time too; one that is not stored is not found."""
    first = client.responses.create(model=MODEL, input="The mill is old and red.", store=True)
    second = client.responses.create(model=MODEL, input="Hi.", previous_response_id=first.id, store=True)
    third = client.responses.create(model=MODEL, input="Hi.", previous_response_id=second.id)
    counts = [one.usage.input_tokens for one in (first, second, third) if one.usage is not None]
    assert counts == sorted(set(counts))
    assert (first.store, second.previous_response_id) == (True, first.id)  # type: ignore[attr-defined]
    secret = client.responses.create(model=MODEL, input="4711", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=MODEL, input="Hi.", previous_response_id=secret.id)
