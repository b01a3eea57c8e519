"""A reply that is cut in its thought is not judged: no failure of tools or schema, counted, and said first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trueweight.checks.circles import THOUGHT_ENDS, find_circle
from trueweight.core import (
    Case,
    Exchange,
    Mode,
    Outcome,
    Provider,
    Severity,
    ThinkingControl,
    ThinkingMode,
    Trial,
    variants_of,
    with_allowance,
)
from trueweight.core.thinking import enough_for
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import call, chunk, message, usage_of
from trueweight.protocols.sample import plain, stream
from trueweight.workflow.judge.exchange import judge_exchange
from trueweight.workflow.judge.thought import is_cut_in_thought, thinking_tokens

TOOLS = [{"type": "function", "function": {"name": "now", "parameters": {"type": "object"}}}]
CASE = Case(
    "s", "c", {"messages": [{"role": "user", "content": "hi"}], "tools": TOOLS, "max_tokens": 64},
    checks={"tool-call-expected": {"call": "must"}, "finish-reason": {"one_of": ["tool_calls"]}},
)  # fmt: skip
PROVIDER = Provider("p", "http://127.0.0.1", "m")


def reply(
    *,
    finish: str = "length",
    counted: int | None = None,
    output: int = 64,
    content: str | None = None,
    **fields: object,
) -> Exchange:
    """A plain reply with usage, of which ``counted`` tokens are a thought."""
    usage = usage_of(5, output)
    if counted is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": counted}
    return plain(message(finish, content=content, usage=usage, **fields))


@pytest.mark.parametrize(
    ("made", "allowance", "cut"),
    [
        (reply(reasoning_content="hm"), 0, True),
        (reply(reasoning="hm"), 0, True),
        (reply(content="<think>hm"), 0, True),
        (reply(counted=64), 0, True),
        (reply(reasoning_details=[{"type": "reasoning.encrypted", "data": "x"}]), 0, True),
        (reply(reasoning_content="hm", content=" \n"), 0, True),
        (reply(), 0, False),
        (reply(), 32, True),
        (reply(content=" \n"), 32, False),
        (reply(counted=0), 32, False),
        (reply(output=9), 32, False),
        (reply(content="a long answer"), 0, False),
        (reply(counted=0, content="a long answer"), 0, False),
        (reply(counted=40, content="a long ans", reasoning_content="hm"), 32, True),
        (reply(counted=20, content="a long ans", reasoning_content="hm"), 32, False),
        (reply(reasoning_content="h" * 90, content="a" * 10, output=100), 80, True),
        (reply(reasoning_content="h" * 70, content="a" * 30, output=100), 80, False),
        (reply(finish="stop", reasoning_content="hm"), 0, False),
        (reply(finish="length", reasoning_content="hm", tool_calls=[call("now")], counted=5), 8, False),
    ],
)
def test_what_is_cut_in_thought(made: Exchange, allowance: int, cut: bool) -> None:
    """No answer, or an answer that had less room than the case states, because the thought took more than its own."""
    assert is_cut_in_thought(CASE, read_reply(made), allowance) is cut
    assert not is_cut_in_thought(replace(CASE, keeps_limit=True), read_reply(made), allowance)


@pytest.mark.parametrize(
    ("made", "tokens"),
    [
        (reply(counted=7, reasoning_content="hm"), 7),
        (reply(reasoning_content="hmhm", content="hmhm", output=20), 10),
        (reply(content="x"), 0),
        (reply(reasoning_details=[{"type": "reasoning.summary", "summary": "hm"}]), None),
        (stream([chunk(content="x", reasoning_content="hm"), chunk("stop")]), None),
    ],
)
def test_tokens_of_a_thought(made: Exchange, tokens: int | None) -> None:
    """The server's count; else its share of the characters; never a guess from a summary."""
    assert thinking_tokens(read_reply(made)) == tokens


