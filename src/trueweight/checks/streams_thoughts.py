"""Thoughts of streams and of plain replies to one request: in both modes, and apart from the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from trueweight.checks.streams_alike import cold_modes
from trueweight.core import Mode, ReplyDigest, Severity
from trueweight.core.check import Fail, PairedResult, Pass, paired_check
from trueweight.core.evidence import quote
from trueweight.core.example import PairedExample, SampleTrial, sample_case, says

_THOUGHT: Final = 10
_PART: Final = 4
"""Letters of a thought in the content, in whatever pieces."""
_COMPARED: Final = 60
"""Characters of a thought that are compared: at temperature 0 it may go another way later."""
_CASES: Final = 3
"""Cases that must lack a thought: where numbers depend on the batch, a model may skip one in one mode."""
_COLD = tuple(sample_case(name=f"cold-{number}", temperature=0) for number in range(_CASES))
_SAID: Final = "Two and two make four."


@paired_check(
    "stream-thought-apart",
    "A thought that the plain reply has as reasoning is not in the content of the stream.",
    failure="A thought stands in the content, although it is apart from the answer in plain replies, in {cases}",
    severity=Severity.MUST,
    row=34,
    explains=("reasoning-present", "stream-text-whole", "think-tags-in-content"),
    source="https://github.com/vllm-project/vllm/issues/39885",
    why="Users of streams read the thought as part of the answer, and it returns in the history.",
    fix="Run the reasoning parser in streams as in plain replies, after tool results and before calls too.",
    field="content",
    example=PairedExample(
        (
            SampleTrial(_COLD[0], says("It is 4.", reasoning=_SAID)),
            SampleTrial(_COLD[0], says(f"{_SAID} It is 4.", mode=Mode.STREAM), broken=True),
        ),
        (
            SampleTrial(_COLD[0], says("It is 4.", reasoning=_SAID)),
            SampleTrial(_COLD[0], says("It is 4.", reasoning=_SAID, mode=Mode.STREAM)),
        ),
    ),
)
def stream_thought_apart(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges plain replies with reasoning of ten characters or more, of which the stream has none in its field, or has
    the rest there."""
    for plain, streamed in cold_modes(replies):
        thinking = next((one for one in plain if len(one.thought.strip()) >= _THOUGHT), None)
        if thinking is None:
            continue
        for one in streamed:
            words = "the content of the stream begins with the plain reply's thought"
            moved = begins_with_thought(thinking, one)
            if not moved and _has_part_of_thought(thinking, one):
                words, moved = "the content of the stream begins with parts of the plain reply's thought", True
            yield one, Fail(words, quote(thinking.written), quote(one.written)) if moved else Pass()


def begins_with_thought(plain: ReplyDigest, streamed: ReplyDigest) -> bool:
    """Whether the stream's content begins with the plain reply's thought."""
    thought = plain.thought.strip()
    if len(thought) < _THOUGHT or streamed.thought.strip():
        return False
    start = streamed.written.lstrip()
    return start.startswith(thought[:_COMPARED]) and not plain.written.lstrip().startswith(thought[:_COMPARED])


def _has_part_of_thought(plain: ReplyDigest, streamed: ReplyDigest) -> bool:
    """Whether the stream has the plain reply's answer behind some of its thought, and the rest of that as its own: the
    letters of both parts together are those of the thought."""
    thought, answer = _letters(plain.thought), _letters(plain.written)
    rest, content = _letters(streamed.thought), _letters(streamed.written)
    moved = len(content) - len(answer)
    if moved < _PART or moved + len(rest) != len(thought) or not content.endswith(answer):
        return False
    return Counter(content[:moved]) + Counter(rest) == Counter(thought)


def _letters(text: str) -> str:
    return "".join(text.split())


