"""Token counts that several replies show to be of the wrong part: swapped, one inside the other, cached ones twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Final

from trueweight.checks.usage import prompt_words
from trueweight.core import ReplyDigest, Severity
from trueweight.core.check import Fail, PairedResult, Pass, paired_check
from trueweight.core.example import PairedExample, SampleTrial, sample_case, says

_LEAST_CASES: Final = 3
_SPARE: Final = 24
"""Tokens of a completion that are not in its text: the marks of channels, and the end."""
_CALL: Final = 24
"""The same of a call: its marks."""
_LONG_PROMPT: Final = 100
"""Words of a prompt whose tokens are not those of a short one."""
_FEWER: Final = 0.8
"""Share of its words that a prompt has as tokens at least, for unusual tokenizers."""
_OF_COUNTS: Final = (
    "max-tokens-honoured",
    "min-tokens-honoured",
    "finish-length-at-limit",
    "finish-reason-length",
    "logprobs-within-usage",
    "prompt-counted-once",
    "prompt-not-truncated",
    "prompt-tokens-like-reference",
    "prompt-tokens-more",
    "prompt-tokens-same",
    "history-reasoning-kept",
    "count-tokens-agree",
    "system-prompt-injected",
    "usage-adds-up",
    "usage-cached-within",
    "usage-covers-text",
    "usage-of-all-choices",
    "usage-reasoning-within",
    "usage-same-streamed",
)
_LONG = tuple(sample_case(name=f"long-{n}", words="so it is " * (40 + 10 * n)) for n in range(_LEAST_CASES))


def _swapped(*, broken: bool) -> tuple[SampleTrial, ...]:
    return tuple(
        SampleTrial(case, says("hello", usage=(6, 150 + 30 * n) if broken else (150 + 30 * n, 6)), broken)
        for n, case in enumerate(_LONG)
    )


@paired_check(
    "usage-parts-apart",
    "Prompt tokens are those of the prompt, and completion tokens those of the completion.",
    failure="{message} in {cases}",
    severity=Severity.MUST,
    row=24,
    explains=(*_OF_COUNTS, "usage-cached-once"),
    source="https://platform.openai.com/docs/api-reference/completions/object#completions-object-usage",
    why="A token of the completion has several times the price of one of the prompt: each bill is wrong.",
    fix="See which count is written into which field, and whether the length of the whole sequence is taken for one.",
    field="usage",
    example=PairedExample(_swapped(broken=True), _swapped(broken=False)),
)
def usage_parts_apart(replies: Sequence[ReplyDigest], reference: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges replies with one choice. Each fault must show in three cases or more, and in nine of ten replies that can
    show it: in most replies one count alone could be right.

    Swapped: the prompt has fewer tokens than words, and the completion more than bytes. The prompt inside the
    completion: the completion has more tokens than bytes, and no more without those of the prompt. The completion
    inside the prompt: the prompt has exactly the tokens of the answer more than the reference's. Not counted at all:
    prompts of a few words and of hundreds have one number.
    """
    counted = [one for one in replies if one.input_tokens is not None and one.output_tokens is not None]
    words_of = _prompt_words(counted)
    expected = {one.case.key: one.input_tokens for one in reference if one.input_tokens is not None}
    faults: tuple[tuple[str, _Test, _Test], ...] = (
        (
            "prompt and completion tokens are swapped",
            lambda one: _input(one) <= _most(one) and _output(one) >= _FEWER * words_of[one.case.key],
            lambda one: _FEWER * words_of[one.case.key] > _most(one),
        ),
        ("completion tokens include those of the prompt", _has_prompt, lambda one: _input(one) > _most(one)),
        (
            "prompt tokens include those of the completion",
            lambda one: _input(one) == (expected.get(one.case.key) or 0) + _output(one),
            lambda one: one.case.key in expected and one.case.follows is None and _output(one) > 3,
        ),
    )
    constant = _constant(counted, words_of)
    if constant is not None:
        for one in counted:
            words = "prompt tokens are the same number for every prompt"
            yield one, Fail(words, "those of the prompt", str(constant))
        return
    for words, shows, could in faults:
        showing = {one.trial for one in counted if could(one) and shows(one)}
        cases = {one.case.key for one in counted if one.trial in showing}
        if len(cases) >= _LEAST_CASES and 10 * len(showing) >= 9 * sum(map(could, counted)):
            for one in counted:
                counts = f"{one.input_tokens} prompt, {one.output_tokens} completion tokens"
                yield one, Fail(words, "counts of each part", counts) if shows(one) else Pass()
            return
    for one in counted:
        yield one, Pass()


def _prompt_words(replies: Sequence[ReplyDigest]) -> dict[str, int]:
    """Key of a case → the words of its prompt, which are counted once for all its replies."""
    cases = {one.case.key: one.case for one in replies}
    return {key: prompt_words(case.request) for key, case in cases.items()}


