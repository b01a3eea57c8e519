"""Plain and streamed replies to one request: the same calls, the same text, the same token counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from typing import Any

from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, PairedResult, Pass, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import SAMPLE_CALL, PairedExample, SampleReply, SampleTrial, calls, sample_case, says
from trueweight.protocols import parse_json

_SPARE = 2
"""Completion tokens by which two counts of one text may differ: some engines count the end token."""


COLD = sample_case(name="cold", temperature=0)


def _streams(text: str, **more: Any) -> SampleReply:
    return says(text, mode=Mode.STREAM, **more)


@paired_check(
    "stream-same-calls",
    "At temperature 0 a streamed reply makes the same calls as a plain one.",
    failure="{cases} had other tool calls in the stream than in the plain reply",
    row=12,
    explains=(
        "reply-not-empty",
        "answer-in-content",
        "tool-choice-required",
        "tool-call-matches",
        "tool-call-expected",
        "parallel-calls-off",
    ),
    source="https://github.com/vllm-project/vllm/issues/48294",
    why="An agent works in one mode and fails in the other.",
    fix="Streams have a separate tool parser: compare its output with that of the plain path.",
    field="calls",
    example=PairedExample(
        (SampleTrial(COLD, SAMPLE_CALL), SampleTrial(COLD, says("It is cold.", mode=Mode.STREAM), broken=True)),
        (SampleTrial(COLD, SAMPLE_CALL), SampleTrial(COLD, calls('{"city":"Oslo"}', mode=Mode.STREAM))),
    ),
)
def stream_same_calls(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares number and names of calls, where all replies of a mode agree.

    Finds calls that streams lose, split or double.
    """
    for plain, streamed in cold_modes(replies):
        plain_names, streamed_names = ({_names(one) for one in some} for some in (plain, streamed))
        if len(plain_names) == len(streamed_names) == 1:
            expected = next(iter(plain_names))
            for one in streamed:
                yield one, _same(expected, _names(one), _difference(expected, _names(one)))


