"""The thought in a message, or a delta, of chat completions: in which field, and whether it is the thought itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

THOUGHT: Final = "reasoning_content"
"""The usual field, also of the messages of a case."""
FIELDS: Final = (THOUGHT, "reasoning", "thinking")
"""The fields with a text, in the order in which they are read."""
DETAILS: Final = "reasoning_details"
"""A list of parts: ``reasoning.text``, ``reasoning.summary`` or ``reasoning.encrypted``, as OpenRouter has it."""
THOUGHT_FIELDS: Final = frozenset({*FIELDS, DETAILS})
"""All of these fields."""
_TEXTS: Final = {"reasoning.text": "text", "reasoning.summary": "summary", "reasoning.encrypted": "data"}


class Details(NamedTuple):
    """The parts of ``reasoning_details`` as one text.

    Attributes:
        whole: whether the text is the thought itself; False if a part is a summary, or is encrypted, and not empty.
    """

    text: str
    whole: bool


def read_details(value: Any) -> Details | None:
    """The parts of a message; None if there is none."""
    if not isinstance(value, list) or not value:
        return None
    parts = [part for part in value if isinstance(part, Mapping)]
    kinds = [str(part.get("type", "reasoning.text")) for part in parts]
    found = [(kind, str(part.get(_TEXTS.get(kind, "text")) or "")) for part, kind in zip(parts, kinds, strict=True)]
    whole = all(kind == "reasoning.text" or not text for kind, text in found)
    return Details("".join(text for kind, text in found if kind != "reasoning.encrypted"), whole)


class ContentPart(NamedTuple):
    """One part of a content that is a list, as Mistral's API sends it.

    Attributes:
        at: its position in the list.
        thought: whether it is one of the thought, and not of the answer.
    """

    at: int
    text: str
    thought: bool


PARTS: Final = "content[].thinking"
"""The `Choice.reasoning_field` of a thought in such a part."""


def read_parts(content: Any) -> tuple[ContentPart, ...]:
    """The parts with a text, in their order; none of a content that is no list."""
    found = []
    for at, part in enumerate(content if isinstance(content, list) else ()):
        if isinstance(part, Mapping):
            thought = part.get("type") == "thinking"
            text = _part_text(part.get("thinking") if thought else part.get("text"))
            found += [ContentPart(at, text, thought)] if text else []
    return tuple(found)


def _part_text(value: Any) -> str:
    """A text, or that of the parts of a thought."""
    listed = value if isinstance(value, list) else ()
    inner = [part.get("text") for part in listed if isinstance(part, Mapping)]
    return value if isinstance(value, str) else "".join(text for text in inner if isinstance(text, str))


def carries_thought(message: Mapping[str, Any]) -> bool:
    """Whether a message or delta has a thought, or a part of one, that is not empty."""
    content = message.get("content")
    if THOUGHT_FIELDS.isdisjoint(message) and not isinstance(content, list):
        return False  # as most deltas
    for name in FIELDS:
        if (text := message.get(name)) and isinstance(text, str):
            return True
    details = message.get(DETAILS)
    if isinstance(content, list) and any(part.thought for part in read_parts(content)):
        return True
    found = None if details is None else read_details(details)
    return found is not None and (bool(found.text) or not found.whole)
