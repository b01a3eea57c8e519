"""Lines of batches: of OpenAI's Batch, and of Anthropic's Message Batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

OF_SEVERAL: Final = (
    "its custom_id is that of several requests, so their replies are not known: put each batch into another folder"
)
"""Why a line of a batch is left out whose id `ids_of_several` has."""


def as_batch_line(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line of Message Batches, which has ``params`` or ``result``, as a line of OpenAI's; others stay."""
    if "custom_id" not in row:
        return row
    line = dict(row)
    if isinstance(line.get("params"), Mapping) and "body" not in line:
        line |= {"body": line.pop("params"), "url": "/v1/messages"}
    result = line.get("result")
    if isinstance(result, Mapping) and "response" not in line:
        del line["result"]
        succeeded = isinstance(result.get("message"), Mapping)
        line |= {"response": {"body": result["message"]}} if succeeded else {"error": dict(result)}
    return line


def ids_of_several(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The ``custom_id`` of several different requests, as of two batches that number theirs alike."""
    bodies: dict[str, Any] = {}
    several = set()
    for row in rows:
        if "custom_id" in row and row.get("body") is not None:
            named = str(row["custom_id"])
            if bodies.setdefault(named, row["body"]) != row["body"]:
                several.add(named)
    return frozenset(several)
