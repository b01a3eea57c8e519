"""Edit the arguments of every call, or every text in them; list the fragments of each streamed call."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import Completion, CompletionCall

Parts = list[tuple[int, JsonObject]]
"""Fragments of one call: the position of the chunk that carries it, and the entry of ``delta.tool_calls`` itself."""


def read_arguments(text: str) -> Any:
    """The value of an arguments text; None for one that ``max_tokens`` cut, or that another fault broke."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def each_call(completion: Completion, edit: Callable[[CompletionCall], CompletionCall]) -> Completion:
    """The completion with every call edited."""
    return completion.each(lambda choice: replace(choice, calls=tuple(map(edit, choice.calls))))


def each_value(completion: Completion, edit: Callable[[Any], Any]) -> Completion:
    """The completion with every scalar in every call's arguments edited; unchanged arguments keep their text."""

    def edited(call: CompletionCall) -> CompletionCall:
        arguments = read_arguments(call.arguments)
        if arguments is None:
            return call
        changed = _walk(arguments, edit)
        # Compared as text: to Python 1, 1.0 and True are equal.
        if json.dumps(changed) == json.dumps(arguments):
            return call
        return replace(call, arguments=json.dumps(changed, ensure_ascii=False))

    return each_call(completion, edited)


def each_text(completion: Completion, edit: Callable[[str], Any]) -> Completion:
    """The completion with every text in every call's arguments edited."""
    return each_value(completion, lambda value: edit(value) if isinstance(value, str) else value)


def _walk(value: Any, edit: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, edit) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, edit) for item in value]
    return edit(value)


def call_parts(chunks: Sequence[JsonObject]) -> list[Parts]:
    """The fragments of every call, call by call in order of their first ones."""
    found: dict[tuple[int, int], Parts] = {}
    for at, chunk in enumerate(chunks):
        for choice in chunk.get("choices") or ():
            for part in choice["delta"].get("tool_calls") or ():
                found.setdefault((choice["index"], part.get("index", 0)), []).append((at, part))
    return list(found.values())


def arguments_of(part: JsonObject) -> str:
    """The piece of arguments that a fragment carries."""
    return (part.get("function") or {}).get("arguments") or ""