def _constant(counted: Sequence[ReplyDigest], words_of: Mapping[str, int]) -> int | None:
    """The prompt tokens, if they are one number for prompts of a few words and of hundreds; else None, as for 0."""
    numbers = {_input(one) for one in counted}
    words = sorted(set(words_of.values()))
    varied = len(words) >= _LEAST_CASES and words[-1] >= max(_LONG_PROMPT, 5 * words[0])
    return numbers.pop() or None if varied and len(numbers) == 1 else None


_Test = Callable[[ReplyDigest], bool]
"""Whether a reply shows a fault, or could show it."""


def _input(one: ReplyDigest) -> int:
    return one.input_tokens or 0


def _output(one: ReplyDigest) -> int:
    return one.output_tokens or 0


def _most(one: ReplyDigest) -> int:
    """The most tokens that the completion can have: one for each byte, and its marks."""
    return one.size + _SPARE + _CALL * len(one.calls)


def _has_prompt(one: ReplyDigest) -> bool:
    return _input(one) < _output(one) <= _input(one) + _most(one)


_WARM = tuple(sample_case(name=f"warm-{n}") for n in range(_LEAST_CASES))


def _cached(*, twice: bool) -> tuple[SampleTrial, ...]:
    trials = []
    for n, case in enumerate(_WARM):
        prompt = 100 + n
        trials.append(SampleTrial(case, says("x", usage=(prompt, 5), cached=0)))
        trials.append(SampleTrial(case, says("x", usage=(prompt + 64 * twice, 5), cached=64), twice))
    return tuple(trials)


@paired_check(
    "usage-cached-once",
    "The prompt tokens of a request do not depend on how many of them were cached.",
    failure="{message} in {cases}",
    severity=Severity.MUST,
    row=24,
    explains=_OF_COUNTS,
    source="https://github.com/router-for-me/CLIProxyAPI/issues/1643",
    why="Cached tokens have a lower price: counted twice, they are billed at both; left out, the prompt looks short.",
    fix="Count the whole prompt once; cached tokens are part of it, or beside the rest of it where the API says so.",
    field="usage",
    example=PairedExample(_cached(twice=True), _cached(twice=False)),
)
def usage_cached_once(replies: Sequence[ReplyDigest], reference: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares replies to the same request of which unlike many tokens were cached, and replies with cached tokens with
    the reference's. Fails if in three cases or more, and in most, the prompt differs by exactly the cached tokens."""
    expected: dict[str, set[int]] = {}
    for one in reference:
        if one.input_tokens is not None and one.case.follows is None:
            expected.setdefault(one.case.key, set()).add(one.input_tokens)
    signs: dict[str, dict[str, int]] = {}
    counted = [one for one in replies if one.input_tokens is not None]
    for key, group in groupby(counted, key=lambda one: one.case.key):
        signs[key] = _signs(list(group), expected.get(key, set()))
    able = sum(1 for found in signs.values() if found)
    for sign, words in ((1, _TWICE), (-1, _LACKING)):
        cases = [key for key, found in signs.items() if sign in found.values()]
        if len(cases) >= _LEAST_CASES and 2 * len(cases) > able:
            for one in counted:
                if found := signs[one.case.key]:
                    bad = found.get(one.trial) == sign
                    got = f"{one.input_tokens} prompt, {one.cached_input} cached tokens"
                    yield one, Fail(words, "the same count", got) if bad else Pass()
            return
    for one in counted:
        if signs[one.case.key]:
            yield one, Pass()


_TWICE: Final = "prompt tokens count the cached ones twice"
_LACKING: Final = "prompt tokens lack the cached ones"


def _signs(same: Sequence[ReplyDigest], expected: set[int]) -> dict[str, int]:
    """Of the replies to one request: trial → 1 if its prompt has its cached tokens too much, -1 if it lacks them, 0 if
    neither. Without replies that can be compared it is empty."""
    counts = list(dict.fromkeys(map(_prompt_counts, same)))  # of thousands of replies few differ
    found: dict[tuple[int, int], int] = {}
    for prompt, cached in counts:
        signs = [_sign({prompt - count for count in expected}, cached)] if cached and expected else []
        signs += [_sign({prompt - other}, cached - less) for other, less in counts if less != cached]
        if signs:
            found[prompt, cached] = next(filter(None, signs), 0)
    return {one.trial: found[counted] for one in same if (counted := _prompt_counts(one)) in found}


def _prompt_counts(one: ReplyDigest) -> tuple[int, int]:
    """Tokens of the prompt, and those of them that came from the cache."""
    return _input(one), one.cached_input or 0


def _sign(surplus: set[int], cached: int) -> int:
    """1 or -1 if a prompt is longer or shorter by exactly its cached tokens; 0 if not, or if it has none more."""
    if cached <= 0:
        return 0
    return 1 if cached in surplus else -1 if -cached in surplus else 0
