"""Prompt tokens of related requests: additions to a conversation must add tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from trueweight.checks.like_reference import is_counted_for_each_choice
from trueweight.core import ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, NotApplicable, PairedResult, Pass, paired_check
from trueweight.core.example import PairedExample, SampleReply, SampleTrial, sample_case, says
from trueweight.core.json_value import JsonObject

_ID = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 0}


def _params(other: str, *counts: str) -> JsonObject:
    """The parameters of a check here: the id of the other case, and counts that may be left out."""
    properties = {other: _ID} | dict.fromkeys(counts, _COUNT)
    return {"type": "object", "properties": properties, "required": [other], "additionalProperties": False}


_BASE = sample_case(name="base")
_MORE = sample_case({"prompt-tokens-more": {"than": "base", "at_least": 3}}, name="more", words="hi there, and more")
_TWO = sample_case({"system-messages-kept": {"than": "base", "at_least": 3}}, name="two")
_PARTS = sample_case({"prompt-tokens-same": {"as": "base"}}, name="parts")
_KEPT = sample_case({"history-reasoning-kept": {"than": "base"}}, name="kept")


def _costs(prompt: int) -> SampleReply:
    return says("ok", usage=(prompt, 1))


def _thinks(prompt: int) -> SampleReply:
    return says("ok", reasoning="hm", usage=(prompt, 3))


@paired_check(
    "prompt-tokens-more",
    "A request with more in it has more prompt tokens.",
    failure="{cases} had no more prompt tokens, although more was in the request",
    row=37,
    explains=("prompt-tokens-like-reference",),
    source="https://github.com/vllm-project/vllm-project.github.io/pull/110",
    on_request=True,
    params=_params("than", "at_least", "at_most"),
    why="The chat template leaves out a message, a tool or a name: the model does not see it.",
    fix="Render both requests with the model's own chat template and compare with the prompt that the server uses.",
    field="input",
    example=PairedExample(
        (SampleTrial(_BASE, _costs(10)), SampleTrial(_MORE, _costs(11), broken=True)),
        (SampleTrial(_BASE, _costs(10)), SampleTrial(_MORE, _costs(14))),
    ),
)
def prompt_tokens_more(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Requires at least ``at_least`` (default 1) and at most ``at_most`` tokens more."""

    def judge(params: Any, more: int) -> CheckResult:
        low, high = params.get("at_least", 1), params.get("at_most")
        if more < low or (high is not None and more > high):
            expected = f">= {low}" if high is None else f"{low} to {high}"
            return Fail(f"the prompt has {more} tokens more than {params['than']}", expected, str(more))
        return Pass()

    return _judged(replies, "prompt-tokens-more", "than", judge)


@paired_check(
    "prompt-tokens-same",
    "Two ways to write the same conversation have the same prompt tokens.",
    failure="{cases} had other prompt tokens than the same conversation written in another way",
    row=37,
    explains=("prompt-tokens-like-reference",),
    source="https://github.com/vllm-project/vllm-project.github.io/pull/110",
    on_request=True,
    params=_params("as", "within"),
    why="One of the forms reaches the model as a printed data structure instead of its text.",
    fix="Flatten content parts to text before the template sees them.",
    field="input",
    example=PairedExample(
        (SampleTrial(_BASE, _costs(10)), SampleTrial(_PARTS, _costs(21), broken=True)),
        (SampleTrial(_BASE, _costs(10)), SampleTrial(_PARTS, _costs(10))),
    ),
)
def prompt_tokens_same(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Requires the same number, or a difference of at most ``within``."""

    def judge(params: Any, more: int) -> CheckResult:
        if abs(more) > params.get("within", 0):
            return Fail(f"the prompt has {more:+} tokens compared with {params['as']}", "the same", f"{more:+}")
        return Pass()

    return _judged(replies, "prompt-tokens-same", "as", judge)


@paired_check(
    "system-messages-kept",
    "Each of several system messages reaches the model.",
    failure="One of several system messages does not reach the model in {cases}",
    severity=Severity.SHOULD,
    row=37,
    explains=("prompt-tokens-like-reference", "prompt-tokens-more", "content-matches"),
    source="https://github.com/ollama/ollama/issues/2438",
    on_request=True,
    params=_params("than", "at_least"),
    why="Agents send instructions, memory and the date as system messages: the model never sees some of them.",
    fix="Render all of them, joined into one where the template takes one only, or refuse the request.",
    field="input",
    example=PairedExample(
        (SampleTrial(_BASE, _costs(30)), SampleTrial(_TWO, _costs(30), broken=True)),
        (SampleTrial(_BASE, _costs(30)), SampleTrial(_TWO, _costs(39))),
    ),
)
def system_messages_kept(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """The request has at least ``at_least`` (default 1) prompt tokens more than the case ``than``, which lacks the
    shorter one of the system messages: whichever is dropped, the prompt is no longer than that."""

    def judge(params: Any, more: int) -> CheckResult:
        low = params.get("at_least", 1)
        words = f"the prompt has {more:+} tokens compared with {params['than']}, which has a system message less"
        return Pass() if more >= low else Fail(words, f">= {low}", f"{more:+}")

    return _judged(replies, "system-messages-kept", "than", judge)


@paired_check(
    "history-reasoning-kept",
    "Reasoning in the history reaches the model.",
    failure="Reasoning in the history does not reach the model in {cases}",
    severity=Severity.SHOULD,
    row=36,
    source="https://github.com/NousResearch/hermes-agent/issues/20577",
    on_request=True,
    params=_params("than"),
    why="A reasoning model that works with tools starts every step without the reasoning of the step before.",
    fix="Accept the reasoning in assistant messages and hand it to the chat template.",
    field="input",
    example=PairedExample(
        (SampleTrial(_BASE, _thinks(10)), SampleTrial(_KEPT, _thinks(10), broken=True)),
        (SampleTrial(_BASE, _thinks(10)), SampleTrial(_KEPT, _thinks(31))),
    ),
)
def history_reasoning_kept(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """The same history with reasoning has more prompt tokens than without.

    Judges providers that send reasoning: the template of a model without reasoning has no place for it.
    """
    if not any(one.reasoned for one in replies):
        return ()

    def judge(params: Any, more: int) -> CheckResult:
        words = f"the prompt has no more tokens than {params['than']}, which has no reasoning"
        return Pass() if more > 0 else Fail(words, "more", f"{more:+}")

    return _judged(replies, "history-reasoning-kept", "than", judge)


def _judged(
    replies: Sequence[ReplyDigest], check: str, other: str, judge: Callable[[Any, int], CheckResult]
) -> Iterator[tuple[ReplyDigest, CheckResult]]:
    """The result for each reply to a case that names the check, by its tokens beyond those of the other case."""
    counts: dict[str, int] = {}
    for one in replies:
        if one.input_tokens is not None:
            counts.setdefault(one.case.key, one.input_tokens)
    for one in replies:
        params = one.case.checks.get(check)
        if params is None or one.input_tokens is None:
            continue
        base = counts.get(one.case.key_of(params[other]))
        if base is not None and is_counted_for_each_choice(one, {base}):
            continue  # prompt-counted-once judges it
        if base is None:
            yield one, NotApplicable(f"there is no token count of {params[other]} to compare with")
        else:
            yield one, judge(params, one.input_tokens - base)
