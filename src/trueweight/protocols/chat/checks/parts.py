"""The parts of each choice in the documents of a reply, found once for all views of it.

A stream may have 256 choices in tens of thousands of chunks, and a check that looks through all of them for each choice
takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from trueweight.core import Reply, Span
from trueweight.core.json_value import JsonObject


class Part(NamedTuple):
    """A choice in one document, which is a chunk or the whole body, and the document's span."""

    choice: JsonObject
    span: Span


class _Whole:
    """A reply as a key: its views, which differ in the choice alone, are equal."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self._parsed: Any = reply.events if reply.streamed else reply.json

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Whole) and self._parsed is other._parsed

    def __hash__(self) -> int:
        return id(self._parsed)


def parts_of(reply: Reply) -> Sequence[Part]:
    """The parts of the choice in view, in order. One without an index belongs to the choice of its place."""
    return _by_index(_Whole(reply)).get(reply.at, ())


def logprobs_objects(reply: Reply) -> Iterator[JsonObject]:
    """The ``logprobs`` object of every choice of every document."""
    objects = (part.choice.get("logprobs") for parts in _by_index(_Whole(reply)).values() for part in parts)
    return (one for one in objects if isinstance(one, dict))


def has_legacy_logprobs(reply: Reply) -> bool:
    """Whether any choice of any document has log-probabilities in the form of the legacy completions API."""
    return _any_legacy(_Whole(reply))


def is_legacy(logprobs: Mapping[str, Any]) -> bool:
    """Whether a choice's ``logprobs`` has the form of the legacy completions API."""
    return logprobs.get("content") is None and isinstance(logprobs.get("token_logprobs"), list)


@lru_cache(maxsize=1)
def _by_index(whole: _Whole) -> Mapping[int, Sequence[Part]]:
    reply = whole.reply
    documents = [(event.data, event.span) for event in reply.events] if reply.streamed else []
    found: dict[int, list[Part]] = {}
    for document, span in documents or [(reply.json, Span(0, len(reply.body)))]:
        choices = document.get("choices") if isinstance(document, dict) else None
        for place, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                index = choice.get("index")
                found.setdefault(index if isinstance(index, int) else place, []).append(Part(choice, span))
    return found


@lru_cache(maxsize=1)
def _any_legacy(whole: _Whole) -> bool:
    return any(map(is_legacy, logprobs_objects(whole.reply)))
