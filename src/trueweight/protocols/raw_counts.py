"""Token counts in raw bytes, found without parsing: on the event loop, cost must not grow with the body."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEAD, _TAIL = 16 * 1024, 64 * 1024
_MOST = 100
"""Occurrences of a key that are looked at: a healthy body has one, or one for each chunk."""
_NUMBER = re.compile(rb"\s*+:\s*+(\d{1,12})")


def ends_of(body: bytes) -> Iterator[bytes]:
    """The last 64 KB of a body, where usage is, then the first 16 KB."""
    yield body[-_TAIL:]
    yield body[:_HEAD]


def last_count(part: bytes, key: bytes) -> int | None:
    """The number after the last occurrence of a quoted key that has one. Searched backwards, because usage is at the
    end."""
    at = part.rfind(key)
    for _ in range(_MOST):
        if at < 0:
            return None
        if found := _NUMBER.match(part, at + len(key)):
            return int(found[1])
        at = part.rfind(key, 0, at)
    return None
