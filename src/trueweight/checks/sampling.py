"""The sampler, as the replies to one question show it: the same where it must be, different where it must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, PairedResult, Pass, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import PairedExample, Sample, sample_case, says

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"


_HOT = sample_case({"temperature-varies": {}}, name="hot", temperature=1.2)


def _alike_example(check_id: str, **request: Any) -> PairedExample:
    case = sample_case({check_id: {}}, **request)
    fox, owl = says("a fox"), says("an owl", mode=Mode.STREAM)
    return PairedExample(
        (Sample(case, fox), Sample(case, owl, broken=True)),
        (Sample(case, fox), Sample(case, replace(owl, content="a fox"))),
    )


@paired_check(
    "seed-repeats",
    "The same seed gives the same text.",
    severity=Severity.INFO,
    row=40,
    source=_CREATE,
    on_request=True,
    why="Runs cannot be repeated, and nobody was told that the seed is ignored.",
    fix="Pass seed to the sampler of the request, or refuse it.",
    field="content",
    example=_alike_example("seed-repeats", seed=7, temperature=1),
)
def seed_repeats(heard: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """All replies to the case, streamed or not."""
    return _alike(heard, "seed-repeats", "another text from the same seed")


@paired_check(
    "temperature-zero-repeats",
    "At temperature 0 the same question gets the same answer.",
    severity=Severity.INFO,
    row=43,
    source=_CREATE,
    on_request=True,
    why="The temperature does not reach the sampler: answers are random where none of it was asked for.",
    fix="See whether the gateway drops a temperature of 0 as if it were absent.",
    field="content",
    example=_alike_example("temperature-zero-repeats", temperature=0),
)
def temperature_zero_repeats(heard: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """All replies to the case, streamed or not."""
    return _alike(heard, "temperature-zero-repeats", "another text at temperature 0")


@paired_check(
    "temperature-varies",
    "At a temperature of 1 or more a free text does not come out the same twice.",
    row=43,
    source=_CREATE,
    on_request=True,
    why="The temperature does not reach the sampler, or answers come from a cache.",
    fix="Pass temperature to the sampler; key caches by nothing less than the whole request, or not at all.",
    field="content",
    example=PairedExample(
        (Sample(_HOT, says("a fox"), broken=True), Sample(_HOT, says("a fox", mode=Mode.STREAM), broken=True)),
        (Sample(_HOT, says("a fox")), Sample(_HOT, says("an owl", mode=Mode.STREAM))),
    ),
)
def temperature_varies(heard: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """All replies to the case, streamed or not, are one text."""
    for replies in _cases(heard, "temperature-varies"):
        same = len({one.text for one in replies}) == 1
        for one in replies:
            words = f"{len(replies)} replies, all the same"
            yield one, Fail(words, "different texts", quote(one.content or "")) if same else Pass()


def _alike(heard: Sequence[ReplyDigest], check: str, words: str) -> Iterator[tuple[ReplyDigest, CheckResult]]:
    for first, *others in _cases(heard, check):
        for one in others:
            same = one.text == first.text
            yield one, Pass() if same else Fail(words, quote(first.content or ""), quote(one.content or ""))


def _cases(heard: Sequence[ReplyDigest], check: str) -> Iterator[list[ReplyDigest]]:
    """The replies of each case that names the check, where there are two or more with any text."""
    found: dict[str, list[ReplyDigest]] = {}
    for one in heard:
        if check in one.case.checks and one.content:
            found.setdefault(one.case.key, []).append(one)
    for replies in found.values():
        if len(replies) > 1:
            yield replies
