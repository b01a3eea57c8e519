"""How the text of streams differs from that of plain replies: a piece is missing or added, or in another order.

At temperature 0 honest engines differ too, because numbers depend on the batch: another word, and from there another
text. A parser that loses or adds a piece leaves the rest as it is, in one case after the other. So these checks fail on
texts of which one is the other with one piece more, if the piece has the same place in two cases or more.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final, NamedTuple

from trueweight.checks.streams_alike import cold_modes
from trueweight.checks.streams_thoughts import begins_with_thought
from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import Fail, PairedResult, Pass, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import PairedExample, SampleReply, SampleTrial, sample_case, says

_CASES: Final = 2
"""Cases that must differ in the same way: one may be chance."""
_KEPT: Final = 3
"""Fewest characters that both texts have in common: less is another text."""
_SPACES: Final = 3
"""Fewest white space characters of one kind that are missing, or too many."""
_BETWEEN: Final = re.compile(r"[,;\n{}\[\]]| and | or ")
"""What stands between items, in a sentence, in lines or in JSON."""
_COLD = tuple(sample_case(name=f"cold-{number}", temperature=0) for number in range(2))
_TEXTS = ("It is cold in Oslo.", "We go home by train.")


class Relation(StrEnum):
    """How a streamed text differs from the plain one, in words that follow "the stream"."""

    LACKS_START = "lacks the start of the text"
    LACKS_MIDDLE = "lacks a piece in the middle of the text"
    LACKS_END = "lacks the end of the text"
    ADDS_START = "has more before the text"
    ADDS_MIDDLE = "has more in the middle of the text"
    ADDS_END = "has more after the text"
    LACKS_SPACE = "lacks white space of the text"
    ADDS_SPACE = "has more white space than the text"
    OTHER_ORDER = "has the same characters in another order"


class TextDifference(NamedTuple):
    """A relation, and the text that is missing or added."""

    relation: Relation
    piece: str


def difference(plain: str, streamed: str) -> TextDifference | None:
    """How two texts are related; None if they are two texts, or differ in a little white space or in the order of items
    only."""
    plain, streamed = plain.strip(), streamed.strip()
    if "".join(plain.split()) == "".join(streamed.split()):
        return _space(plain, streamed)
    if min(len(plain), len(streamed)) < _KEPT:
        return None
    longer, shorter = (plain, streamed) if len(plain) > len(streamed) else (streamed, plain)
    first = _common(longer, shorter)
    last = _common(longer[first:][::-1], shorter[first:][::-1])
    if first + last == len(shorter):
        piece = longer[first : len(longer) - last]
        place = "START" if longer.endswith(shorter) else "END" if longer.startswith(shorter) else "MIDDLE"
        return TextDifference(Relation[f"{'LACKS' if longer is plain else 'ADDS'}_{place}"], piece)
    if Counter(plain) == Counter(streamed) and _items(plain) != _items(streamed):
        return TextDifference(Relation.OTHER_ORDER, streamed[:80])
    return None


def _items(text: str) -> list[str]:
    """The items of a list or the members of a JSON document, sorted: a model may write them in another order."""
    return sorted(item.strip(" .") for item in _BETWEEN.split(text))


def _space(plain: str, streamed: str) -> TextDifference | None:
    """How two texts differ that are the same without white space. A single space or line break is no difference: where
    numbers depend on the batch, a model may write one more."""
    own, other = (Counter(one for one in text if one.isspace()) for text in (plain, streamed))
    for kind in sorted(own | other):
        fewer, more = sorted((own[kind], other[kind]))
        if 2 * fewer <= more and more - fewer >= _SPACES:
            return TextDifference(Relation.LACKS_SPACE if own[kind] == more else Relation.ADDS_SPACE, kind)
    return None


def _common(one: str, other: str) -> int:
    """The number of characters at the beginning that two texts share."""
    size = min(len(one), len(other))
    return next((at for at in range(size) if one[at] != other[at]), size)


def _example(*streamed: SampleReply) -> PairedExample:
    plain = [SampleTrial(case, says(text)) for case, text in zip(_COLD, _TEXTS, strict=True)]
    made = (replace(one, mode=Mode.STREAM) for one in streamed)
    bad = [SampleTrial(case, one, broken=True) for case, one in zip(_COLD, made, strict=True)]
    good = [SampleTrial(case, says(text, mode=Mode.STREAM)) for case, text in zip(_COLD, _TEXTS, strict=True)]
    return PairedExample((*plain, *bad), (*plain, *good))


@paired_check(
    "stream-text-whole",
    "At temperature 0 the text of a stream has every piece of the plain reply's, and no other.",
    failure="{message} in {cases}",
    engine=False,
    row=34,
    explains=(
        "content-matches",
        "json-equals",
        "logprobs-spell-content",
        "markers-in-content",
        "stop-honoured",
        "structured-output",
        "structured-output-bare",
        "structured-output-schema",
        "turn-markers",
    ),
    source="https://github.com/vllm-project/vllm/issues/30866",
    why="Text is lost, or text that is no answer is shown, in the mode that most clients use.",
    fix="Streams have a separate parser: see what it holds back, drops or flushes at the start, at the end and at "
    "calls.",
    field="content",
    example=_example(says("is cold in Oslo."), says("go home by train.")),
)
def stream_text_whole(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges content. The piece has the same place in two cases or more. White space counts if half of it differs."""
    return _judged(replies, frozenset(Relation) - {Relation.OTHER_ORDER})


