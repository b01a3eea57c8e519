"""The thought in a message, or a delta, of chat completions: in which field, and whether it is the thought itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

THOUGHT: Final = "reasoning_content"
"""The usual field, also of the messages of a case."""
FIELDS: Final = (THOUGHT, "reasoning")
"""The fields with a text, in the order in which they are read."""
DETAILS: Final = "reasoning_details"
"""A list of parts: ``reasoning.text``, ``reasoning.summary`` or ``reasoning.encrypted``, as OpenRouter has it."""
_TEXTS: Final = {"reasoning.text": "text", "reasoning.summary": "summary"}


class Details(NamedTuple):
    """The parts of ``reasoning_details`` as one text.

    Attributes:
        whole: whether the text is the thought itself, and not a summary; False if a part is encrypted.
    """

    text: str
    whole: bool


def read_details(value: Any) -> Details | None:
    """The parts of a message; None if there is none."""
    if not isinstance(value, list) or not value:
        return None
    parts = [part for part in value if isinstance(part, Mapping)]
    texts = [part.get(_TEXTS.get(str(part.get("type")), "text")) for part in parts]
    whole = all(part.get("type", "reasoning.text") == "reasoning.text" for part in parts)
    return Details("".join(text for text in texts if isinstance(text, str)), whole)


def carries_thought(message: Mapping[str, Any]) -> bool:
    """Whether a message or delta has a thought, or a part of one, that is not empty."""
    if any(isinstance(message.get(name), str) and message[name] for name in FIELDS):
        return True
    found = read_details(message.get(DETAILS))
    return found is not None and (bool(found.text) or not found.whole)
