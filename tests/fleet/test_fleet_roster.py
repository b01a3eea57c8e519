"""Every provider against the shipped suites: the healthy ones are right, each faulty one shows its own fault."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from trueweight.core import Case
from trueweight.fleet import MODEL
from trueweight.fleet.faults import FAULTS
from trueweight.suites import find_suite, shipped_suites

HEALTHY = ("reference", "twin", "other-stack")


def known_cases() -> Iterator[Case]:
    """Cases with an answer, of every shipped suite."""
    for name in shipped_suites():
        yield from (case for case in find_suite(name).cases if case.answer is not None)


def post(http: httpx.Client, url: str, request: Mapping[str, Any], **more: Any) -> httpx.Response:
    """One chat completion; as in a plan, what a case says of streams is left out of plain requests."""
    asked = {key: request[key] for key in request if key != "stream_options" or more.get("stream")}
    return http.post(f"{url}/chat/completions", json={"model": MODEL, **asked, **more})


def choice_of(response: httpx.Response) -> dict[str, Any]:
    """The first choice of a plain reply."""
    choice: dict[str, Any] = response.json()["choices"][0]
    return choice


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_providers_know_the_suites(http: httpx.Client, fleet_urls: Mapping[str, str], name: str) -> None:
    """A healthy provider's plain reply is the case's answer, call by call, word by word."""
    wrong = []
    for case in known_cases():
        choice = choice_of(post(http, fleet_urls[name], case.request))
        if choice["finish_reason"] == "length":
            if "truncated" not in case.tags:
                wrong.append((case.key, "cut"))
            continue
        calls = [
            {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"])}
            for call in choice["message"].get("tool_calls") or ()
        ]
        answer = case.answer or {}
        wanted = [{"name": call["name"], "arguments": call.get("arguments", {})} for call in answer.get("calls", ())]
        if calls != wanted:
            wrong.append((case.key, calls))
        elif "json" in answer and json.loads(choice["message"]["content"]) != answer["json"]:
            wrong.append((case.key, choice["message"]["content"]))
    assert not wrong


def test_twin_is_the_reference_to_the_bit(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """At temperature 0 the twin's text and log-probabilities are the reference's; int4's are not."""

    def told(name: str) -> list[Any]:
        asks = ({"messages": [{"role": "user", "content": f"Tell me story number {n}."}]} for n in range(8))
        return [
            {key: choice_of(reply)[key] for key in ("message", "logprobs")}
            for reply in (
                post(http, fleet_urls[name], ask, temperature=0, max_tokens=24, logprobs=True, top_logprobs=5)
                for ask in asks
            )
        ]

    assert told("twin") == told("reference")
    assert told("twin-2") == told("reference")
    assert told("int4") != told("reference")


def leaked(message: Mapping[str, Any]) -> bool:
    """Whether the markup of a call stands in the text."""
    return "<tool_call>" in (message.get("content") or "")


