"""Answers of a cache: a reply that holds another request's text, and one that is wrong when it is asked for again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import comb
from typing import Any, Final, NamedTuple

from trueweight.checks.markers import strings_of
from trueweight.core import Case, Reply, ReplyDigest, Severity
from trueweight.core.check import CheckResult, Fail, PairedResult, Pass, check, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import Example, PairedExample, SampleTrial, sample_case, says
from trueweight.protocols import locate, narrow

_WORD: Final = {"type": "string", "minLength": 8}
_ALPHA: Final = 0.001
"""Ten pairs that differ, all in one direction, have a probability of 1 in 1,024."""
_EXPECTATIONS: Final = (
    "tool-call-matches",
    "tool-call-expected",
    "content-matches",
    "json-equals",
    "tool-name-declared",
    "tool-arguments-enum",
    "structured-output",
    "structured-output-schema",
)
_OWN = sample_case({"words-of-own-request": {"others": ["HERON-5170-QX"]}}, words="The code is CEDAR-8261-LT.")
_PAIRS = tuple(
    (
        sample_case(name=f"first-{number}"),
        sample_case({"answer-after-others": {"as": f"first-{number}", "word": "CEDAR-8261"}}, name=f"again-{number}"),
    )
    for number in range(10)
)
_RIGHT, _WRONG = says("CEDAR-8261"), says("CEDAR-CEDAR-CED")


@check(
    "words-of-own-request",
    "A reply holds no text that only another request has.",
    failure="{cases} held a text that only another request has",
    severity=Severity.MUST,
    on_request=True,
    engine=True,
    params={
        "type": "object",
        "properties": {"others": {"type": "array", "items": _WORD, "minItems": 1}},
        "required": ["others"],
        "additionalProperties": False,
    },
    explains=("answer-after-others", *_EXPECTATIONS),
    source="https://github.com/vllm-project/vllm/security/advisories/GHSA-rm76-4mrf-v9r8",
    why="One user reads what another one sent, and the answer is to another question.",
    fix="Key the cache by all that the prompt is made of, images, tools and formats too, and compare more than a hash.",
    example=Example(says("HERON-5170-QX"), "HERON-5170-QX", says("CEDAR-8261-LT"), _OWN),
)
def words_of_own_request(case: Case, reply: Reply, params: Mapping[str, Any]) -> CheckResult | None:
    """Fails where content, reasoning or a call has one of the words ``others``, which no model can guess; a word that
    the request has itself does not count."""
    asked = strings_of(case.request)
    for word in params["others"]:
        if any(word in text for text in asked):
            continue
        for call in reply.calls:
            if word in (call.arguments or "") or word in (call.name or ""):
                return Fail("a call has a word of another request", "", quote(word), narrow(reply, call.span, word))
        if word in (reply.content or ""):
            return Fail("the content has a word of another request", "", quote(word), locate(reply, word))
        if word in reply.thought:
            return Fail("the reasoning has a word of another request", "", quote(word))
    return Pass()


@paired_check(
    "answer-after-others",
    "A request gets the right answer again after others that begin like it.",
    failure="A request that was answered rightly is answered wrongly when it comes again, after others, in {cases}",
    severity=Severity.MUST,
    on_request=True,
    engine=True,
    params={
        "type": "object",
        "properties": {"as": {"type": "string", "minLength": 1}, "word": _WORD},
        "required": ["as", "word"],
        "additionalProperties": False,
    },
    explains=_EXPECTATIONS,
    source="https://github.com/tenstorrent/vllm/issues/415",
    why="Each turn of a conversation begins like the one before: agents read wrong answers from the second on.",
    fix="Send it with the prefix cache turned off; if the answer is right then, look at how a prefix is resumed.",
    field="content",
    example=PairedExample(
        tuple(one for a, b in _PAIRS for one in (SampleTrial(a, _RIGHT), SampleTrial(b, _WRONG, broken=True))),
        tuple(one for a, b in _PAIRS for one in (SampleTrial(a, _RIGHT), SampleTrial(b, _RIGHT))),
    ),
)
def answer_after_others(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Compares how many replies to the case and to the case ``as`` have ``word``, in all modes: replies to one request
    after the first come from the cache too. Fails on the replies without it where the case ``as`` has more, if so many
    more cases differ in this direction than in the other that chance explains it in 1 of 1,000 hosts at most: a host
    whose answers vary is not accused."""
    by_case: dict[str, list[ReplyDigest]] = {}
    for one in replies:
        if not one.cut:
            by_case.setdefault(one.case.key, []).append(one)
    pairs = [pair for own in by_case.values() if (pair := _pair(own, by_case)) is not None]
    lost = sum(pair.change < 0 for pair in pairs)
    gained = sum(pair.change > 0 for pair in pairs)
    by_chance = _tail(lost, lost + gained) > _ALPHA
    words = f"wrong more often than at first in {lost} of {len(pairs)} requests"
    for pair in pairs:
        for one in pair.again:
            right = by_chance or pair.change >= 0 or _has(one, pair.word)
            yield one, Pass() if right else Fail(words, quote(pair.word), quote(_text(one)))


class _Pair(NamedTuple):
    """A request that comes again: the replies then, and how much larger the share of right ones is than at first."""

    word: str
    again: Sequence[ReplyDigest]
    change: float


def _pair(own: Sequence[ReplyDigest], by_case: Mapping[str, Sequence[ReplyDigest]]) -> _Pair | None:
    case = own[0].case
    params = case.checks.get("answer-after-others")
    before = by_case.get(case.key_of(params["as"])) if params is not None else None
    if params is None or before is None:
        return None
    return _Pair(params["word"], own, _share(own, params["word"]) - _share(before, params["word"]))


def _share(replies: Sequence[ReplyDigest], word: str) -> float:
    return sum(_has(one, word) for one in replies) / len(replies)


def _text(one: ReplyDigest) -> str:
    return " ".join([one.content or "", *(arguments or "" for _, arguments in one.calls)])


def _has(one: ReplyDigest, word: str) -> bool:
    return word in _text(one)


def _tail(lost: int, of: int) -> float:
    """The probability of as many losses or more, if a pair that differs is as often a gain."""
    return sum(comb(of, count) for count in range(lost, of + 1)) / float(2**of)
