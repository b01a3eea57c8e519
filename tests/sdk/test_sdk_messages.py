"""Messages of the fleet, read by the anthropic SDK as an independent client."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from fleet_replies import HEALTHY_STACKS, body_of, served
from trueweight.fleet import MODEL
from trueweight.fleet.provider import HttpRequest

pytestmark = pytest.mark.sdk

HEALTHY = [*HEALTHY_STACKS, "thinks-short", "thinks-encrypted", "thinks-hidden"]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "get_weather", "description": "Current weather of a city", "input_schema": SCHEMA}
NOW = {"name": "get_time", "description": "The current time", "input_schema": {"type": "object", "properties": {}}}
SEA = [{"role": "user", "content": "Tell me about the sea, please."}]
WEATHER = [{"role": "user", "content": "Use get_weather: what is the weather in the city of Paris? And in Rome?"}]
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
QUESTIONS: dict[str, dict[str, Any]] = {
    "text": {"messages": SEA, "max_tokens": 60},
    "calls": {"messages": WEATHER, "tools": [TOOL], "tool_choice": {"type": "any"}},
    "empty": {"messages": SEA, "tools": [NOW], "tool_choice": {"type": "tool", "name": "get_time"}},
    "schema": {"messages": SEA, "output_config": {"format": {"type": "json_schema", "schema": PERSON}}},
    "cut": {"messages": SEA, "max_tokens": 5},
    "history": {
        "system": [
            {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "Be kind."},
        ],
        "messages": [
            *WEATHER,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Oslo"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": "14"}]},
                    {"type": "text", "text": "And?"},
                ],
            },
        ],
        "tools": [TOOL],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    },
}
GREEDY = {"temperature": 0}
"""The SDK is for a later version of the API, which has no temperature; hosts of open models serve 2023-06-01."""


@pytest.fixture
def client(anthropic: ModuleType, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The official client, pointed at a provider in this process."""
    import httpx2  # the SDK's transport

    provider = served(request.param)

    def respond(sent: httpx2.Request) -> httpx2.Response:
        response = provider.respond(HttpRequest(sent.method, sent.url.path, dict(sent.headers), sent.read()))
        return httpx2.Response(response.status, headers=dict(response.headers), content=body_of(response))

    with (
        httpx2.Client(transport=httpx2.MockTransport(respond)) as http,
        anthropic.Anthropic(base_url="http://fleet", api_key="any", max_retries=0, http_client=http) as found,
    ):
        yield found


def known_blocks(message: Any) -> list[Any]:
    """What a client takes from each block; ids of calls differ from reply to reply."""
    return [{key: part for key, part in block.to_dict().items() if key != "id"} for block in message.content]


def prompt_tokens(usage: Any) -> int:
    """The tokens of a prompt: a cache may have those of a stream and not those of a plain reply."""
    return int(usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0))


@pytest.mark.parametrize("client", HEALTHY, indirect=True)
def test_the_sdk_reads_every_healthy_reply(client: Any) -> None:
    """Plain and streamed, each body is valid by the SDK's types, and its own reader of streams gets the plain reply."""
    from anthropic.types import Message, RawMessageStreamEvent
    from pydantic import TypeAdapter

    events_of: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    for name, question in QUESTIONS.items():
        wanted = {"model": MODEL, "max_tokens": 400, "extra_body": GREEDY, **question}
        plain = client.messages.create(**wanted)
        Message.model_validate(plain.to_dict())
        for event in client.messages.create(**wanted, stream=True):
            events_of.validate_python(event.to_dict())
        with client.messages.stream(**wanted) as stream:
            final = stream.get_final_message()
        assert known_blocks(final) == known_blocks(plain), name
        assert (final.stop_reason, final.usage.output_tokens) == (plain.stop_reason, plain.usage.output_tokens)
        assert prompt_tokens(final.usage) == prompt_tokens(plain.usage)
        assert (plain.stop_reason == "tool_use") == any(block.type == "tool_use" for block in plain.content)
        if name in ("calls", "empty"):
            assert plain.stop_reason == "tool_use"


@pytest.mark.parametrize("client", ["reference", "healthy-gateway"], indirect=True)
def test_the_count_is_the_usage(client: Any) -> None:
    """Tokens from a cache included."""
    question = QUESTIONS["history"]
    usage = client.messages.create(model=MODEL, max_tokens=9, **question).usage
    count = client.messages.count_tokens(model=MODEL, **question).input_tokens
    assert count == prompt_tokens(usage)


@pytest.mark.parametrize("client", ["reference"], indirect=True)
@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": []},
        {"max_tokens": 0},
        {"extra_body": {"temperature": 1.5}},
        {"messages": [{"role": "system", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]}]},
        {"tools": [{"name": "x"}]},
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "other"}},
        {"stop_sequences": [" "]},
        {"thinking": {"type": "enabled", "budget_tokens": 5}},
        {"output_config": {"format": {"type": "yaml"}}},
    ],
)
def test_wrong_requests_are_refused(anthropic: ModuleType, client: Any, wrong: dict[str, Any]) -> None:
    """Each malformed request is a 400 with the error object of the API."""
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**{"model": MODEL, "max_tokens": 5, "messages": SEA, **wrong})
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == "invalid_request_error"
    assert caught.value.body["error"]["message"]


@pytest.mark.parametrize("client", ["reference"], indirect=True)
def test_unknown_model_is_not_found(anthropic: ModuleType, client: Any) -> None:
    """Another model's name is a 404 of the API's type."""
    with pytest.raises(anthropic.NotFoundError) as caught:
        client.messages.create(model="claude", max_tokens=5, messages=SEA)
    assert caught.value.body["error"]["type"] == "not_found_error"
