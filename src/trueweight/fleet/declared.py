"""The tools that a request declares: at its top, or inside its messages, which counts the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def tools_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every declared tool, those at the top first. The body must be valid."""
    inside = [tool for message in body["messages"] for tool in message.get("tools") or ()]
    return [*(body.get("tools") or ()), *inside]
