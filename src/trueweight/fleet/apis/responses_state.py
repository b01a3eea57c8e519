"""Stored responses. The id of one holds its conversation, so that a server needs no memory."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.fleet.errors import RefusedError

PREVIOUS: Final = "previous_response_id"
_MARK: Final = "resp_stored_"
_LARGEST: Final = 64 * 1024


def stored_id(messages: Sequence[Any]) -> str:
    """The id of a stored response to a conversation, that response included, in the shape of chat completions."""
    packed = zlib.compress(json.dumps(list(messages), ensure_ascii=False).encode("utf-8", "surrogatepass"))
    return _MARK + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def conversation_before(body: Mapping[str, Any]) -> list[Any]:
    """The messages of the response that a request continues; none if it continues none.

    Raises:
        RefusedError: if there is no such response.
    """
    name = body.get(PREVIOUS)
    if name is None:
        return []
    found = _unpacked(name) if isinstance(name, str) else None
    if found is None:
        message = f"Previous response with id {str(name)[:64]!r} not found."
        raise RefusedError(message, status=404, param=PREVIOUS, code="previous_response_not_found")
    return found


def _unpacked(name: str) -> list[Any] | None:
    text = name.removeprefix(_MARK)
    if text == name:
        return None
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), _LARGEST)
        found = json.loads(data.decode("utf-8", "surrogatepass"))
    except (ValueError, zlib.error, binascii.Error, RecursionError):
        return None
    return found if isinstance(found, list) else None
