"""Responses of the fleet: the official SDK as an independent client, and the same answers as chat completions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from fleet_replies import body_of, exchange_with, served
from trueweight.checks import all_checks, run_checks
from trueweight.core import PROTOCOLS, Case, Mode, Outcome
from trueweight.fleet import MODEL
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.fleet.roster import roster
from trueweight.protocols import read_reply
from trueweight.suites import find_suite

HEALTHY = [
    "reference", "other-stack", *(one.name for one in roster() if one.name.startswith("healthy-")), "thinks-short",
    "thinks-summary", "thinks-encrypted", "thinks-hidden",
]  # fmt: skip
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
EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    """The official client, pointed at a provider in this process."""
    provider = served(request.param)

    def respond(sent: httpx.Request) -> httpx.Response:
        response = provider.respond(HttpRequest(sent.method, sent.url.path, {}, sent.read()))
        return httpx.Response(response.status, headers=dict(response.headers), content=body_of(response))

    with (
        httpx.Client(transport=httpx.MockTransport(respond)) as http,
        openai.OpenAI(base_url="http://fleet/v1", api_key="any", max_retries=0, http_client=http) as found,
    ):
        yield found


@pytest.mark.slow
@pytest.mark.parametrize("client", HEALTHY, indirect=True)
def test_the_sdk_reads_every_healthy_reply(client: openai.OpenAI) -> None:
    """Plain and streamed, each body is valid by the SDK's types, and its own reader of streams gets the plain reply."""
    for name, question in QUESTIONS.items():
        wanted = {"model": MODEL, "temperature": 0, **question}
        plain = client.responses.create(**wanted)
        Response.model_validate(plain.to_dict())
        events = []
        for event in client.responses.create(**wanted, stream=True):
            EVENTS.validate_python(event.to_dict())
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
def test_the_sdks_stream_helper_ends_with_the_response(client: openai.OpenAI) -> None:
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
def test_wrong_requests_are_refused(client: openai.OpenAI, wrong: dict[str, Any], param: str) -> None:
    """A malformed field, and what is not supported, is refused with its name."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{"model": MODEL, "input": "Hi.", **wrong})
    assert caught.value.param == param


@pytest.mark.parametrize("client", ["reference"], indirect=True)
def test_a_response_that_is_not_stored_is_not_found(client: openai.OpenAI) -> None:
    """A server without a store says so; it does not answer without the conversation."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model=MODEL, input="Hi.", previous_response_id="resp_1")
    assert caught.value.code == "previous_response_not_found"


@pytest.mark.parametrize("client", ["reference"], indirect=True)
def test_a_stored_response_is_continued(client: openai.OpenAI) -> None:
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


def _facts(provider: FleetProvider, case: Case, mode: Mode, api: str) -> tuple[Any, ...]:
    reply = read_reply(exchange_with(provider, case, mode, api))
    calls = [(one.name, one.arguments) for one in reply.calls]
    # Usage has its details in every response, and in chat completions where there is something to say.
    shared = {info.id for info in all_checks() if info.protocol is None} - {
        "usage-cached-within",
        "usage-reasoning-within",
    }
    outcomes = {one.check: one.outcome for one in run_checks(case, reply) if one.check in shared}
    outcomes = {check: outcome for check, outcome in outcomes.items() if outcome is not Outcome.NOT_APPLICABLE}
    return (reply.status // 100, reply.content or "", reply.reasoning, calls, reply.finish, outcomes)


@pytest.mark.parametrize("suite", ["tool-calls", "structured-output", "reasoning", "protocol"])
def test_a_case_is_answered_alike_through_both_apis(suite: str) -> None:
    """The model decides once, and each check of any API has the same outcome: what differs between the APIs of a host
    is a fault of its server, not of the model."""
    found = find_suite(suite)
    provider = served("reference", KnownAnswers([found]))
    protocol = PROTOCOLS.get("responses")
    asked = [case for case in found.cases if case.api is None and not protocol.cannot_express(case)][::4]
    for case in asked:
        if case.request.get("temperature") == 0:
            for mode in case.modes:
                assert _facts(provider, case, mode, "chat") == _facts(provider, case, mode, "responses"), case.key
    assert len(asked) > 8
