"""References inside one schema document. Nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote


def resolve(root: Any, reference: str) -> Any:
    """The schema that ``#``, ``#/pointer`` or ``#anchor`` names.

    Raises:
        LookupError: if it is not in this document.
    """
    own = root.get("$id") if isinstance(root, Mapping) else None
    base, _, fragment = reference.partition("#")
    if base and base != own:
        raise LookupError(reference)
    if fragment and not fragment.startswith("/"):
        return next(_anchored(root, fragment), None) or _missing(reference)
    node = root
    for part in fragment.split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            _missing(reference)
    return node


def _missing(reference: str) -> Any:
    raise LookupError(reference)


def _anchored(node: Any, name: str) -> Iterator[Any]:
    if isinstance(node, Mapping):
        if node.get("$anchor") == name:
            yield node
        for value in node.values():
            yield from _anchored(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _anchored(value, name)
