"""JSON documents that are hard to copy exactly."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from trueweight.core.json_value import JsonObject
from trueweight.suites.properties.texts import integers, numbers, texts

NAMES: tuple[str, ...] = (
    *("id", "name", "title", "items", "value", "notes", "status", "count", "path", "tags", "parent", "address", "city"),
    *("zip", "amount", "unit", "due", "owner", "enabled", "ratio"),
)


def scalars() -> SearchStrategy[Any]:
    """A text, a number, a boolean or null."""
    return st.one_of(texts(), integers(), numbers(), st.booleans(), st.none())


def documents(depth: int = 3) -> SearchStrategy[JsonObject]:
    """JSON objects: nested, with empty objects and lists, long lists, hostile texts, numbers at the edges.

    Args:
        depth: levels of objects and lists, the outermost counted.
    """
    return _object(depth, at_least=1)


def _value(depth: int) -> SearchStrategy[Any]:
    if depth <= 0:
        return scalars()
    return st.one_of(scalars(), st.deferred(lambda: _object(depth)), st.deferred(lambda: _list(depth)))


def _object(depth: int, at_least: int = 0) -> SearchStrategy[JsonObject]:
    return st.dictionaries(st.sampled_from(NAMES), _value(depth - 1), min_size=at_least, max_size=5)


def _list(depth: int) -> SearchStrategy[list[Any]]:
    long = st.lists(st.integers(0, 9), min_size=20, max_size=40)
    return st.one_of(st.lists(_value(depth - 1), max_size=4), long)
