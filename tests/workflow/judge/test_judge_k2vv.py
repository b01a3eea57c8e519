"""Our counts of calls are those of the K2 Vendor Verifier, but for the differences we document."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import jsonschema

from trueweight.workflow.judge import judge_exchange
from trueweight.workflow.judge.counts import count

Make = Callable[..., Any]
NAMES = {
    "count_finish_reason_tool_calls": "finish_calls",
    "count_successful_tool_call": "calls_valid",
    "schema_validation_error_count": "calls_invalid",
    "count_finish_reason_stop": "finish_stop",
    "count_finish_others": "finish_other",
}
"""The verifier's name of a count → ours."""


def k2vv(replies: list[tuple[list[dict[str, Any]], str | None]], tools: list[dict[str, Any]]) -> Counter[str]:
    """The verifier's rule on plain replies, restated: each reply falls in one class by its finish reason."""
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in tools}

    def valid(call: dict[str, Any]) -> bool:
        function = call["function"]
        if not schemas.get(function["name"]):
            return False
        try:
            jsonschema.validate(json.loads(function["arguments"]), schemas[function["name"]])
        except (ValueError, jsonschema.ValidationError):
            return False
        return True

    out: Counter[str] = Counter()
    for calls, finish in replies:
        if finish == "tool_calls":
            out["count_finish_reason_tool_calls"] += 1
            good = bool(calls) and all(map(valid, calls))
            out["count_successful_tool_call" if good else "schema_validation_error_count"] += 1
        elif finish == "stop":
            out["count_finish_reason_stop"] += 1
        elif finish:
            out["count_finish_others"] += 1
    return out


GOOD = '{"city": "Paris"}'
BAD = ['{"city": 1}', "{}", '{"city": "x"', "[]", "", '{"city": "a", "b": 1}']
ARGUMENTS = [GOOD] * 9 + BAD


def test_counts_agree_on_random_replies(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make, call: Make
) -> None:
    """500 random replies, calls good and bad under any finish reason: the same five counts."""
    rng = random.Random(7)
    case, provider = make_case("c"), make_provider("p")
    replies = [
        (
            [
                call(rng.choice(ARGUMENTS), rng.choice(["weather"] * 9 + ["storm"]))
                for _ in range(rng.choice([0, 1, 1, 2]))
            ],
            rng.choice(["tool_calls", "tool_calls", "stop", "length", None]),
        )
        for _ in range(500)
    ]
    seen = [
        judge_exchange(case, provider, make_exchange(case, provider, say(calls=calls, finish=finish))).observation
        for calls, finish in replies
    ]
    ours, theirs = count(seen, len(seen)), k2vv(replies, case.request["tools"])
    assert {name: getattr(ours, NAMES[name]) for name in theirs} == dict(theirs)
    assert min(theirs.values()) > 20


def test_the_documented_differences(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make, call: Make
) -> None:
    """Calls under stop are counted, an absent finish reason is absent, a call without a finish is not lost."""
    case, provider = make_case("c"), make_provider("p")
    replies = [say(calls=[call()], finish="stop"), say("hello", finish=None), say(calls=[call()], finish=None)]
    seen = [judge_exchange(case, provider, make_exchange(case, provider, body)).observation for body in replies]
    ours = count(seen, 3)
    assert (ours.calls_under_stop, ours.finish_absent, ours.calls_under_other_finish) == (1, 2, 1)


def test_a_schema_that_is_no_schema_is_not_the_providers_fault(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make, call: Make
) -> None:
    """The call is counted as not judged, neither as valid nor as an error."""
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "nonsense"}}}
    case, provider = make_case("c", request={"messages": [], "tools": [tool]}), make_provider("p")
    exchange = make_exchange(case, provider, say(calls=[call()], finish="tool_calls"))
    ours = count([judge_exchange(case, provider, exchange).observation], 1)
    assert (ours.calls_not_judged, ours.calls_invalid) == (1, 0)
