"""Errors that come after a success status, in an event of the stream or as the whole body.

Looked for once the body is whole (law 1), and only to know whether the attempt failed: replies are read after the run.
So nothing is parsed but events that hold the word.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from trueweight.core import Failure, FailureKind

_WORD = b"error"


def failure_of_body(body: bytes) -> Failure | None:
    """The failure that a whole body of a success says; None if it says none."""
    if _WORD not in body:
        return None
    for name, data in _events(body):
        if _WORD not in name and _WORD not in data:
            continue
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            continue
        if (said := _said(value, named=name == _WORD)) is not None:
            return Failure(FailureKind.ERROR_IN_BODY, said)
    return None


def _events(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and data of each server-sent event; of a body that is JSON as a whole, just that."""
    text = body.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip().startswith(b"{"):
        yield b"", text
        return
    name: bytes = b""
    data: list[bytes] = []
    for line in (*text.splitlines(), b""):
        if line.startswith(b"data:"):
            data.append(line[5:])
        elif line.startswith(b"event:"):
            name = line[6:].strip()
        elif not line:
            if data:
                yield name, b"\n".join(data)
            name, data = b"", []


def _said(value: Any, *, named: bool) -> str | None:
    """The words of the error that a JSON value is; None if it is none. ``"error": null`` beside an answer is none."""
    if not isinstance(value, Mapping):
        return str(value) if named else None
    error = value.get("error") or (value if named or value.get("object") == "error" else None)
    if not error:
        return None
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message or error)
