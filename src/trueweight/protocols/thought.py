"""A thought that a server leaves in the content, between tags, is read as reasoning, and the rest as the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from trueweight.core import Choice, Finish, Piece

IN_CONTENT: Final = "content"
"""The `Choice.reasoning_field` of such a thought."""


class _Tags(NamedTuple):
    """What a model family writes before and after a thought.

    Attributes:
        before_answer: what may stand between the last tag and the answer.
    """

    first: str
    last: str
    before_answer: re.Pattern[str] = re.compile(r"\s*")


_HARMONY: Final = re.compile(r"\s*(?:<\|start\|>assistant)?(?:<\|channel\|>final\s*<\|message\|>)?\s*")
_TAGS: Final = (
    _Tags("<think>", "</think>"),
    _Tags("<thinking>", "</thinking>"),
    _Tags("<thought>", "</thought>"),  # Google's chat completions
    _Tags("<mm:think>", "</mm:think>"),  # MiniMax
    _Tags("[THINK]", "[/THINK]"),  # Mistral
    _Tags("◁think▷", "◁/think▷"),  # Kimi VL
    _Tags("<seed:think>", "</seed:think>"),
    _Tags("<|START_THINKING|>", "<|END_THINKING|>"),  # Cohere
    _Tags("<|channel>thought", "<channel|>"),  # Gemma 4
    _Tags("<|channel|>analysis<|message|>", "<|end|>", _HARMONY),  # gpt-oss
)
"""Chat templates of some families write the first tag into the prompt."""


class _Split(NamedTuple):
    thought: str
    answer_at: int


def take_thought(choice: Choice, request: str) -> Choice:
    """The choice with a thought at the beginning of its content as its reasoning; unchanged if it has none.

    A choice with reasoning in a field is unchanged, and so is one whose request names the tag: it may be the answer.

    Args:
        request: the text of the request's body.
    """
    text = choice.content
    if not text or choice.thinks:
        return choice
    split = next((found for tags in _TAGS if (found := _split(text, tags, choice.finish, request))), None)
    if split is None:
        return choice
    pieces = _after(choice.pieces, split.answer_at)
    return replace(
        choice,
        content=text[split.answer_at :] or None,
        reasoning=split.thought,
        reasoning_field=IN_CONTENT,
        pieces=pieces,
        logprobs=None if choice.logprobs is None else _entries_after(choice.logprobs, text[: split.answer_at]),
    )


def _split(text: str, tags: _Tags, finish: Finish | None, request: str) -> _Split | None:
    first, last, before_answer = tags
    end = text.find(last)
    opened = text.lstrip().startswith(first)
    if (end < 0 and not opened) or first in request or last in request:
        return None
    start = text.find(first) + len(first) if opened else 0
    if end < 0:
        # Without an end it is a thought only if the limit of tokens cut it; else the tag is what the server wrote.
        return _Split(text[start:], len(text)) if finish is Finish.LENGTH else None
    if not opened and first in text[:end]:
        return None
    after = before_answer.match(text, end + len(last))
    return _Split(text[start:end], end + len(last) if after is None else after.end())


def _after(pieces: Sequence[Piece], skipped: int) -> tuple[Piece, ...]:
    """The pieces without the first ``skipped`` characters."""
    kept = []
    for piece in pieces:
        cut = min(skipped, piece.length)
        skipped -= cut
        if cut < piece.length:
            kept.append(piece._replace(start=piece.start + cut, length=piece.length - cut))
    return tuple(kept)


def _entries_after(entries: Sequence[Mapping[str, Any]], thought: str) -> tuple[Mapping[str, Any], ...]:
    """The entries after those whose tokens spell the thought; all if they do not end where it ends."""
    size = 0
    for at, entry in enumerate(entries):
        if size >= len(thought):
            return tuple(entries[at:]) if size == len(thought) else tuple(entries)
        token = entry.get("token")
        size += len(token) if isinstance(token, str) else 0
    return ()
