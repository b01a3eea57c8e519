"""Reasoning: present where it is expected, and not in place of the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trueweight.core import Case, Finish, Reply, ReplyDigest, Severity, Span
from trueweight.core.check import CheckResult, Fail, NotApplicable, PairedResult, Pass, check, paired_check
from trueweight.core.evidence import quote, whole
from trueweight.core.example import SAMPLE_TEXT, Example, PairedExample, SampleTrial, sample_case, says
from trueweight.core.request import stop_sequences
from trueweight.protocols import locate_field, narrow, span_of_content

THINKING_SWITCH = "thinking-switch"
_SWITCH_PARAMS = {
    "type": "object",
    "properties": {"mode": {"enum": ["off", "on"]}},
    "required": ["mode"],
    "additionalProperties": False,
}
_A_THOUGHT = 30
_OFF = sample_case({THINKING_SWITCH: {"mode": "off"}})
_BASE = sample_case(name="base")
_EFFORT = sample_case({"reasoning-longer": {"than": "base"}}, name="effort", reasoning_effort="high")


@check(
    "answer-in-content",
    "A reply that finished has an answer, not reasoning alone.",
    failure="The reply is reasoning alone, without an answer, in {cases}",
    row=33,
    source="https://github.com/sgl-project/sglang/issues/37645",
    why="The client shows an empty answer.",
    fix="See whether the reasoning parser waits for an end tag that this model, or this mode, does not write.",
    example=Example(says("", reasoning="It is 4."), "It is 4.", says("4", reasoning="2+2")),
)
def answer_in_content(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with the finish reason stop."""
    if not reply.choice.thinks or reply.finish is not Finish.STOP:
        return None
    if not (reply.content or "").strip() and not reply.calls and not reply.refusal:
        spans = locate_field(reply, reply.reasoning_field or "") or whole(reply)
        return Fail("the reply has reasoning and no answer", "content or a call", quote(reply.thought), spans)
    return Pass()


_STOPPED = tuple(sample_case(name=f"stopped-{n}", temperature=0, stop=["4"]) for n in range(2))