@paired_check(
    "stream-text-order",
    "At temperature 0 the text of a stream is in the order of the plain reply's.",
    failure="The text is in another order in {cases}",
    severity=Severity.MUST,
    row=34,
    source="https://github.com/vllm-project/vllm/issues/28635",
    why="The words are all there, and the sentence makes no sense.",
    fix="Write the chunks of a stream in the order in which their tokens were generated.",
    field="content",
    example=_example(says("is It cold in Oslo."), says("We home go by train.")),
)
def stream_text_order(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges content that has the same characters in both modes."""
    return _judged(replies, frozenset({Relation.OTHER_ORDER}))


def _judged(replies: Sequence[ReplyDigest], wanted: frozenset[Relation]) -> Iterator[PairedResult]:
    found: defaultdict[Relation, list[StreamDiffers]] = defaultdict(list)
    compared: set[str] = set()
    for plain, streamed in cold_modes(replies):
        if len({one.written for one in plain}) > 1 or len({one.written for one in streamed}) > 1:
            continue
        compared.add(plain[0].case.key)
        for one in streamed:
            differs = None
            if one.written != plain[0].written and not begins_with_thought(plain[0], one):
                differs = difference(plain[0].written, one.written)
            if differs is None or differs.relation not in wanted:
                yield one, Pass()
                continue
            got = f"{quote(one.written)} ({quote(differs.piece)})"
            fail = Fail(f"the stream {differs.relation}", quote(plain[0].written), got)
            found[differs.relation].append(StreamDiffers(one, fail, differs.piece.strip()))
    for relation, failed in found.items():
        if is_systematic(relation, failed, len(compared)):
            yield from ((one.reply, one.fail) for one in failed)


class StreamDiffers(NamedTuple):
    """A stream that differs from its plain reply, and the text in which it does."""

    reply: ReplyDigest
    fail: Fail
    piece: str


def is_systematic(relation: Relation, failed: Sequence[StreamDiffers], compared: int) -> bool:
    """Whether so many cases differ in one way that it is no chance.

    No honest engine loses the start of a text and goes on as before. An end, or a word in the middle, it may write or
    not, so that more cases must show it: half of all, or three with the same piece.
    """
    cases = len({one.reply.case.key for one in failed})
    if relation in _NO_CHANCE:
        return cases >= _CASES
    most = Counter(one.piece for one in failed).most_common(1)[0][1]
    return cases > _CASES and (2 * cases >= compared or most > _CASES)


_NO_CHANCE: Final = frozenset(
    {Relation.LACKS_START, Relation.ADDS_START, Relation.OTHER_ORDER, Relation.LACKS_SPACE, Relation.ADDS_SPACE}
)
