"""Prompts that request exactly one target. The prompt always contains the target as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from trueweight.suites.properties.catalogue import CatalogueTool

TargetCall = Mapping[str, Any]

_NAMED = (
    "Call the tool `{name}` with exactly these arguments:\n{arguments}",
    "Use `{name}`. The arguments are, character for character:\n\n{arguments}\n\nChange nothing in them.",
    "Please run `{name}` now. Its arguments, as JSON:\n```json\n{arguments}\n```",
)
_MEANT = (
    "{ask}, with exactly these values: {arguments}",
    "{ask}, please. Take the values as they stand here:\n{arguments}",
)
_MANY = (
    "Make these calls, in this order, all in one reply:\n{calls}",
    "I need all of this at once, so call the tools together, in this order. The calls, as JSON:\n{calls}",
)
_DOCUMENTS = (
    "Reply with exactly this JSON document:\n{document}",
    "Copy this document into your reply as it is, every value unchanged:\n\n{document}",
    "Return the record below as JSON. Nothing may be added, dropped or changed.\n```json\n{document}\n```",
)


def call(name: str, arguments: Mapping[str, Any]) -> TargetCall:
    """A tool call as a target."""
    return {"name": name, "arguments": dict(arguments)}


def spelled(value: Any, *, indent: int | None = None) -> str:
    """A target as a prompt contains it: JSON text without escapes for non-ASCII characters."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


# Made once: a strategy costs more to make than to draw from.
_NAMED_FORMS = st.sampled_from(_NAMED)
_TOOL_FORMS = st.one_of(_NAMED_FORMS, st.sampled_from(_MEANT))


def ask_for_call(name: str, arguments: Mapping[str, Any]) -> SearchStrategy[str]:
    """Prompts that name a tool and contain its arguments."""
    return _NAMED_FORMS.map(lambda form: form.format(name=name, arguments=spelled(arguments)))


def ask_for_tool(tool: CatalogueTool, arguments: Mapping[str, Any]) -> SearchStrategy[str]:
    """Prompts for a tool of the catalogue: in a user's words, or by the tool's name."""
    forms = _TOOL_FORMS if arguments else _NAMED_FORMS
    return forms.map(lambda form: form.format(name=tool.name, ask=tool.ask, arguments=spelled(arguments)))


def ask_for_calls(calls: Sequence[TargetCall]) -> SearchStrategy[str]:
    """Prompts for several calls in one reply."""
    return st.sampled_from(_MANY).map(lambda form: form.format(calls=spelled(list(calls), indent=1)))


def ask_for_document(document: Any) -> SearchStrategy[str]:
    """Prompts for a JSON document."""
    return st.sampled_from(_DOCUMENTS).map(lambda form: form.format(document=spelled(document)))