def test_a_cut_reply_fails_no_check_of_its_case() -> None:
    """Its answer is not judged, and it is marked; the same reply under a limit that the case tests is judged."""
    seen = judge_exchange(CASE, PROVIDER, reply(reasoning_content="hm")).observation
    assert seen.cut_in_thought
    assert [f for f in seen.findings if f.outcome is Outcome.FAIL and f.severity is not Severity.INFO] == []
    whole = judge_exchange(CASE, PROVIDER, reply(finish="stop", content="no call", reasoning_content="hm")).observation
    assert not whole.cut_in_thought
    assert "tool-call-expected" in {f.check for f in whole.findings if f.outcome is Outcome.FAIL}


PROSE = " ".join(
    f"First I try {n}, whose square is {n * n}, and compare it with the sum {n * (n + 1) // 2} of all before it."
    for n in range(60)
)


@pytest.mark.parametrize(
    ("thought", "circle"),
    [
        (PROSE + " Wait, let me check that again." * 30, True),
        (PROSE + " no" * 300, True),
        ("let me think. no. " * 60, True),
        (PROSE + "".join(f" So it is {n % 3}. Or is it {n % 2}? Hm." for n in range(60)), True),
        ("等等，让我再想一想。" * 50, True),
        (PROSE, False),
        (PROSE[:300], False),
        ("no " * 20, False),
        ("\n".join(f"{n}. row {n}: value {n * 37 % 101}" for n in range(120)), False),
        ("", False),
    ],
)
def test_circles_are_told_from_long_thoughts(thought: str, circle: bool) -> None:
    """A text over and over, or few sentences in any order; not a long thought, and not a short emphasis."""
    assert (find_circle(thought) is not None) is circle


def test_a_circle_is_a_finding_of_a_cut_reply() -> None:
    """It survives where nothing else of the answer is judged."""
    seen = judge_exchange(CASE, PROVIDER, reply(reasoning_content="Wait, once more. " * 60)).observation
    assert seen.cut_in_thought
    assert THOUGHT_ENDS in {f.check for f in seen.findings if f.outcome is Outcome.FAIL}


def test_the_allowance_is_added_to_what_the_answer_needs() -> None:
    """To either name of the limit; not to a limit that a case tests, to a request that must be refused, or to none."""
    raised = with_allowance(CASE, 1000)
    assert raised.request["max_tokens"] == 1064
    assert with_allowance(CASE, 0) is CASE
    for kept in (replace(CASE, keeps_limit=True), replace(CASE, checks={"request-refused": {}})):
        assert with_allowance(kept, 1000) is kept
    both = replace(CASE, request={"max_completion_tokens": 8, "max_tokens": None})
    assert with_allowance(both, 10).request == {"max_completion_tokens": 18, "max_tokens": None}
    free = replace(CASE, request={"messages": []})
    assert with_allowance(free, 10) is free


@pytest.mark.parametrize(("thought", "allowance"), [(0, 1024), (24, 1024), (257, 2048), (600, 4096), (1024, 4096)])
def test_the_allowance_that_a_thought_suggests(thought: int, allowance: int) -> None:
    """Four times as much, as a power of two, and never a trifle."""
    assert enough_for(thought) == allowance


def test_a_switch_is_merged_into_the_body_and_the_id() -> None:
    """Nested objects are joined; a provider without a switch has no trial in that mode."""
    control = ThinkingControl(off={"chat_template_kwargs": {"enable_thinking": False}})
    one = replace(PROVIDER, extra_body={"chat_template_kwargs": {"x": 1}}, thinking=control)
    off, served = (Trial.of(CASE, one, 0, Mode.PLAIN, thinking=t) for t in (ThinkingMode.OFF, ThinkingMode.AS_SERVED))
    assert off.id != served.id
    assert '"chat_template_kwargs":{"x":1,"enable_thinking":false}' in off.body().replace(": ", ":").replace(", ", ",")
    assert "enable_thinking" not in served.body()
    assert [v.thinking for v in variants_of(CASE, one, tuple(ThinkingMode)) if v.mode is Mode.PLAIN] == [
        ThinkingMode.AS_SERVED, ThinkingMode.OFF,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no switch"):
        one.switched(ThinkingMode.ON)
