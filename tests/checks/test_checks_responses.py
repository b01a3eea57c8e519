"""Responses made by hand: what the API allows is no finding, and a fault is found by the check that names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from check_samples import failed

from trueweight.checks import run_checks
from trueweight.core import Case, Exchange, Outcome
from trueweight.core.example import sample_case
from trueweight.core.json_value import JsonObject
from trueweight.protocols import read_reply
from trueweight.protocols.responses.sample import (
    answered,
    events,
    function_call,
    incomplete,
    message,
    numbered,
    reasoning,
    response,
    streamed,
)

TOOL = {"type": "function", "name": "weather", "parameters": {}}
CASE = sample_case(tools=[{"type": "function", "function": {"name": "weather", "parameters": {}}}])
CUSTOM = sample_case(tools=[{"type": "custom", "name": "patch"}])
SEARCH = sample_case({"responses-tools-kept": {"type": "web_search"}}, tools=[{"type": "web_search"}])
OSLO, ROME = function_call("weather", '{"city":"Oslo"}', 0), function_call("weather", '{"city":"Rome"}', 1)
SEARCHED: JsonObject = {"type": "web_search_call", "id": "ws_1", "status": "failed"}
PATCHED: JsonObject = {"type": "custom_tool_call", "id": "ct_1", "call_id": "c_1", "name": "patch", "input": "x"}


def whole(*items: JsonObject, **changes: Any) -> JsonObject:
    return response(*items, **{"tools": [TOOL, TOOL], **changes})


def edited(parts: list[JsonObject], change: Callable[[JsonObject], Any]) -> Exchange:
    """The stream with each of its events changed in place."""
    own = json.loads(json.dumps(parts))
    for one in own:
        change(one)
    return streamed(own)


HELLO = events(whole(message("hello")), [["hel", "lo"]])
CALLS = events(whole(OSLO, ROME))
THOUGHT_FIRST = events(whole(reasoning("hm"), OSLO))
CUT = incomplete(message("hel"), tools=[TOOL])


@pytest.mark.parametrize(
    ("oddity", "made", "case"),
    [
        ("a tool of the server fails", answered(whole(SEARCHED, message(id="msg_2"))), CASE),
        ("details without a reason", answered(whole(message(), incomplete_details={"reason": None})), CASE),
        ("empty details", answered(whole(message(), incomplete_details={})), CASE),
        ("a call of a custom tool", answered(whole(PATCHED)), CUSTOM),
        ("a version of the tool", answered(whole(message(), tools=[{"type": "web_search_2025_08_26"}])), SEARCH),
        ("text, thought, call", answered(whole(message(), reasoning("hm"), OSLO)), CASE),
        ("cut in a thought", answered(incomplete(message(), reasoning("hm"), tools=[TOOL])), CASE),
        (
            "the cut item has no status",
            answered(response(message(), reasoning("hm", status=None), status="incomplete", tools=[TOOL],
                              incomplete_details={"reason": "max_output_tokens"})),
            CASE,
        ),
        ("an unknown reason", answered(incomplete(message(), reason="steered", tools=[TOOL])), CASE),
        ("an unknown part", answered(whole(message(content=[{"type": "hologram"}, *message()["content"]]))), CASE),
        ("a call in one piece", streamed(numbered(one for one in CALLS if "delta" not in one)), CASE),
        ("an unknown event", streamed(numbered([HELLO[0], {"type": "response.new", "x": 1}, *HELLO[1:]])), CASE),
        ("empty deltas", streamed(events(whole(message("hello")), [["", "hel", "", "lo", ""]])), CASE),
    ],
)  # fmt: skip
def test_what_the_api_allows_is_no_finding(oddity: str, made: Exchange, case: Case) -> None:
    """By the types of the official SDK."""
    assert failed(made, case) == []


def shift(name: str) -> Callable[[JsonObject], Any]:
    return lambda one: one.update({name: one[name] + 1}) if name in one else None


def one_id(one: JsonObject) -> None:
    one.update({"item_id": "fc"} if "item_id" in one else {})
    for item in [one.get("item", {}), *one.get("response", {}).get("output", ())]:
        item["id"] = "fc"


def unnamed(one: JsonObject) -> None:
    if one["type"] == "response.output_item.added":
        del one["item"]["call_id"]


@pytest.mark.parametrize(
    ("check", "made"),
    [
        ("responses-event-place", edited(HELLO, shift("output_index"))),
        ("responses-event-place", edited(CALLS, shift("output_index"))),
        ("responses-event-place", edited(HELLO, shift("content_index"))),
        ("responses-event-place", edited(CALLS, one_id)),
        ("responses-call-constant", edited(CALLS, unnamed)),
        ("responses-final-output", streamed([*CALLS[:-1], {**CALLS[-1], "response": whole(OSLO)}])),
        ("responses-final-output", streamed(numbered([CALLS[0], CALLS[-1]]))),
        ("responses-deltas", streamed(numbered(one for one in HELLO if "delta" not in one))),
        ("responses-incomplete", answered({**CUT, "incomplete_details": {"reason": "length"}})),
        ("responses-items", answered(whole(OSLO, {**ROME, "id": OSLO["id"]}))),
        ("responses-items", answered(whole(message(content=[{"type": "text", "text": "hi", "annotations": []}])))),
        ("responses-items", answered(whole(message(content=[{"type": "refusal", "text": "no"}])))),
        ("responses-reasoning-first", answered(whole(message(), reasoning("hm")))),
        ("responses-reasoning-first", answered(whole(OSLO, reasoning("hm"), ROME))),
        ("responses-item-status", answered(whole(message(status="in_progress")))),
    ],
)
def test_a_fault_is_found_by_its_own_check(check: str, made: Exchange) -> None:
    """And by no other, but for those that it explains."""
    assert [one for one in failed(made, CASE) if one != "responses-items" or check == one] == [check]


def test_a_negative_index_makes_no_check_raise() -> None:
    """It is no place in the output: it neither counts from the end nor is it looked up."""
    made = edited(HELLO, lambda one: one.update(output_index=-5) if "output_index" in one else None)
    assert failed(made, CASE) == ["responses-event-place"]
    assert not [one for one in run_checks(CASE, read_reply(made)) if one.problem is not None]


def test_a_thought_that_moves_to_the_end_is_not_a_call_without_its_id() -> None:
    """Where the output has the thought in the place of the call, the call is not said to lose its ``call_id``."""
    moved = {**THOUGHT_FIRST[-1], "response": whole(OSLO, reasoning("hm"))}
    found = failed(streamed([*THOUGHT_FIRST[:-1], moved]), CASE)
    assert "responses-reasoning-first" in found
    assert "responses-call-constant" not in found


def test_two_items_with_one_id_are_read_by_their_index() -> None:
    """The deltas of interleaved calls do not run into each other."""
    by_item = [[one for one in CALLS if one.get("output_index") == at] for at in (0, 1)]
    mixed = [one for both in zip(*by_item, strict=True) for one in both]
    reply = read_reply(edited(numbered([*CALLS[:2], *mixed, CALLS[-1]]), one_id))
    assert [call.arguments for call in reply.calls] == [OSLO["arguments"], ROME["arguments"]]


@pytest.mark.parametrize("odd", [[], {}, ["message"], 5])
def test_a_type_that_is_no_text_makes_no_check_raise(odd: object) -> None:
    """Of an item or a part, beside a thought: it is a flaw of the items."""
    for item in (message(type=odd), message(content=[{"type": odd, "text": "x"}])):
        found = run_checks(CASE, read_reply(answered(whole(item, reasoning("hm"), {"type": odd, "id": "x"}))))
        assert not [one for one in found if one.problem is not None]
        assert "responses-items" in [one.check for one in found if one.outcome is Outcome.FAIL]