@paired_check(
    "stream-same-text",
    "At temperature 0 a streamed reply has the same text as a plain one.",
    failure="{cases} had another text in the stream than in the plain reply",
    severity=Severity.INFO,
    row=34,
    source="https://github.com/vllm-project/vllm/issues/57353",
    why="Either the two paths parse the text differently, or the engine's numbers depend on its load.",
    fix="Compare both texts: a difference in tags or white space comes from a parser, another wording from batching.",
    field="content",
    example=PairedExample(
        (
            SampleTrial(COLD, says("It is cold.")),
            SampleTrial(COLD, _streams("<think>hm</think>It is cold."), broken=True),
        ),
        (SampleTrial(COLD, says("It is cold.")), SampleTrial(COLD, _streams("It is cold."))),
    ),
)
def stream_same_text(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares text and arguments. INFO only: numerics that depend on the batch are common and no fault."""
    for plain, streamed in cold_modes(replies):
        texts, others = ({_written(one) for one in some} for some in (plain, streamed))
        if len(texts) == len(others) == 1:
            same = texts == others
            for one in streamed:
                words = "the stream has another text than the plain reply"
                yield one, Pass() if same else Fail(words, quote(_shown(plain[0])), quote(_shown(one)))


@paired_check(
    "usage-same-streamed",
    "The same request and the same answer have the same token counts, streamed or not.",
    failure="{cases} had other token counts in the stream than in the plain reply",
    severity=Severity.MUST,
    row=24,
    explains=(
        "prompt-tokens-like-reference",
        "prompt-tokens-same",
        "prompt-tokens-more",
        "prompt-not-truncated",
        "system-prompt-injected",
    ),
    source="https://github.com/vllm-project/vllm/issues/8625",
    why="The bill depends on a flag that does not change the answer.",
    fix="Count tokens in one place, after generation, for both paths.",
    field="usage",
    example=PairedExample(
        (
            SampleTrial(COLD, says("It is cold.")),
            SampleTrial(COLD, _streams("It is cold.", usage=(10, 12)), broken=True),
        ),
        (SampleTrial(COLD, says("It is cold.")), SampleTrial(COLD, _streams("It is cold.", usage=(10, 6)))),
    ),
)
def usage_same_streamed(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares prompt tokens exactly. Completion tokens, without those of a thought, may differ by two. They are
    compared at temperature 0 where the answers have the same text: a sampled text may be the same in other tokens.

    Completion tokens of replies with calls are not compared: the same call may have other white space in its raw text.
    """
    for plain, streamed in both_modes(replies):
        counts = {one.input_tokens for one in plain if one.input_tokens is not None}
        cold = plain[0].case.request.get("temperature") == 0
        by_text = {one.text: one for one in reversed(plain) if not one.calls} if cold else {}
        for one in streamed:
            other = None if one.calls else by_text.get(one.text)
            verdict = _same_prompt(counts, one)
            if other is not None and not isinstance(verdict, Fail):
                verdict = _same_completion(other, one) or verdict
            if verdict is not None:
                yield one, verdict


def _same_prompt(counts: Set[int], one: ReplyDigest) -> CheckResult | None:
    if one.input_tokens is None or not counts:
        return None
    if one.input_tokens in counts:
        return Pass()
    expected = " or ".join(map(str, sorted(counts)))
    return Fail("the same prompt has another token count when streamed", expected, str(one.input_tokens))


def _same_completion(plain: ReplyDigest, one: ReplyDigest) -> CheckResult | None:
    tokens, plain_tokens = one.output_tokens, plain.output_tokens
    if tokens is None or plain_tokens is None:
        return None
    if abs(tokens - plain_tokens) > _SPARE:
        return Fail("the same answer has another token count when streamed", str(plain_tokens), str(tokens))
    return Pass()


def both_modes(replies: Sequence[ReplyDigest]) -> Iterator[tuple[list[ReplyDigest], list[ReplyDigest]]]:
    """Plain and streamed replies of each case that has both."""
    cases: dict[str, tuple[list[ReplyDigest], list[ReplyDigest]]] = {}
    for one in replies:
        cases.setdefault(one.case.key, ([], []))[one.mode is Mode.STREAM].append(one)
    for plain, streamed in cases.values():
        if plain and streamed:
            yield plain, streamed


def cold_modes(replies: Sequence[ReplyDigest]) -> Iterator[tuple[list[ReplyDigest], list[ReplyDigest]]]:
    """As `both_modes`, for cases at temperature 0 whose replies were not cut."""
    for plain, streamed in both_modes(replies):
        if plain[0].case.request.get("temperature") == 0 and not any(one.cut for one in (*plain, *streamed)):
            yield plain, streamed


def _names(one: ReplyDigest) -> tuple[str | None, ...]:
    return tuple(name for name, _ in one.calls)


def _written(one: ReplyDigest) -> tuple[object, ...]:
    """Text and calls, arguments as values where they are JSON: streams may have other white space."""
    return (one.text, *((name, _value(arguments)) for name, arguments in one.calls))


@lru_cache(1024)
def _value(arguments: str | None) -> str | None:
    parsed = parse_json(arguments or "")
    return repr(parsed.value) if parsed.ok else arguments


def _difference(expected: Sequence[str | None], got: Sequence[str | None]) -> str:
    """How the calls of a stream differ from those of the plain reply, by their names."""
    if not got:
        return f"the stream makes no call, and the plain reply {len(expected)}"
    if len(got) == 2 * len(expected) and Counter(got) == Counter([*expected, *expected]):
        return "the stream makes each call of the plain reply twice"
    if not Counter(got) - Counter(expected):
        return f"the stream lacks {len(expected) - len(got)} of {len(expected)} calls"
    return "the stream makes other calls than the plain reply"


def _shown(one: ReplyDigest) -> str:
    calls = "".join(f" {name}({arguments})" for name, arguments in one.calls)
    return f"{one.content or ''}{calls}"


def _same(expected: tuple[str | None, ...], got: tuple[str | None, ...], words: str) -> CheckResult:
    return Pass() if expected == got else Fail(words, quote(list(expected)), quote(list(got)))
