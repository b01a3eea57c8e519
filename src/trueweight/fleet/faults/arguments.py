"""How a fault gets at the arguments of every call, and at every text in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trueweight.fleet.answer import Answer, Call


def read_arguments(text: str) -> Any:
    """What an arguments text says; None for one that ``max_tokens`` cut, or that another fault broke."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def each_call(answer: Answer, edit: Callable[[Call], Call]) -> Answer:
    """The answer with every call edited."""
    choices = tuple(replace(choice, calls=tuple(map(edit, choice.calls))) for choice in answer.choices)
    return replace(answer, choices=choices)


def each_value(answer: Answer, edit: Callable[[Any], Any]) -> Answer:
    """The answer with every scalar in every call's arguments edited; what does not change keeps its very text."""

    def edited(call: Call) -> Call:
        arguments = read_arguments(call.arguments)
        if arguments is None:
            return call
        changed = _walk(arguments, edit)
        # Compared as text: to Python 1, 1.0 and True are equal.
        if json.dumps(changed) == json.dumps(arguments):
            return call
        return replace(call, arguments=json.dumps(changed, ensure_ascii=False))

    return each_call(answer, edited)


def each_text(answer: Answer, edit: Callable[[str], Any]) -> Answer:
    """The answer with every text in every call's arguments edited."""
    return each_value(answer, lambda value: edit(value) if isinstance(value, str) else value)


def _walk(value: Any, edit: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _walk(item, edit) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, edit) for item in value]
    return edit(value)
