"""How a fault finds the fragments of each call among the chunks of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Parts = list[tuple[int, dict[str, Any]]]
"""Fragments of one call: the position of the chunk that carries it, and the entry of ``delta.tool_calls`` itself."""


def call_parts(chunks: Sequence[dict[str, Any]]) -> list[Parts]:
    """The fragments of every call, call by call in order of their first ones."""
    found: dict[tuple[int, int], Parts] = {}
    for at, chunk in enumerate(chunks):
        for choice in chunk.get("choices") or ():
            for part in choice["delta"].get("tool_calls") or ():
                found.setdefault((choice["index"], part.get("index", 0)), []).append((at, part))
    return list(found.values())


def arguments_of(part: dict[str, Any]) -> str:
    """The piece of arguments that a fragment carries."""
    return (part.get("function") or {}).get("arguments") or ""
