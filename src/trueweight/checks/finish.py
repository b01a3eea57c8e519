"""Finish reasons: in agreement with what the reply carries, and with what the case expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from trueweight.core import Case, Finish, Reply, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, PairedResult, Pass, check, paired_check
from trueweight.core.evidence import calls_counted, quote, spans_of
from trueweight.core.example import (
    SAMPLE_CALL,
    Example,
    PairedExample,
    SampleTrial,
    calls,
    sample_case,
    says,
)
from trueweight.core.request import finish_word, token_limit
from trueweight.protocols import locate_noun
from trueweight.protocols.arguments import CallProblem, read_arguments

_HELD_BACK = 2
_LONG_TOKEN = 6
"""Characters of a token: no text has more on average."""
_SMALLEST_WINDOW = 1024
"""Tokens of prompt and reply together, from which the context window may have ended a reply."""


@check(
    "finish-reason-agrees",
    "A finish reason of stop comes without tool calls.",
    failure="The finish reason contradicts the reply in {cases}",
    engine=True,
    row=25,
    source="https://github.com/vllm-project/vllm/issues/25054",
    why="Agents run tools only under the finish reason of tool calls: these calls are never run.",
    fix="Report the reason for tool calls whenever calls were parsed, in streams too.",
    example=Example(calls("{}", finish="stop"), '"stop"', SAMPLE_CALL),
)
def finish_reason_agrees(case: Case, reply: Reply) -> CheckResult | None:
    """Accepts stop for a call forced by name, as OpenAI itself sends it.

    ``finish-reason-length`` judges a call that the limit cut.
    """
    if not reply.calls or reply.finish is None or isinstance(case.request.get("tool_choice"), Mapping):
        return None
    if reply.finish is Finish.STOP and not (_reaches_limit(case, reply) and _ends_cut(reply)):
        message = f"the finish reason is stop, with {calls_counted(len(reply.calls))}"
        return Fail(message, "the reason for tool calls", "stop", locate_noun(reply, "finish"))
    return Pass()


@check(
    "finish-without-calls",
    "A finish reason of tool calls comes with tool calls.",
    failure="{cases} had a finish reason of tool calls, and no tool call",
    engine=True,
    row=26,
    source="https://github.com/vllm-project/vllm/issues/53255",
    why="Agents wait for a call that does not come, or fail on the empty list.",
    fix="Set the reason from the calls that were sent, not from those that were begun.",
    example=Example(says(None, "calls"), "", SAMPLE_CALL),
)
def finish_without_calls(_: Case, reply: Reply) -> CheckResult | None:
    """Fails also on an empty list of calls."""
    if reply.finish is not Finish.CALLS:
        return None
    if not reply.calls:
        return Fail("the finish reason is tool calls, with no call", "a call", "none", locate_noun(reply, "finish"))
    return Pass()


@check(
    "finish-reason-length",
    "A reply that max_tokens cuts has the finish reason length.",
    failure="{cases} were cut by max_tokens, and the finish reason is not length",
    engine=True,
    row=27,
    source="https://github.com/vllm-project/vllm/issues/58228",
    why="The client runs part of a call as if it were whole.",
    fix="Report length whenever the limit was reached, also inside a call.",
    example=Example(calls('{"city":"O'), "", calls('{"city":"O', finish="length"), sample_case(max_tokens=5)),
)
def finish_reason_length(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies that reached the limit, with calls; fails where the last call's arguments are incomplete."""
    if not _reaches_limit(case, reply) or not reply.calls or reply.finish is None:
        return None
    if _ends_cut(reply) and reply.finish is not Finish.LENGTH:
        limit, used = _limit_and_used(case, reply)
        spans = locate_noun(reply, "finish")
        return Fail(f"the last call is cut after {used} of {limit} tokens", "length", quote(reply.finish_text), spans)
    return Pass()


