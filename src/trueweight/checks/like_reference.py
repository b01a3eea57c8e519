"""Prompt tokens compared with the reference's for the same request: another template, or an added prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from trueweight.core import ReplyDigest, Severity
from trueweight.core.check import Fail, PairedResult, Pass, paired_check
from trueweight.core.example import PairedExample, SampleReply, SampleTrial, sample_case, says

_SPARE = 3
"""Difference in tokens that correct stacks may have: a begin token, a generation prompt. The Kimi verifier has the same
limit."""
_CASES = 5
"""A difference is constant if at least so many cases have it."""


_LENGTHS = tuple(sample_case(name=f"length-{n}", words="word " * n) for n in range(6))


def _costs(prompt: int) -> SampleReply:
    return says("ok", usage=(prompt, 1))


def _lengths(surplus: int, *, broken: bool = False) -> tuple[SampleTrial, ...]:
    return tuple(SampleTrial(case, _costs(10 + 7 * n + surplus), broken) for n, case in enumerate(_LENGTHS))


@paired_check(
    "prompt-tokens-like-reference",
    "The prompt token count of a request is that of the reference, within three tokens.",
    failure="{cases} had another prompt token count than the reference",
    row=37,
    source="https://github.com/vllm-project/vllm-project.github.io/pull/110",
    why="The model reads another prompt: the chat template drops, repeats or rewrites messages.",
    fix="Use the chat template that the model's authors publish, with its tokenizer, and compare the rendered prompts.",
    field="input",
    example=PairedExample(
        (SampleTrial(_LENGTHS[5], _costs(30), broken=True), SampleTrial(_LENGTHS[0], _costs(10))),
        _lengths(1),
        _lengths(0),
    ),
)
def prompt_tokens_like_reference(
    replies: Sequence[ReplyDigest], reference: Sequence[ReplyDigest]
) -> Iterable[PairedResult]:
    """``system-prompt-injected`` judges a surplus that is the same in most cases."""
    reference_counts = _counts(reference)
    surplus = _constant_surplus(replies, reference_counts)
    for one in replies:
        counts = reference_counts.get(one.case.key)
        if one.input_tokens is None or not counts or _more(one, reference_counts) == surplus:
            continue
        if is_counted_for_each_choice(one, counts):
            continue  # prompt-counted-once judges it
        if all(abs(one.input_tokens - count) > _SPARE for count in counts):
            expected = " or ".join(map(str, sorted(counts)))
            yield one, Fail("the prompt has another token count than at the reference", expected, str(one.input_tokens))
        else:
            yield one, Pass()


_THREE = sample_case(name="three", n=3)


@paired_check(
    "prompt-counted-once",
    "The prompt of a request for several choices is counted once.",
    failure="Prompt tokens are counted once for each of n choices in {cases}",
    severity=Severity.MUST,
    row=24,
    source="https://platform.openai.com/docs/api-reference/chat/create#chat-create-n",
    why="The bill is n times as high as the prompt.",
    fix="Count the prompt once, and add up the completions only.",
    field="input",
    example=PairedExample(
        (SampleTrial(_THREE, _costs(90), broken=True),),
        (SampleTrial(_THREE, _costs(31)),),
        (SampleTrial(_THREE, _costs(30)),),
    ),
)
def prompt_counted_once(replies: Sequence[ReplyDigest], reference: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares requests with n above 1 with the reference's count, and with the case of one choice that they name in
    ``prompt-tokens-same``; fails on exactly n times as many tokens."""
    theirs, own = _counts(reference), _counts(replies)
    for one in replies:
        if one.input_tokens is None or choices_of(one) < 2:
            continue
        other = one.case.checks.get("prompt-tokens-same", {}).get("as")
        counts = theirs.get(one.case.key, set()) | (own.get(one.case.key_of(other), set()) if other else set())
        if not counts:
            continue
        if is_counted_for_each_choice(one, counts):
            words = (
                f"the prompt has {one.input_tokens} tokens, which are {choices_of(one)} times as many as it should have"
            )
            yield one, Fail(words, str(min(counts)), str(one.input_tokens))
        else:
            yield one, Pass()


@paired_check(
    "system-prompt-injected",
    "Prompts are not longer than the reference's by the same number of tokens in every case.",
    failure="{cases} had a prompt that is longer than the reference's by one and the same number of tokens",
    row=44,
    source="https://github.com/MoonshotAI/Kimi-Vendor-Verifier",
    why="The provider adds instructions to every request: the model behaves differently, and the client pays for them.",
    fix="Look for a default system prompt in the gateway or in the chat template.",
    field="input",
    example=PairedExample(_lengths(25, broken=True), _lengths(2), _lengths(0)),
)
def system_prompt_injected(replies: Sequence[ReplyDigest], reference: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Fails on the same surplus in five cases or more of different lengths, and in most of all cases."""
    reference_counts = _counts(reference)
    surplus = _constant_surplus(replies, reference_counts)
    for one in replies:
        more = _more(one, reference_counts)
        if more is None:
            continue
        if surplus is not None and more == surplus:
            words = f"the prompt has {surplus} tokens more than at the reference, as in most cases"
            yield one, Fail(words, "the reference's", f"{one.input_tokens} ({surplus:+})")
        else:
            yield one, Pass()


def choices_of(one: ReplyDigest) -> int:
    """How many choices a request asks for."""
    n = one.case.request.get("n")
    return n if isinstance(n, int) and not isinstance(n, bool) and n > 0 else 1


def is_counted_for_each_choice(one: ReplyDigest, counts: Collection[int]) -> bool:
    """Whether the prompt tokens are those of one choice, times the number of choices."""
    n = choices_of(one)
    return n > 1 and one.input_tokens is not None and one.input_tokens in {n * count for count in counts if count > 1}


def _counts(reference: Sequence[ReplyDigest]) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {}
    for one in reference:
        # The earlier response of a case that follows one may hold a thought, which the reference's does not.
        if one.input_tokens is not None and one.case.follows is None:
            found.setdefault(one.case.key, set()).add(one.input_tokens)
    return found


def _more(one: ReplyDigest, reference_counts: Mapping[str, set[int]]) -> int | None:
    """Prompt tokens minus those of the reference's nearest reply; None if either is unknown."""
    counts = reference_counts.get(one.case.key)
    if one.input_tokens is None or not counts:
        return None
    return min((one.input_tokens - count for count in counts), key=abs)


def _constant_surplus(replies: Sequence[ReplyDigest], reference_counts: Mapping[str, set[int]]) -> int | None:
    """The difference that most cases share, if it is a surplus and their lengths differ."""
    by_case = {one.case.key: more for one in replies if (more := _more(one, reference_counts)) is not None}
    if not by_case:
        return None
    surplus, cases = Counter(by_case.values()).most_common(1)[0]
    lengths = {min(reference_counts[key]) for key, more in by_case.items() if more == surplus}
    constant = surplus > _SPARE and cases >= _CASES and 2 * cases > len(by_case) and len(lengths) > 1
    return surplus if constant else None
