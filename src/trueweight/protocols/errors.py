"""Errors that come after a success status, in an event of the stream or as the whole body.

The search runs when the body is complete, while other requests are in progress. So it passes over the bytes once, and
parses only documents that name an error. It serves all APIs that report errors as ``{"error": {"message": …}}``.
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
    """The message of the error that the complete body of a success status reports; None if it reports none."""
    for named, text in _candidates(body.removeprefix(_BOM)):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if (message := _message(value, named=named)) is not None:
            return message
    return None


def _candidates(body: bytes) -> Iterator[tuple[bool, str | bytes]]:
    """JSON texts that may contain an error. The boolean says whether the event is named ``error``."""
    if body.lstrip().startswith(b"{"):
        if _MARK.search(body):
            yield False, body
        return
    for event in events_with(body, _MARK):
        yield event.name == "error", event.data


def _message(value: Any, *, named: bool) -> str | None:
    """The message of the error in a JSON value; None if it has none, for example if its ``error`` is null."""
    if not isinstance(value, Mapping):
        return str(value) if named else None
    error = value.get("error") or (value if named or value.get("object") == "error" else None)
    if not error:
        return None
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message or error)