@paired_check(
    "stop-after-thought",
    "A stop sequence ends the answer, and not the thought before it.",
    failure="A stop sequence inside the thought ends the reply, without an answer, in {cases}",
    severity=Severity.SHOULD,
    row=33,
    explains=("answer-in-content", "content-matches", "graded", "reply-not-empty", "tool-call-expected"),
    source="https://github.com/vllm-project/vllm/issues/52393",
    why="Thoughts repeat words of the question: clients that send stop sequences get empty answers.",
    fix="Look for stop sequences after the end of the thought only.",
    field="finish",
    example=PairedExample(
        tuple(SampleTrial(case, says(None, reasoning="2 and 2 is "), broken=True) for case in _STOPPED),
        (
            SampleTrial(_STOPPED[0], says("It is ", reasoning="2 and 2 is 4.")),
            SampleTrial(_STOPPED[1], says(None, reasoning="2 and 2 is 4.")),
        ),
    ),
)
def stop_after_thought(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges thoughts at temperature 0 under a stop sequence. Fails on a thought that has none of the sequences, and
    that no answer follows, in two cases or more; a provider that often sends such replies without a stop sequence fails
    ``answer-in-content`` instead."""
    ended = [one for one in replies if one.thought and one.finish is Finish.STOP]
    stopped = [one for one in ended if stop_sequences(one.case.request)]
    lone = [one for one in stopped if _has_no_answer(one) and not _has_stop(one)]
    others = [one for one in ended if not stop_sequences(one.case.request)]
    usual = 10 * sum(map(_has_no_answer, others)) > len(others)
    systematic = len({one.case.key for one in lone}) > 1 and not usual
    failed = {id(one) for one in lone} if systematic else set()
    words = "the thought breaks off, no answer follows, and the request has a stop sequence"
    for one in stopped:
        yield one, Fail(words, "an answer", quote(one.thought[-60:])) if id(one) in failed else Pass()


def _has_stop(one: ReplyDigest) -> bool:
    return any(text in one.thought for text in stop_sequences(one.case.request))


def _has_no_answer(one: ReplyDigest) -> bool:
    return not (one.content or "").strip() and not one.calls


@check(
    "reasoning-present",
    "The reply has reasoning.",
    failure="{cases} had no reasoning",
    row=33,
    source="https://github.com/MoonshotAI/Kimi-Vendor-Verifier",
    on_request=True,
    why="The client must send the reasoning back in the next request and has none.",
    fix="Turn the reasoning parser of the model on, and see that the gateway passes reasoning through.",
    example=Example(SAMPLE_TEXT, "hello", says("4", reasoning="2+2"), sample_case({"reasoning-present": {}})),
)
def reasoning_present(_: Case, reply: Reply, __: Mapping[str, Any]) -> CheckResult | None:
    """Accepts reasoning in every field that the API has for it."""
    if reply.error is not None or not reply.choices:
        return None
    if not reply.choice.thinks:
        return Fail("the reply has no reasoning", "reasoning", "none", whole(reply))
    return Pass()


@check(
    "effort-none-obeyed",
    "With reasoning_effort none there is no thought.",
    failure="{cases} had a thought although reasoning_effort is none",
    severity=Severity.SHOULD,
    row=40,
    source="https://platform.openai.com/docs/api-reference/chat/create#chat-create-reasoning_effort",
    obeys=True,
    why="The client waits and pays for thoughts that it switched off.",
    fix="Pass the effort to the chat template, or refuse the value.",
    example=Example(says("4", reasoning="2+2 is 4."), "2+2", says("4"), sample_case(reasoning_effort="none")),
)
def effort_none_obeyed(case: Case, reply: Reply) -> CheckResult | None:
    """Judges requests with that effort. An empty thought is none."""
    if case.request.get("reasoning_effort") != "none" or reply.error is not None or not reply.choices:
        return None
    text = reply.thought
    if text:
        spans = narrow(reply, Span(0, len(reply.body)), text[:60])
        return Fail(f"the reply has a thought of {len(text)} characters", "no thought", quote(text), spans)
    return Pass()


@check(
    "thought-once",
    "A thought is not repeated in the content.",
    failure="{cases} had the thought in the content as well",
    severity=Severity.SHOULD,
    row=34,
    source="https://github.com/raullenchai/Rapid-MLX/issues/799",
    why="The user reads the thought as the answer, and it is paid and sent back twice.",
    fix="When a thought is cut, or ends, hand it to one field only.",
    example=Example(
        says("So two and two make four, I think.", "length", reasoning="So two and two make four, I think."),
        "two make four",
        says("4", reasoning="So two and two make four, I think."),
    ),
)
def thought_once(_: Case, reply: Reply) -> CheckResult | None:
    """Judges thoughts of thirty characters or more; fails where the content has all of it."""
    thought = reply.thought
    if len(thought) < _A_THOUGHT or not reply.content:
        return None
    at = reply.content.find(thought)
    if at >= 0:
        spans = span_of_content(reply, at, at + len(thought))
        return Fail("the content has the whole thought", "the answer", quote(reply.content), spans)
    return Pass()


@check(
    THINKING_SWITCH,
    "The model thinks if its thinking is switched on, and does not if it is switched off.",
    failure="{cases} had thinking although it is switched off, or none although it is switched on",
    severity=Severity.SHOULD,
    row=40,
    source="https://docs.vllm.ai/en/latest/features/reasoning_outputs.html",
    on_request=True,
    params=_SWITCH_PARAMS,
    why="The client waits and pays for thoughts that it switched off, or lacks those that it switched on.",
    fix="Pass the switch to the chat template in the form that it expects.",
    example=Example(says("4", reasoning="2+2"), "2+2", says("4"), _OFF),
)
def thinking_switch(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Runs on trials that ``run --thinking off`` or ``on`` switched. An empty thought is none."""
    if reply.error is not None or not reply.choices:
        return None
    text = reply.thought
    counted = reply.usage.reasoning if reply.usage is not None else None
    thinks = reply.choice.thinks or reply.counts_thought
    if thinks and params["mode"] == "off":
        spans = narrow(reply, Span(0, len(reply.body)), text[:60]) if text else whole(reply)
        seen = f"{len(text)} characters of a thought" if text else f"{counted or 'some'} tokens of a thought"
        return Fail(f"thinking is switched off, and the reply has {seen}", "no thought", quote(text or seen), spans)
    if not thinks and params["mode"] == "on":
        return Fail("thinking is switched on, and the reply has no thought", "a thought", "none", whole(reply))
    return Pass()


@paired_check(
    "reasoning-longer",
    "More reasoning effort gives more reasoning.",
    failure="{cases} had no more reasoning, although more reasoning effort was requested",
    severity=Severity.INFO,
    row=40,
    source="https://github.com/MoonshotAI/Kimi-Vendor-Verifier",
    on_request=True,
    params={
        "type": "object",
        "properties": {"than": {"type": "string", "minLength": 1}},
        "required": ["than"],
        "additionalProperties": False,
    },
    why="The client pays for the requested effort in tokens and time and does not get it.",
    fix="Pass reasoning_effort to the chat template in the form that it expects.",
    field="reasoning",
    example=PairedExample(
        (SampleTrial(_BASE, says("4", reasoning="2+2 is 4")), SampleTrial(_EFFORT, says("4"), broken=True)),
        (SampleTrial(_BASE, says("4", reasoning="2+2")), SampleTrial(_EFFORT, says("4", reasoning="2+2 is 4"))),
    ),
)
def reasoning_longer(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares the mean characters of reasoning of all replies to the case with that of the other case."""
    lengths: dict[str, list[int]] = {}
    for one in replies:
        lengths.setdefault(one.case.key, []).append(one.reasoned)
    for one in replies:
        params = one.case.checks.get("reasoning-longer")
        if params is None:
            continue
        own, other = lengths[one.case.key], lengths.get(one.case.key_of(params["than"]))
        if not other:
            yield one, NotApplicable(f"there is no reply to {params['than']} to compare with")
        elif sum(own) / len(own) > sum(other) / len(other):
            yield one, Pass()
        else:
            expected, got = f"> {sum(other) / len(other):.0f}", f"{sum(own) / len(own):.0f}"
            yield one, Fail(f"the reasoning is not longer than in {params['than']}, in characters", expected, got)