def test_leaky_parser_leaks_the_same_share_every_time(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """About 60% of calls turn to text under ``stop``, the same ones at every ask; the reference leaks none."""
    cases = [case for case in known_cases() if (case.answer or {}).get("calls")]
    shares = []
    for _ in range(2):
        choices = [choice_of(post(http, fleet_urls["leaky-parser"], case.request)) for case in cases]
        hit = [leaked(choice["message"]) for choice in choices]
        assert all("tool_calls" not in choice["message"] for choice, bad in zip(choices, hit, strict=True) if bad)
        assert all(
            choice["finish_reason"] in {"stop", "length"} for choice, bad in zip(choices, hit, strict=True) if bad
        )
        shares.append(hit)
    assert shares[0] == shares[1]
    assert 0.35 < sum(shares[0]) / len(shares[0]) < 0.85
    assert any(case.request.get("tools") for case in cases)
    reference = (choice_of(post(http, fleet_urls["reference"], case.request)) for case in cases[:10])
    assert not any(choice["finish_reason"] == "stop" and leaked(choice["message"]) for choice in reference)


def fits(content: str | None, schema: Any) -> bool:
    """Whether the whole text is one document that the schema accepts."""
    try:
        return bool(Draft202012Validator(schema).is_valid(json.loads(content or "")))
    except ValueError:
        return False


def test_no_strict_breaks_most_schemas(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """Most documents miss their schema, in more than one manner; the reference's all fit."""
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["name", "size"],
        "additionalProperties": False,
    }
    wanted = {"type": "json_schema", "json_schema": {"name": "thing", "schema": schema, "strict": True}}

    def contents(name: str) -> list[str]:
        asks = ({"messages": [{"role": "user", "content": f"Describe thing {n}."}]} for n in range(40))
        return [
            choice_of(post(http, fleet_urls[name], ask, response_format=wanted))["message"]["content"] for ask in asks
        ]

    assert all(fits(text, schema) for text in contents("reference"))
    loose = contents("no-strict")
    assert 0.6 < sum(not fits(text, schema) for text in loose) / len(loose) < 1
    assert len({text[:3] for text in loose if not fits(text, schema)}) > 1


def test_no_strict_leaves_enums(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """Some enum arguments are outside the enum; the reference's never are."""
    options = ["red", "green"]
    parameters = {
        "type": "object",
        "properties": {"colour": {"type": "string", "enum": options}},
        "required": ["colour"],
    }
    tool = {"type": "function", "function": {"name": "paint", "parameters": parameters}}

    def outside(name: str) -> int:
        count = 0
        for n in range(20):
            ask = {
                "messages": [{"role": "user", "content": f"paint wall {n}"}],
                "tools": [tool],
                "tool_choice": "required",
            }
            call = choice_of(post(http, fleet_urls[name], ask))["message"]["tool_calls"][0]
            count += json.loads(call["function"]["arguments"])["colour"] not in options
        return count

    assert outside("reference") == 0
    assert 4 < outside("no-strict") < 20


def test_slow_is_later_than_the_reference(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """Its best time is worse than the reference's best."""

    def fastest(name: str) -> float:
        ask = {"messages": [{"role": "user", "content": "hi"}]}
        return min(post(http, fleet_urls[name], ask, max_tokens=4).elapsed.total_seconds() for _ in range(4))

    assert fastest("slow") > fastest("reference")


def test_flaky_fails_in_several_ways_and_recovers(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """About three in ten fail, as 429 with ``Retry-After``, 500, 503 and cut bodies, whatever is asked."""
    outcomes: Counter[str] = Counter()
    for n in range(150):
        try:
            reply = post(
                http,
                fleet_urls["flaky"],
                {"messages": [{"role": "user", "content": "same"}]},
                max_tokens=6,
                stream=n % 2 == 0,
            )
        except httpx.RemoteProtocolError:
            outcomes["cut"] += 1
            continue
        outcomes[str(reply.status_code)] += 1
        if reply.status_code == 429:
            assert reply.headers["retry-after"] == "0"
    assert set(outcomes) == {"200", "429", "500", "503", "cut"}
    assert 0.55 < outcomes["200"] / 150 < 0.85


def test_other_stack_writes_another_hand(http: httpx.Client, fleet_urls: Mapping[str, str]) -> None:
    """The same answer as the reference in other bytes: CRLF, comments, whole calls, other ids."""
    case = next(case for case in known_cases() if (case.answer or {}).get("calls"))
    more = {"stream": True, "stream_options": {"include_usage": True}}
    ours, theirs = (post(http, fleet_urls[name], case.request, **more).text for name in ("reference", "other-stack"))
    assert "\r\n\r\n" in theirs and "\r" not in ours
    assert ": keep-alive" in theirs and ": keep-alive" not in ours
    assert "functions." in theirs and "call_" in ours
    assert ours.endswith("data: [DONE]\n\n") and theirs.endswith("data: [DONE]\r\n\r\n")

    def usage(text: str) -> Any:
        return json.loads(text.replace("\r", "").split("\n\n")[-3].removeprefix("data: "))["usage"]

    assert usage(ours) == usage(theirs)


def test_every_fault_is_documented() -> None:
    """Each fault has its name, and says in its docstring what it does."""
    for name, fault in FAULTS.all().items():
        assert fault.name == name
        assert fault.__doc__
