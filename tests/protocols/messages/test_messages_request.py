"""A case in the shape of chat completions as a request of Messages, or the reason why it has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trueweight.core import PROTOCOLS, BodyChanges, Case, Mode, Provider, Trial, apis_of
from trueweight.wire.redact import Redactor
from trueweight.wire.request_builder import RequestBuilder

MESSAGES = PROTOCOLS.get("messages")
PROVIDER = Provider("p", "http://h/v1", "m", extra_body={"top_k": 3})
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "weather", "description": "Weather.", "parameters": SCHEMA}}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
HI = [{"role": "user", "content": "Hi"}]


def sent(mode: Mode = Mode.PLAIN, provider: Provider = PROVIDER, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MESSAGES.body(Case("s", "c", {"messages": HI, **request}), provider, mode))
    return found


def why(checks: dict[str, Any] | None = None, **request: Any) -> str:
    return MESSAGES.cannot_express(Case("s", "c", {"messages": HI, **request}, checks=checks or {}))


def test_every_message_is_a_block_in_order() -> None:
    """System blocks, parts, a thought before its call, results as text and as parts, and the words after them."""
    messages = [
        {"role": "system", "content": "Be brief."},
        {
            "role": "developer",
            "content": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        },
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {
            "role": "assistant",
            "content": "I look.",
            "reasoning_content": "hm",
            "tool_calls": [CALL, {**CALL, "id": "c2"}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "14"}]},
        {"role": "tool", "tool_call_id": "c2", "content": "15", "is_error": True},
        {"role": "user", "content": "Now answer."},
    ]
    body = sent(messages=messages)
    assert body["system"] == [
        {"type": "text", "text": "Be brief."},
        {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}},
    ]
    user, turn, results = body["messages"]
    assert user == {"role": "user", "content": [{"type": "text", "text": "Weather?"}]}
    assert [block["type"] for block in turn["content"]] == ["thinking", "text", "tool_use", "tool_use"]
    assert turn["content"][0]["signature"]
    assert turn["content"][2] == {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Oslo"}}
    assert results["content"] == [
        {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "14"}]},
        {"type": "tool_result", "tool_use_id": "c2", "content": "15", "is_error": True},
        {"type": "text", "text": "Now answer."},
    ]


def test_a_signed_thought_goes_back_with_its_signature() -> None:
    """And an encrypted one as it came."""
    details = [
        {"type": "reasoning.text", "text": "hm", "signature": "c2ln"},
        {"type": "reasoning.encrypted", "data": "Zm9v"},
    ]
    turn = {"role": "assistant", "content": "Yes.", "reasoning_details": details}
    body = sent(messages=[*HI, turn, *HI])
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "Zm9v"},
        {"type": "text", "text": "Yes."},
    ]


def test_settings_have_their_names() -> None:
    """Limits, stop sequences, format, effort, images; a seed is left out, and a limit that is required is set."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,Zm9v"}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    body = sent(
        Mode.STREAM, messages=[{"role": "user", "content": [image]}], stop="END", seed=7, max_completion_tokens=9,
        temperature=0, response_format=wanted, reasoning_effort="low", n=1, logprobs=False,
        thinking={"type": "adaptive"},
    )  # fmt: skip
    assert body == {
        "model": "m",
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "Zm9v"}}],
            }
        ],
        "max_tokens": 9,
        "stop_sequences": ["END"],
        "temperature": 0,
        "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"},
        "thinking": {"type": "adaptive"},
        "top_k": 3,
        "stream": True,
    }
    assert sent()["max_tokens"] == 4096
    assert "max_tokens" not in sent(max_tokens=None)
    assert sent(reasoning_effort="none")["thinking"] == {"type": "disabled"}


@pytest.mark.parametrize(
    ("request_", "choice"),
    [
        ({}, None),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": {"type": "function", "function": {"name": "weather"}}}, {"type": "tool", "name": "weather"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
    ],
)
def test_tools_and_their_choice(request_: dict[str, Any], choice: Any) -> None:
    """A tool has the schema of its input; one choice says which and how many."""
    body = sent(tools=[TOOL, {"type": "function", "function": {"name": "now"}}], **request_)
    assert body["tools"] == [
        {"name": "weather", "description": "Weather.", "input_schema": SCHEMA},
        {"name": "now", "input_schema": {"type": "object", "properties": {}}},
    ]
    assert body.get("tool_choice") == choice


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"n": 2}, "it has no n"),
        ({"logprobs": True}, "it has no log probabilities"),
        ({"temperature": 1.5}, "its temperature is at most 1"),
        ({"response_format": {"type": "json_object"}}, "it has no JSON without a schema"),
        ({"frequency_penalty": 1}, "it has no frequency_penalty"),
        ({"logit_bias": {"1": 2}}, "it has no logit_bias"),
        ({"user": "me"}, "it has no user"),
        ({"reasoning_effort": "minimal"}, "it has no reasoning effort minimal"),
        ({"stop": ["\n"]}, "it has no stop sequences of white space"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "it has no tools of the type custom"),
        ({"messages": [*HI, {"role": "system", "content": "x"}]}, "it has system messages at the beginning only"),
        ({"messages": [{"role": "system", "tools": [TOOL]}, *HI]}, "it has no tools in messages"),
        ({"messages": [{"role": "user", "name": "Ann", "content": "x"}]}, "its messages have no name"),
        ({"messages": [*HI, {"role": "assistant", "content": ""}, *HI]}, "it has no empty messages"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "it has no parts of the type input_audio",
        ),
    ],
)
def test_what_it_cannot_say_has_a_reason(request_: dict[str, Any], reason: str) -> None:
    """Nothing that a case asks for is dropped without a word."""
    assert why(**request_) == reason


