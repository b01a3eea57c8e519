"""An empty thought is none: for the checks, the metrics, the times and the probe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trueweight.checks.reasoning import THINKING_SWITCH
from trueweight.core import Case, Exchange, Outcome, Provider, Severity, ThinkingMode, with_allowance
from trueweight.core.probe import ProbeQuestion
from trueweight.core.thinking import ThinkingControl
from trueweight.drift.facts import Facts, facts_of
from trueweight.protocols import read_reply, timing_of
from trueweight.protocols.chat.sample import chunk, message, usage_of
from trueweight.protocols.sample import plain, stream
from trueweight.workflow.judge.exchange import judge_exchange
from trueweight.workflow.judge.thought import is_cut_in_thought, thinking_tokens
from trueweight.workflow.probe.diagnosis import answer_of

CASE = Case("s", "c", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 64})
SWITCHES = ThinkingControl(off={"enable_thinking": False}, on={"enable_thinking": True})
PROVIDER = Provider("p", "http://127.0.0.1", "m", thinking=SWITCHES)
FIELDS = (
    {"reasoning_content": ""},
    {"reasoning_content": "\n\n"},
    {"reasoning": ""},
    {"reasoning": " \n"},
    {"reasoning_details": []},
    {"reasoning_details": [{}]},
    {"reasoning_details": [{"type": "reasoning.text", "text": ""}]},
    {"reasoning_details": [{"type": "reasoning.text", "text": "\n"}]},
    {"reasoning_details": [{"type": "reasoning.summary", "summary": ""}]},
    {"reasoning_details": [{"type": "reasoning.encrypted", "data": ""}]},
    {"reasoning_content": "", "reasoning": None, "reasoning_details": []},
)
TAGS = (
    "<think></think>",
    "<think>\n\n</think>\n\n",
    "</think>",
    "[THINK][/THINK]",
    "<|channel|>analysis<|message|><|end|><|start|>assistant<|channel|>final<|message|>",
)


def replies(finish: str = "stop", answer: str = "4", counted: int | None = None) -> list[Exchange]:
    """Replies whose thought is empty, plain and streamed, in each field and between tags in the content."""
    usage = usage_of(5, 8)
    if counted is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": counted}
    made = []
    for fields in FIELDS:
        made.append(plain(message(finish, content=answer, usage=usage, **fields)))
        made.append(stream([chunk(**fields), chunk(content=answer), chunk(finish) | {"usage": usage}]))
    for tags in TAGS:
        made.append(plain(message(finish, content=tags + answer, usage=usage)))
        made.append(stream([chunk(content=tags), chunk(content=answer), chunk(finish) | {"usage": usage}]))
    return made


@pytest.mark.parametrize("counted", [None, 0, 1, 4])
def test_an_empty_thought_is_none(counted: int | None) -> None:
    """Whatever its field, and although servers count its tags: the answer alone counts."""
    for made in replies(counted=counted):
        reply = read_reply(made)
        assert not reply.thinks, made.final.body
        assert reply.content == "4"
        assert thinking_tokens(reply) == 0
        assert timing_of(made, reply).thinking is None
        assert answer_of(made, ProbeQuestion.PLAIN).thinking is None
        facts = facts_of(made, reply)
        assert isinstance(facts, Facts) and (facts.text, facts.answer) == ("4", None)


def test_thinking_that_is_switched_off_leaves_an_empty_thought() -> None:
    """The check of the switch passes; where it is switched on it fails."""
    for made in replies(counted=2):
        for mode, outcome in ((ThinkingMode.OFF, Outcome.PASS), (ThinkingMode.ON, Outcome.FAIL)):
            seen = judge_exchange(CASE, PROVIDER, _switched(made, mode)).observation
            assert [one.outcome for one in seen.findings if one.check == THINKING_SWITCH] == [outcome]
            assert not {one.check for one in seen.findings} & {"reasoning-field", "answer-in-content"}


def _switched(made: Exchange, mode: ThinkingMode) -> Exchange:
    return replace(made, thinking=mode)


def test_an_answer_that_its_limit_cuts_after_an_empty_thought_is_judged() -> None:
    """Its thought took nothing of its room."""
    case = with_allowance(CASE, 1024)
    cut = [made for made in replies("length", "A long answ") if is_cut_in_thought(case, read_reply(made), 1024)]
    assert cut == []


def test_an_empty_reply_after_an_empty_thought_is_empty() -> None:
    """It is not reasoning alone: nothing came."""
    made = plain(message("stop", content="", reasoning_content="\n\n"))
    failed = {
        one.check for one in judge_exchange(CASE, PROVIDER, made).observation.findings if one.outcome is Outcome.FAIL
    }
    assert "reply-not-empty" in failed and "answer-in-content" not in failed


@pytest.mark.parametrize(
    ("fields", "counted", "place", "tokens"),
    [
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "c2VhbGVk"}]}, None, "reasoning_details", 8),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]}, 300, "reasoning_details", 300),
        ({"reasoning_content": ""}, 300, "usage", 300),
        ({}, 5, "usage", 5),
        ({"reasoning_content": "hm"}, None, "reasoning_content", None),
    ],
)
def test_a_thought_that_is_not_sent_is_one(fields: dict, counted: int | None, place: str, tokens: int | None) -> None:
    """Encrypted, summarised or only counted: the probe states where, and how many tokens at most."""
    usage = usage_of(5, 8)
    if counted is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": counted}
    found = answer_of(plain(message(content="4", usage=usage, **fields)), ProbeQuestion.PLAIN).thinking
    assert found is not None
    assert (found.place, found.tokens) == (place, tokens)


def test_a_thought_of_the_second_choice_is_one() -> None:
    """The probe, and the check of the switch, look at all choices."""
    choices = [
        {"index": at, "message": {"role": "assistant", "content": "4", **fields}, "finish_reason": "stop"}
        for at, fields in enumerate(({}, {"reasoning_content": "hm, two and two"}))
    ]
    made = plain({**message(content="4"), "choices": choices})
    found = answer_of(made, ProbeQuestion.PLAIN).thinking
    assert found is not None and found.characters == 15
    seen = judge_exchange(CASE, PROVIDER, _switched(made, ThinkingMode.OFF)).observation
    assert [(one.outcome, one.severity) for one in seen.findings if one.check == THINKING_SWITCH] == [
        (Outcome.FAIL, Severity.SHOULD)
    ]
