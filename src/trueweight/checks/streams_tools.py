"""Whether the tools of a request reach the model in streams as they do in plain requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from trueweight.checks.streams_alike import both_modes
from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import Fail, PairedResult, Pass, paired_check
from trueweight.core.example import PairedExample, SampleTrial, calls, sample_case, says

_CASES: Final = 2
"""Cases with tools whose streams must have the shorter prompt, and one without tools whose prompts are the same."""
_PER_TOKEN: Final = 16
"""Characters of a tool's declaration for one token: templates leave out some of it, and no tokenizer needs fewer."""
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of today in a city of the world, with its temperature in degrees Celsius.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
_WITH = tuple(sample_case(name=f"tools-{number}", tools=[_TOOL]) for number in range(_CASES))
_WITHOUT = sample_case(name="no-tools", tools=[])


def _trials(streamed: int, *, broken: bool) -> tuple[SampleTrial, ...]:
    text = (SampleTrial(_WITHOUT, says("x")), SampleTrial(_WITHOUT, says("x", mode=Mode.STREAM)))
    called = [SampleTrial(case, calls('{"city":"Oslo"}', usage=(90, 9))) for case in _WITH]
    silent = [
        SampleTrial(case, says("It is cold.", mode=Mode.STREAM, usage=(streamed, 5)), broken=broken) for case in _WITH
    ]
    return (*text, *called, *silent)


@paired_check(
    "stream-tools-kept",
    "The tools of a request reach the model in streams too.",
    failure="The tools of a request do not reach the model in {cases}",
    severity=Severity.MUST,
    row=12,
    explains=(
        "call-before-format",
        "content-matches",
        "finish-reason",
        "prompt-tokens-like-reference",
        "prompt-tokens-more",
        "prompt-tokens-same",
        "stream-same-calls",
        "tool-call-expected",
        "tool-call-matches",
        "tool-choice-named",
        "tool-choice-required",
        "usage-same-streamed",
    ),
    source="https://github.com/mozilla-ai/any-llm/pull/1114",
    why="Agents stream: the model never gets a tool, and answers in words.",
    fix="Hand the tools to the chat template in the streaming path as in the plain one.",
    field="usage",
    example=PairedExample(_trials(10, broken=True), _trials(90, broken=False)),
)
def stream_tools_kept(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges requests with tools. Fails where the prompts of streams are shorter by the tools, in two cases or more.
    Then either the prompts of a request without tools have the same length in both modes, or only plain replies call.
    """
    shorter: list[ReplyDigest] = []
    same = 0
    silent: set[str] = set()
    for plain, streamed in both_modes(replies):
        counts = {one.input_tokens for one in plain}
        (count, *others) = counts
        if count is None or others:
            continue
        if not plain[0].case.request.get("tools"):
            same += all(one.input_tokens == count for one in streamed)
            continue
        least = len(json.dumps(plain[0].case.request["tools"])) // _PER_TOKEN
        for one in streamed:
            if one.input_tokens is not None and one.input_tokens <= count - least:
                shorter.append(one)
                silent |= {one.case.key} if plain[0].calls and not one.calls else set()
            else:
                yield one, Pass()
    if (same or len(silent) >= _CASES) and len({one.case.key for one in shorter}) >= _CASES:
        words = "the prompt of the stream is shorter than that of the plain request by the tools"
        yield from ((one, Fail(words, "a prompt with the tools", str(one.input_tokens))) for one in shorter)