def test_a_case_about_the_seed_and_a_malformed_one_are_not_sent() -> None:
    """A seed that is only there for repeatability is left out; one that is tested is not."""
    assert why(seed=7) == ""
    assert why({"seed-repeats": {}}, seed=7) == "it has no seed"
    refused = Case("s", "c", {"messages": HI, "max_tokens": -1}, checks={"request-refused": {}})
    assert MESSAGES.cannot_express(refused) == "its malformed request is one of chat completions"
    own = Case("s", "c", {"messages": HI, "max_tokens": -1}, checks={"request-refused": {}}, api="messages")
    assert MESSAGES.cannot_express(own) == ""
    assert json.loads(MESSAGES.body(own, PROVIDER, Mode.PLAIN))["max_tokens"] == -1


def test_the_key_is_in_the_header_of_the_api() -> None:
    """With its version, which is there without a key as well."""
    assert MESSAGES.headers("k") == (("x-api-key", "k"), ("anthropic-version", "2023-06-01"))
    assert MESSAGES.headers(None) == (("anthropic-version", "2023-06-01"),)
    assert MESSAGES.key_header == PROTOCOLS.get("count-tokens").key_header == "x-api-key"


def test_a_count_has_the_prompt_alone() -> None:
    """And is asked of providers with Messages only."""
    case = Case("s", "c", {"messages": HI, "tools": [TOOL], "temperature": 0, "stop": ["x"]}, api="count-tokens")
    body = json.loads(PROTOCOLS.get("count-tokens").body(case, PROVIDER, Mode.PLAIN))
    assert set(body) == {"model", "messages", "tools"}
    assert apis_of(case, PROVIDER).refused == {
        "count-tokens": "the case needs Messages, and the provider has chat completions"
    }
    both = Provider("p", "http://h/v1", "m", api=("chat", "messages"))
    assert list(apis_of(case, both).asked) == ["count-tokens"]


def test_changes_of_an_entry_are_made_before_the_api_writes_the_case() -> None:
    """Dropped fields are dropped by their names in the case; words of a switch stay with the user."""
    changes = BodyChanges(
        drop=("response_format",),
        rename={"max_tokens": "max_completion_tokens"},
        set={"temperature": 1},
        words="/no_think",
    )
    provider = Provider("p", "http://h/v1", "m", changes=changes)
    history = [
        *HI,
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "14"},
    ]
    request = {"messages": history, "max_tokens": 5, "temperature": 0, "response_format": {"type": "json_object"}}
    body = json.loads(Trial("", Case("s", "c", request), provider, 0, Mode.PLAIN, "messages").body())
    assert body["messages"][0]["content"] == "Hi /no_think"
    assert body["messages"][2]["content"] == [{"type": "tool_result", "tool_use_id": "c1", "content": "14"}]
    assert (body["max_tokens"], body["temperature"]) == (5, 1)
    chat = json.loads(Trial("", Case("s", "c", request), provider, 0, Mode.PLAIN, "chat").body())
    assert (chat["max_completion_tokens"], "response_format" in chat) == (5, False)
    assert chat["messages"][0]["content"] == "Hi /no_think"


def test_an_entry_may_name_another_version_of_the_api() -> None:
    """Its header replaces the API's, and is sent once."""
    provider = Provider("p", "http://h/v1", "m", headers={"Anthropic-Version": "2026-10-21"})
    builder = RequestBuilder(provider, "a-key-of-some-length", Redactor(("a-key-of-some-length",)))
    sent_ = builder.outgoing(Trial("", Case("s", "c", {"messages": HI}), provider, 0, Mode.PLAIN, "messages"))
    assert sent_.head.headers.get_list("anthropic-version") == ["2026-10-21"]
    assert sent_.head.headers["x-api-key"] == "a-key-of-some-length"
    assert dict(sent_.record.headers)["x-api-key"] == "[REDACTED]"
