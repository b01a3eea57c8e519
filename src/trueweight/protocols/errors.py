"""Errors that come after a success status, in an event of the stream or as the whole body.

Searched for when the body is whole, while other requests are under way: one pass over the bytes, and JSON is parsed
only where an error must be. Shared by the APIs that report errors as ``{"error": {"message": …}}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from trueweight.protocols.sse import events_with

# Inside a JSON string the quotes would be escaped, so the keys cannot match text that the model wrote.
_MARK = re.compile(rb'"error"\s*+:\s*+(?!null)|"object"\s*+:\s*+"error"|event:[ \t]*+error')
_BOM = b"\xef\xbb\xbf"


def error_in(body: bytes) -> str | None:
    """The message of the error that a whole body of a success reports; None if it reports none."""
    for named, text in _candidates(body.removeprefix(_BOM)):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if (message := _message(value, named=named)) is not None:
            return message
    return None


def _candidates(body: bytes) -> Iterator[tuple[bool, str | bytes]]:
    """JSON texts that may hold an error, and whether the event's name says so."""
    if body.lstrip().startswith(b"{"):
        if _MARK.search(body):
            yield False, body
        return
    for event in events_with(body, _MARK):
        yield event.name == "error", event.data


def _message(value: Any, *, named: bool) -> str | None:
    """The message of the error that a JSON value is; None if it is none. ``"error": null`` beside an answer is none."""
    if not isinstance(value, Mapping):
        return str(value) if named else None
    error = value.get("error") or (value if named or value.get("object") == "error" else None)
    if not error:
        return None
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message or error)