@check(
    "finish-reason",
    "The finish reason is one that the case expects.",
    failure="{cases} had another finish reason than the case expects",
    on_request=True,
    params={
        "type": "object",
        "properties": {"one_of": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
        "required": ["one_of"],
        "additionalProperties": False,
    },
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="The client's next step depends on it.",
    fix="Look at how the engine decides the finish reason.",
    example=Example(says("x", "length"), '"length"', case=sample_case({"finish-reason": {"one_of": ["stop"]}})),
)
def finish_one_of(_: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """A reply without a finish reason fails too."""
    if finish_word(reply) in params["one_of"]:
        return Pass()
    spans = locate_noun(reply, "finish") or spans_of([reply.events[-1].span] if reply.events else [])
    expected = " | ".join(params["one_of"])
    return Fail("the finish reason is not the expected one", expected, quote(reply.finish_text), spans)


@check(
    "finish-length-at-limit",
    "A finish reason of length comes at the limit of tokens.",
    failure="{cases} ended with the finish reason length before the limit of tokens",
    obeys=True,
    engine=True,
    row=27,
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="Clients raise the limit and ask again, and get the same reply.",
    fix="Report length only where the request's limit, or the context window, ended the generation.",
    example=Example(
        says("x", "length", usage=(1, 5)),
        '"length"',
        says("x", "length", usage=(1, 50)),
        sample_case(max_tokens=50),
    ),
)
def finish_length_at_limit(case: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with one choice and no thought, of less than 1,024 tokens with the prompt; accepts two tokens
    less, for parts of a character held back. A count of a sixth of the characters is not that of the reply."""
    limit, used = _limit_and_used(case, reply)
    if limit is None or not used or reply.finish is not Finish.LENGTH or len(reply.choices) != 1:
        return None
    if reply.reasoning or (reply.usage and reply.usage.reasoning) or _total(reply) > limit:
        return None
    if reply.usage and (reply.usage.input or 0) + used >= _SMALLEST_WINDOW:
        return None
    if len(reply.content or "") > _LONG_TOKEN * used:
        return None
    if used < limit - _HELD_BACK:
        spans = locate_noun(reply, "finish")
        return Fail(f"the finish reason is length after {used} of {limit} tokens", str(limit), str(used), spans)
    return Pass()


_LEAST_CUT: Final = 3
_CUT = tuple(sample_case(name=f"cut-{n}", max_tokens=5) for n in range(_LEAST_CUT))


@paired_check(
    "finish-length-said",
    "Replies that end at the limit of tokens have the finish reason length.",
    failure="{cases} used all tokens of max_tokens, and the finish reason is stop",
    severity=Severity.MUST,
    row=27,
    explains=(
        "answer-in-content",
        "finish-reason",
        "finish-reason-agrees",
        "finish-reason-length",
        "reply-not-empty",
        "structured-output",
        "structured-output-bare",
        "structured-output-schema",
        "tool-arguments-complete",
        "tool-arguments-json",
    ),
    source="https://github.com/ikawrakow/ik_llama.cpp/pull/2321",
    why="Clients take the beginning of an answer for the whole: nothing tells them to raise the limit or to go on.",
    fix="Report length wherever the limit ended the generation, and stop only for an end token or a stop sequence.",
    field="finish",
    example=PairedExample(
        tuple(SampleTrial(case, says("so it is and", usage=(9, 5)), broken=True) for case in _CUT),
        tuple(
            SampleTrial(case, says("so it is and", finish, usage=(9, 5)))
            for case, finish in zip(_CUT, ("length", "length", "stop"), strict=True)
        ),
    ),
)
def finish_length_said(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges replies with as many completion tokens as the limit allows, each of a byte or more. A model may
    end exactly there: fails in three cases or more, if fewer than one in ten says length."""
    ended = [one for one in replies if one.at_limit and one.size >= (one.output_tokens or 0)]
    stopped = [one for one in ended if one.finish is Finish.STOP]
    said = sum(one.finish is Finish.LENGTH for one in ended)
    systematic = len({one.case.key for one in stopped}) >= _LEAST_CUT and 10 * said < len(stopped)
    for one in ended:
        failed = systematic and one.finish is Finish.STOP
        words = f"the reply ends after {one.output_tokens} tokens, which are all that the request allows"
        yield one, Fail(words, "length", "stop") if failed else Pass()


def _total(reply: Reply) -> int:
    """Completion tokens by the total: more than reported where a thought is counted apart."""
    usage = reply.usage
    return 0 if usage is None or usage.total is None or usage.input is None else usage.total - usage.input


def _limit_and_used(case: Case, reply: Reply) -> tuple[int | None, int | None]:
    """The request's limit of tokens, and the completion tokens that the reply reports."""
    return token_limit(case.request), reply.usage.output if reply.usage else None


def _reaches_limit(case: Case, reply: Reply) -> bool:
    limit, used = _limit_and_used(case, reply)
    return limit is not None and used is not None and used >= limit


def _ends_cut(reply: Reply) -> bool:
    """Whether the arguments of the last call are cut, or did not come."""
    problem = read_arguments(reply, reply.calls[-1]).problem
    return problem in (CallProblem.ARGUMENTS_CUT, CallProblem.ARGUMENTS_EMPTY)