@paired_check(
    "stream-thought-present",
    "Streams have thoughts where plain replies have them, and plain replies where streams have them.",
    failure="The thought that the reply in the other mode has is missing in {cases}",
    severity=Severity.MUST,
    row=33,
    explains=("reasoning-present", "reasoning-longer", "history-reasoning-kept"),
    source="https://github.com/vllm-project/vllm/issues/39885",
    why="Clients lose the thought in one mode, and cannot send it back in the next request.",
    fix="Run the reasoning parser in both modes, and write its result into the same field.",
    field="reasoning",
    example=PairedExample(
        tuple(
            trial
            for case in _COLD
            for trial in (
                SampleTrial(case, says("It is 4.", reasoning=_SAID)),
                SampleTrial(case, says("It is 4.", mode=Mode.STREAM), broken=True),
            )
        ),
        tuple(
            trial
            for case in _COLD
            for trial in (
                SampleTrial(case, says("It is 4.", reasoning=_SAID)),
                SampleTrial(case, says("It is 4.", reasoning=_SAID, mode=Mode.STREAM)),
            )
        ),
    ),
)
def stream_thought_present(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges cases at temperature 0 of which one mode has a thought of ten characters or more.

    Fails where the other mode has none in three cases or more, and in nine of ten. ``stream-thought-apart`` judges a
    thought that is in the content.
    """
    compared = list(_compared(replies))
    for mode in Mode:
        judged = [one for one in compared if one.without.mode is mode]
        lacking = {one.without.case.key for one in judged if one.lacks}
        systematic = len(lacking) >= _CASES and 10 * len(lacking) >= 9 * len({one.without.case.key for one in judged})
        for one in judged:
            words = "the reply has no thought, and the one in the other mode has"
            failed = systematic and one.lacks
            yield one.without, Fail(words, quote(one.thought), quote(one.without.written)) if failed else Pass()


@paired_check(
    "stream-thought-whole",
    "The thought of a stream is as long as that of the plain reply to the same request.",
    failure="The beginning or the end of the thought is missing in streams in {cases}",
    severity=Severity.SHOULD,
    row=33,
    explains=("stream-same-text", "reasoning-longer"),
    source="https://github.com/vllm-project/vllm/issues/41691",
    why="The last sentence of a thought is its conclusion, and the history lacks it in the next request.",
    fix="When the end of the thought is seen, send what the parser still holds, and then the answer.",
    field="reasoning",
    example=PairedExample(
        tuple(
            trial
            for case in _COLD
            for trial in (
                SampleTrial(case, says("It is 4.", reasoning=_SAID)),
                SampleTrial(case, says("It is 4.", reasoning=_SAID[:-6], mode=Mode.STREAM), broken=True),
            )
        ),
        tuple(
            trial
            for case in _COLD
            for trial in (
                SampleTrial(case, says("It is 4.", reasoning=_SAID)),
                SampleTrial(case, says("It is 4.", reasoning=_SAID, mode=Mode.STREAM)),
            )
        ),
    ),
)
def stream_thought_whole(replies: Sequence[ReplyDigest], _: Sequence[ReplyDigest]) -> Iterable[PairedResult]:
    """Judges cases at temperature 0 in which both modes think and give the same answer. Fails where the thought of the
    stream is the beginning or the end of the plain one, and not all of it, in three cases or more, and in nine of ten:
    a thought that goes another way is neither."""
    pairs: list[tuple[ReplyDigest, str, bool]] = []
    for plain, streamed in cold_modes(replies):
        ours = plain[0]
        whole = ours.thought.strip()
        for one in streamed:
            if len(whole) >= _THOUGHT and one.thought.strip() and one.written.strip() == ours.written.strip():
                pairs.append((one, whole, _is_part(one.thought.strip(), whole)))
    lacking = {one.case.key for one, _, part in pairs if part}
    systematic = len(lacking) >= _CASES and 10 * len(lacking) >= 9 * len({one.case.key for one, _, _ in pairs})
    for one, whole, part in pairs:
        words = f"{len(whole) - len(one.thought.strip())} characters of the thought are missing in the stream"
        yield one, Fail(words, quote(whole), quote(one.thought)) if systematic and part else Pass()


def _is_part(thought: str, whole: str) -> bool:
    return thought != whole and (whole.startswith(thought) or whole.endswith(thought))


class _Compared(NamedTuple):
    """A reply, and the thought of one in the other mode."""

    without: ReplyDigest
    thought: str
    lacks: bool


def _compared(replies: Sequence[ReplyDigest]) -> Iterator[_Compared]:
    for plain, streamed in cold_modes(replies):
        for ours, theirs in ((plain, streamed), (streamed, plain)):
            thinking = next((one for one in theirs if len(one.thought.strip()) >= _THOUGHT), None)
            if thinking is None or any(begins_with_thought(thinking, one) for one in ours):
                continue
            for one in ours:
                yield _Compared(one, thinking.thought, not one.reasoned and "<think" not in one.written)
