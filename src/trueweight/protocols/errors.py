"""Errors that come after a success status, in an event of the stream or as the whole body.

The search runs when the body is complete, on the event loop, while other requests are in progress. So its cost does not
grow with the body: it looks at both ends, and parses only a few documents that name an error. It serves all APIs that
report errors as ``{"error": {"message": …}}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from trueweight.protocols.anomalies import Anomalies
from trueweight.protocols.sse import read_sse

# Inside a JSON string the quotes would be escaped, so the keys cannot match text that the model wrote.
_MARK = re.compile(rb'"error"\s*+:\s*+(?!null)|"object"\s*+:\s*+"error"|event:[ \t]*+error')
_WORD = b"error"
"""It is in each of these, and found some twenty times as fast."""
_BLANK_LINE = re.compile(rb"\n\n|\r\r|\n\r\n")
_MAPPINGS = (dict, Mapping)
"""To see that a value is a ``dict`` takes a fifth of the time."""
_HEAD, _TAIL = 8 * 1024, 32 * 1024
_MOST = 8
"""Blocks that are parsed at either end."""
_BOM = b"\xef\xbb\xbf"


class ErrorOf(Protocol):
    """Finds the error that a JSON value reports, as `error_of` does for most APIs."""

    def __call__(self, document: Any, *, named: bool = False) -> Any:
        """The error; None if the value reports none."""


def error_in(body: bytes, find: ErrorOf | None = None) -> str | None:
    """The message of the error that the complete body of a success status reports; None if it reports none.

    Args:
        find: the API's own rule, in place of `error_of`.

    Looked for in a plain body of at most 32 KB, and in the first 8 KB and the last 32 KB of a stream, because a stream
    ends after its error. An error in the middle of a long stream is left to the checks, which read the whole reply.
    """
    for named, text in _candidates(body):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            if not named:
                continue
            value = text
        if (message := _message((find or error_of)(value, named=named))) is not None:
            return message
    return None


def _candidates(body: bytes) -> Iterator[tuple[bool, str | bytes]]:
    """JSON texts that may contain an error. The boolean says whether the event is named ``error``."""
    if body[:_HEAD].removeprefix(_BOM).lstrip().startswith(b"{"):
        if len(body) <= _TAIL and _WORD in body and _MARK.search(body):
            yield False, body.removeprefix(_BOM)
        return
    for block in _marked_blocks(body):
        for event in read_sse(block, Anomalies()):
            yield event.name == "error", event.data


def _marked_blocks(body: bytes) -> Iterable[bytes]:
    """The first and the last blocks of a stream that may report an error, in order."""
    if _WORD not in (body if len(body) <= _HEAD + _TAIL else body[:_HEAD] + body[-_TAIL:]):
        return ()
    if len(body) <= _HEAD + _TAIL:
        blocks = [*filter(_is_marked, _split(body))]
    else:
        blocks = [*filter(_is_marked, (*_split(body[:_HEAD])[:-1], *_split(body[-_TAIL:])[1:]))]
    return blocks if len(blocks) <= 2 * _MOST else (*blocks[:_MOST], *blocks[-_MOST:])


def _split(part: bytes) -> list[bytes]:
    return _BLANK_LINE.split(part) if b"\r" in part else part.split(b"\n\n")


def _is_marked(block: bytes) -> bool:
    # The word first: each stream of Responses has `"error":null`, in one or two of its hundreds of blocks.
    return _WORD in block and _MARK.search(block) is not None


def error_of(document: Any, *, named: bool = False) -> Any:
    """The error that a JSON value reports; None if it reports none.

    It is the value's ``error``, or the value itself if its ``object`` is ``error`` or if it is the data of an event
    that is named ``error``. An ``error`` that is null, empty or false reports none. MiniMax reports errors in
    ``base_resp``, beside choices that are null.

    Args:
        named: whether the value is the data of an event named ``error``.
    """
    if not isinstance(document, _MAPPINGS):
        return document if named else None
    base = failed_base(document)
    if base is not None and not document.get("choices"):
        return base.get("status_msg") or base
    return document.get("error") or (document if named or document.get("object") == "error" else None)


def failed_base(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ``base_resp`` of a response of MiniMax that reports an error; None without one, and for the status 0."""
    base = document.get("base_resp")
    if base is None:
        return None
    return base if isinstance(base, Mapping) and base.get("status_code") not in (None, "", 0, "0") else None


def _message(error: Any) -> str | None:
    """The message of an error; None without an error."""
    if error is None:
        return None
    message = error.get("message") if isinstance(error, Mapping) else error
    return str(message or error)
