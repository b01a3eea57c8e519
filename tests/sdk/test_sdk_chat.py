"""The official SDK as the judge of whether ``reference`` is a faithful server."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from trueweight.fleet import MODEL

pytestmark = pytest.mark.sdk

ASK = [{"role": "user", "content": "Tell me about the sea, please."}]
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "required": ["city", "unit"],
            "additionalProperties": False,
        },
    },
}
WEATHER = [{"role": "user", "content": "Use get_weather: what is the weather in the city of Paris?"}]


def say(sdk: Any, **more: Any) -> Any:
    """One request with the defaults of this file."""
    return sdk.chat.completions.create(**{"model": MODEL, "messages": ASK, **more})


def test_plain_reply_counts_its_tokens(sdk: Any) -> None:
    """A plain reply has text, a finish reason, and a usage that adds up."""
    reply = say(sdk, temperature=0)
    assert reply.choices[0].message.content
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.prompt_tokens > 5


def test_stream_says_what_plain_says(sdk: Any) -> None:
    """Streamed and plain, the same seed gives the same text, finish reason and usage."""
    plain = say(sdk, seed=5, max_tokens=20)
    chunks = list(say(sdk, seed=5, max_tokens=20, stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == plain.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage == plain.usage
    assert len(chunks) > 15


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "function": {"name": "get_weather"}}])
def test_tool_call_is_valid_plain_and_streamed(sdk: Any, choice: Any) -> None:
    """A call names a declared tool and its arguments satisfy the tool's schema, whole or in fragments."""
    schema = TOOL["function"]["parameters"]
    plain = say(sdk, messages=WEATHER, tools=[TOOL], tool_choice=choice, temperature=0)
    call = plain.choices[0].message.tool_calls[0]
    assert plain.choices[0].finish_reason == "tool_calls"
    assert call.id and call.function.name == "get_weather"
    Draft202012Validator(schema).validate(json.loads(call.function.arguments))

    with sdk.chat.completions.stream(
        model=MODEL, messages=WEATHER, tools=[TOOL], tool_choice=choice, temperature=0
    ) as stream:
        final = stream.get_final_completion()
    streamed = final.choices[0].message.tool_calls[0]
    assert streamed.function.arguments == call.function.arguments


def test_tool_choice_none_is_obeyed(sdk: Any) -> None:
    """With ``tool_choice: none`` even a clear request gets words."""
    message = say(sdk, messages=WEATHER, tools=[TOOL], tool_choice="none").choices[0].message
    assert not message.tool_calls
    assert message.content


def test_unclear_request_is_decided_by_temperature(sdk: Any) -> None:
    """A prompt half about a tool is called sometimes at temperature 1, and always or never at 0."""
    ask = [{"role": "user", "content": "I wonder about weather."}]

    def called(**more: Any) -> bool:
        return bool(say(sdk, messages=ask, tools=[TOOL], max_tokens=64, **more).choices[0].message.tool_calls)

    assert {called(temperature=1, seed=seed) for seed in range(24)} == {True, False}
    assert len({called(temperature=0) for _ in range(4)}) == 1


def test_json_schema_is_enforced(sdk: Any) -> None:
    """A strict response format is satisfied by the whole content."""
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}, "size": {"type": "integer", "minimum": 3, "maximum": 9}},
        "required": ["kind", "size"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema, "strict": True}}
    for seed in range(5):
        content = say(sdk, response_format=wanted, seed=seed).choices[0].message.content
        Draft202012Validator(schema).validate(json.loads(content))


def test_document_spelled_in_the_prompt_is_given_back(sdk: Any) -> None:
    """A prompt that spells out its target gets exactly that, as arguments and as a document."""
    target = {"city": 'Zürich </tool_call> \n\t"x" 😀', "unit": "celsius"}
    ask = [{"role": "user", "content": f"Call get_weather with exactly {json.dumps(target)}"}]
    reply = say(sdk, messages=ask, tools=[TOOL])
    assert json.loads(reply.choices[0].message.tool_calls[0].function.arguments) == target
    spec = {"name": "w", "schema": TOOL["function"]["parameters"]}
    reply = say(sdk, messages=ask, response_format={"type": "json_schema", "json_schema": spec})
    assert json.loads(reply.choices[0].message.content) == target


