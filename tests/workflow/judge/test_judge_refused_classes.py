"""A refusal of well-formed requests is said to be about what all refused ones have, and no accepted one has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from trueweight.core import Case, Finding, Mode, Observation, Outcome, Severity
from trueweight.workflow.judge.refused_classes import name_refused

USER = {"role": "user", "content": "Hi."}
NULLARY = {"type": "function", "function": {"name": "now", "description": "The time."}}
UNARY = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
STRICT = {**UNARY, "function": {**UNARY["function"], "strict": True}}


def cases_of(*requests: dict[str, Any]) -> dict[str, Case]:
    """Four cases for each request: with other words, and with the messages of a plain one if it has none."""
    made = [{"messages": [{**USER, "content": f"Hi, {at}."}], **request} for request in requests for at in range(4)]
    return {f"s/{at}": Case("s", str(at), request) for at, request in enumerate(made)}


def said(cases: dict[str, Case], refused: Callable[[dict[str, Any]], bool]) -> set[str]:
    """The messages of the refusals."""
    rows = []
    for key, case in cases.items():
        no = refused(dict(case.request))
        outcome = Outcome.FAIL if no else Outcome.PASS
        finding = Finding("request-accepted", outcome, Severity.MUST, 'status 400: "Bad request."' if no else "")
        rows.append(
            Observation(
                key, "p", "s", key, 0, Mode.PLAIN, 1, True, True, True, status=400 if no else 200, findings=(finding,)
            )
        )
    found = name_refused(rows, cases)
    return {one.message for seen in found for one in seen.findings if one.outcome is Outcome.FAIL}


def tool_of(request: dict[str, Any]) -> dict[str, Any]:
    """The first tool, or an empty object."""
    return (request.get("tools") or [{}])[0].get("function", {})


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (lambda one: "tools" in one, "for all 12 requests with tools"),
        (lambda one: tool_of(one).get("name") == "now", "for all 4 requests with a tool without parameters"),
        (lambda one: tool_of(one).get("strict"), "for all 4 requests with a strict tool"),
        (
            lambda one: isinstance(one.get("tool_choice"), dict),
            "for all 4 requests with tool_choice of the type function",
        ),
        (lambda one: len(one["messages"]) > 1, "for all 4 requests with several system messages"),
        (
            lambda one: isinstance(one["messages"][0]["content"], list),
            "for all 4 requests with a part of the type text",
        ),
    ],
)
def test_what_refused_requests_share_is_said(refused: Callable[[dict[str, Any]], bool], words: str) -> None:
    """Whatever the reason that the server gives."""
    system = {"role": "system", "content": "Be brief."}
    cases = cases_of(
        {},
        {"tools": [UNARY]},
        {"tools": [NULLARY]},
        {"tools": [STRICT]},
        {"tool_choice": {"type": "function", "function": {"name": "x"}}},
        {"tool_choice": "auto"},
        {"messages": [system, system, USER]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi."}]}]},
    )
    (message,) = said(cases, refused)
    assert message.startswith(f"status 400 {words}")
    assert message.endswith(': "Bad request."')


def test_two_classes_are_said_apart() -> None:
    """Each with its own number, the larger one first."""
    cases = cases_of({}, {"stop": ["x"]}, {"logprobs": True})
    found = said(cases, lambda one: "stop" in one or "logprobs" in one)
    assert {message.partition(":")[0] for message in found} == {
        "status 400 for all 4 requests with stop",
        "status 400 for all 4 requests with logprobs",
    }


def test_what_nothing_sets_apart_is_not_explained() -> None:
    """Half of the requests of one kind; and all requests of a server that accepts none."""
    cases = cases_of({}, {"tools": [UNARY]})
    half = iter(range(100))
    assert said(cases, lambda _: next(half) % 2 == 0) == {'status 400: "Bad request."'}
    assert said(cases, lambda _: True) == {'status 400: "Bad request."'}


@pytest.mark.parametrize("odd", [5, True, {"a": 1}, ["x"], [{"function": 5}]])
def test_an_odd_history_is_read(odd: Any) -> None:
    """Of a case that a user wrote, each field may have any type: the judgement goes on."""
    cases = cases_of({}, {"messages": [{"role": "assistant", "tool_calls": odd}, USER]})
    (message,) = said(cases, lambda one: one["messages"][0]["role"] == "assistant")
    assert message.startswith("status 400 for all 4 requests with")


def test_few_classes_are_told_apart() -> None:
    """However many there are, as by the users of a workload: the rest is said without a class."""
    cases = cases_of(*({"user": f"u{number}"} for number in range(60)))
    found = said(cases, lambda one: int(one["user"][1:]) % 2 == 0)
    assert 1 < len(found) <= 21
    assert 'status 400: "Bad request."' in found
