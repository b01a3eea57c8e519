"""Whether the sampler obeys seed and temperature, by the replies to the same request."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, NotApplicable, PairedResult, Pass, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import PairedExample, SampleTrial, sample_case, says
from trueweight.core.request import is_hot

_CREATE = "https://platform.openai.com/docs/api-reference/chat/create"


_HOT = sample_case({"temperature-varies": {}}, name="hot", temperature=1.2)


_BASE = sample_case(name="base", temperature=1.2, seed=7)
_ACTS = sample_case({"parameter-acts": {"than": "base", "parameter": "seed"}}, name="acts", temperature=1.2, seed=8)


def _alike_example(check_id: str, **request: Any) -> PairedExample:
    case = sample_case({check_id: {}}, **request)
    fox, owl = says("a fox"), says("an owl", mode=Mode.STREAM)
    return PairedExample(
        (SampleTrial(case, fox), SampleTrial(case, owl, broken=True)),
        (SampleTrial(case, fox), SampleTrial(case, replace(owl, content="a fox"))),
    )


@paired_check(
    "seed-repeats",
    "The same seed gives the same text.",
    failure="{cases} had another text with the same seed",
    severity=Severity.INFO,
    row=40,
    source=_CREATE,
    on_request=True,
    why="Runs cannot be repeated, and no error says that the seed is ignored.",
    fix="Pass seed to the sampler of the request, or refuse it.",
    field="content",
    example=_alike_example("seed-repeats", seed=7, temperature=1),
)
def seed_repeats(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares all replies to the case, streamed or not."""
    asked = [one for one in replies if "seed" in one.case.request]
    return _alike(asked, "seed-repeats", "a reply with the same seed has another text")


@paired_check(
    "temperature-zero-repeats",
    "At temperature 0 the same request gets the same answer.",
    failure="{cases} had another answer to the same request at temperature 0",
    severity=Severity.INFO,
    row=43,
    source=_CREATE,
    on_request=True,
    why="The temperature does not reach the sampler: answers are random although the request sets no randomness.",
    fix="See whether the gateway drops a temperature of 0 as if it were absent.",
    field="content",
    example=_alike_example("temperature-zero-repeats", temperature=0),
)
def temperature_zero_repeats(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares all replies to the case, streamed or not."""
    asked = [one for one in replies if one.case.request.get("temperature") == 0]
    return _alike(asked, "temperature-zero-repeats", "a reply at temperature 0 has another text")


@paired_check(
    "temperature-varies",
    "At a temperature of 1 or more two replies of free text differ.",
    failure="{cases} had the same free text at a temperature of 1 or more",
    engine=False,
    row=43,
    source=_CREATE,
    on_request=True,
    why="The temperature does not reach the sampler, or answers come from a cache.",
    fix="Pass temperature to the sampler; key a cache by the whole request, or use no cache.",
    field="content",
    example=PairedExample(
        (
            SampleTrial(_HOT, says("a fox"), broken=True),
            SampleTrial(_HOT, says("a fox", mode=Mode.STREAM), broken=True),
        ),
        (SampleTrial(_HOT, says("a fox")), SampleTrial(_HOT, says("an owl", mode=Mode.STREAM))),
    ),
)
def temperature_varies(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Fails where all replies to the case, streamed or not, have the same text."""
    asked = [one for one in replies if is_hot(one.case.request)]
    for of_case in _cases(asked, "temperature-varies"):
        same = len({one.text for one in of_case}) == 1
        for one in of_case:
            words = f"{len(of_case)} replies have the same text"
            yield one, Fail(words, "different texts", quote(one.content or "")) if same else Pass()


@paired_check(
    "parameter-acts",
    "A parameter that must change the text changes it.",
    failure="{cases} had the same text with and without the parameter that they set",
    row=40,
    source="https://github.com/ollama/ollama/issues/5044",
    on_request=True,
    params={
        "type": "object",
        "properties": {"than": {"type": "string", "minLength": 1}, "parameter": {"type": "string", "minLength": 1}},
        "required": ["than", "parameter"],
        "additionalProperties": False,
    },
    why="The parameter is accepted and does nothing, or it turns another one off.",
    fix="Pass the parameter to the sampler of the request, or refuse it.",
    field="content",
    example=PairedExample(
        (SampleTrial(_BASE, says("a fox")), SampleTrial(_ACTS, says("a fox"), broken=True)),
        (SampleTrial(_BASE, says("a fox")), SampleTrial(_ACTS, says("an owl"))),
    ),
)
def parameter_acts(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares with the case ``than``, which differs in ``parameter`` alone.

    Pairs of cases are written so that an honest sampler gives one text to both with a negligible probability.
    """
    texts: defaultdict[str, set[str]] = defaultdict(set)
    for one in replies:
        if one.content:
            texts[one.case.key].add(one.text)
    for one in replies:
        params = one.case.checks.get("parameter-acts")
        if params is None or not one.content or params["parameter"] not in one.case.request:
            continue
        others = texts.get(one.case.key_of(params["than"]))
        if others is None:
            yield one, NotApplicable(f"there is no reply to {params['than']} to compare with")
        elif one.text in others:
            words = f"the text is that of {params['than']}, although {params['parameter']} differs"
            yield one, Fail(words, "another text", quote(one.content))
        else:
            yield one, Pass()


def _alike(replies: Sequence[ReplyDigest], check: str, words: str) -> Iterator[tuple[ReplyDigest, CheckResult]]:
    for first, *others in _cases(replies, check):
        for one in others:
            same = one.text == first.text
            yield one, Pass() if same else Fail(words, quote(first.content or ""), quote(one.content or ""))


def _cases(replies: Sequence[ReplyDigest], check: str) -> Iterator[list[ReplyDigest]]:
    """The replies of each case that names the check, where there are two or more with any text."""
    found: dict[str, list[ReplyDigest]] = {}
    for one in replies:
        if check in one.case.checks and one.content:
            found.setdefault(one.case.key, []).append(one)
    for of_case in found.values():
        if len(of_case) > 1:
            yield of_case
