"""The parts of each choice in the documents of a reply, found once for all views of it.

A stream may have 256 choices in tens of thousands of chunks, and a check that looks through all of them for each choice
takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from trueweight.core import Reply, Span
from trueweight.core.json_value import JsonObject
from trueweight.protocols.reading import kept_for_reply


class Part(NamedTuple):
    """A choice in one document, which is a chunk or the whole body, and the document's span."""

    choice: JsonObject
    span: Span


@kept_for_reply
def documents_of(reply: Reply) -> Sequence[tuple[JsonObject, Span]]:
    """Every JSON object of the body, which is a chunk or the whole body, with its span."""
    if reply.streamed:
        return [(event.data, event.span) for event in reply.events if isinstance(event.data, dict)]
    return [(reply.json, Span(0, len(reply.body)))] if isinstance(reply.json, dict) else []


def parts_of(reply: Reply) -> Sequence[Part]:
    """The parts of the choice in view, in order. One without an index belongs to the choice of its place."""
    return _by_index(reply).get(reply.at, ())


def logprobs_objects(reply: Reply) -> Iterator[JsonObject]:
    """The ``logprobs`` object of every choice of every document."""
    objects = (part.choice.get("logprobs") for parts in _by_index(reply).values() for part in parts)
    return (one for one in objects if isinstance(one, dict))


@kept_for_reply
def has_legacy_logprobs(reply: Reply) -> bool:
    """Whether any choice of any document has log-probabilities in the form of the legacy completions API."""
    return any(map(is_legacy, logprobs_objects(reply)))


def is_legacy(logprobs: Mapping[str, Any]) -> bool:
    """Whether a choice's ``logprobs`` has tokens in the form of the legacy completions API. Empty lists are none."""
    values = logprobs.get("token_logprobs")
    return logprobs.get("content") is None and isinstance(values, list) and bool(values)


@kept_for_reply
def _by_index(reply: Reply) -> Mapping[int, Sequence[Part]]:
    found: dict[int, list[Part]] = {}
    for document, span in documents_of(reply):
        choices = document.get("choices")
        for place, choice in enumerate(choices if isinstance(choices, list) else ()):
            if isinstance(choice, dict):
                index = choice.get("index")
                found.setdefault(index if isinstance(index, int) else place, []).append(Part(choice, span))
    return found