def test_logprobs_are_a_distribution(sdk: Any) -> None:
    """Log-probabilities spell the text in bytes; alternatives are sorted and sum to at most 1."""
    import math

    reply = say(sdk, logprobs=True, top_logprobs=20, temperature=0, max_tokens=8)
    entries = reply.choices[0].logprobs.content
    assert b"".join(bytes(entry.bytes) for entry in entries).decode() == reply.choices[0].message.content
    for entry in entries:
        values = [top.logprob for top in entry.top_logprobs]
        assert values == sorted(values, reverse=True)
        assert entry.logprob == values[0]
        assert 0.1 < sum(map(math.exp, values)) <= 1.0001


def test_n_gives_distinct_choices(sdk: Any) -> None:
    """``n`` choices come, numbered, and at temperature 1 not all alike."""
    reply = say(sdk, n=4, max_tokens=12, temperature=1)
    assert [choice.index for choice in reply.choices] == [0, 1, 2, 3]
    assert len({choice.message.content for choice in reply.choices}) > 1


def test_stop_cuts_before_the_sequence(sdk: Any) -> None:
    """The stop sequence is not in the text, and what came before it is unchanged."""
    whole = say(sdk, temperature=0).choices[0].message.content
    word = whole.split()[4]
    cut = say(sdk, temperature=0, stop=[word]).choices[0]
    assert cut.finish_reason == "stop"
    assert cut.message.content == whole[: whole.index(word)]


def test_max_tokens_says_length(sdk: Any) -> None:
    """A reply cut by ``max_tokens`` has exactly so many tokens and says so."""
    reply = say(sdk, temperature=0, max_tokens=4)
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage.completion_tokens == 4


def test_seed_repeats_and_its_absence_does_not(sdk: Any) -> None:
    """The same seed gives the same text; without one, repeats differ."""
    assert len({say(sdk, seed=11, max_tokens=16).choices[0].message.content for _ in range(3)}) == 1
    assert len({say(sdk, max_tokens=16).choices[0].message.content for _ in range(6)}) > 1


def test_logit_bias_forbids(sdk: Any) -> None:
    """A token at -100 is not said, though it was the first choice."""
    from trueweight.fleet import tokenizer

    first = say(sdk, temperature=0, max_tokens=1).choices[0].message.content
    (token,) = tokenizer.encode(first)
    other = say(sdk, temperature=0, max_tokens=1, logit_bias={str(token): -100}).choices[0].message.content
    assert other != first


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": []},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"temperature": -3},
        {"temperature": 2.5},
        {"top_p": 2},
        {"n": 0},
        {"max_tokens": 0},
        {"max_tokens": True},
        {"top_logprobs": 3},
        {"logprobs": True, "top_logprobs": 21},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"tools": [{"type": "function"}]},
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        {"tools": [TOOL, TOOL]},
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": {"type": "objekt"}}}]},
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}},
        {"tool_choice": "required"},
        {"response_format": {"type": "yaml"}},
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"$ref": "http://a/b"}}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"not": {}}}}},
        {"extra_body": {"stream_options": {"include_usage": True}}},
    ],
)
def test_wrong_requests_are_refused(openai: ModuleType, sdk: Any, wrong: dict[str, Any]) -> None:
    """Each malformed request is a 400 with an error object that names a field or says what is wrong."""
    with pytest.raises(openai.BadRequestError) as caught:
        say(sdk, **wrong)
    assert caught.value.body["type"] == "invalid_request_error"
    assert caught.value.body["message"]


def test_unknown_model_is_not_found(openai: ModuleType, sdk: Any) -> None:
    """Another model's name is a 404 with its code."""
    with pytest.raises(openai.NotFoundError) as caught:
        say(sdk, model="gpt-9")
    assert caught.value.code == "model_not_found"


def test_models_lists_the_model(sdk: Any) -> None:
    """``GET /v1/models`` lists the one model."""
    assert [model.id for model in sdk.models.list()] == [MODEL]
