"""Writes and reads the bytes of ``summary.json``: format 2, and format 1 as format 2."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from trueweight.core.summary import Summary
from trueweight.core.summary_format_1 import FORMAT_1, upgrade

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_DECODER: Final = msgspec.json.Decoder(Summary)
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")


def encode_summary(summary: Summary) -> bytes:
    """The bytes of ``summary.json``: sorted keys, ASCII, one newline at the end.

    ASCII only, because what a provider wrote must not reach a terminal through ``cat``.
    """
    try:
        data = _ENCODER.encode(summary)
    except UnicodeEncodeError:  # half of a surrogate pair, which a reply may contain and UTF-8 cannot
        data = _ENCODER.encode(well_formed(msgspec.to_builtins(summary)))
    if not data.isascii():
        data = _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], data.decode()).encode("ascii")
    return data + b"\n"


def summary_lines(summary: Summary) -> str:
    """The same JSON with indentation, one value per line, for reading and for ``diff``."""
    return msgspec.json.format(encode_summary(summary), indent=2).decode("ascii") + "\n"


def decode_summary(data: bytes | str) -> Summary:
    """The summary in the bytes of ``summary.json``, of format 2 or of format 1.

    U+FFFD takes the place of each half of a surrogate pair.

    Raises:
        msgspec.ValidationError: if it is JSON but not a summary.
        ValueError: if it is not JSON.
    """
    try:
        if msgspec.json.decode(data, type=_Head).format != FORMAT_1:
            return _DECODER.decode(data)
        value = msgspec.json.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # it may contain the escape of half a surrogate pair, which only json.loads reads
        value = well_formed(json.loads(data, parse_constant=_refuse_constant))
    is_format_1 = isinstance(value, dict) and value.get("format") == FORMAT_1
    return msgspec.convert(upgrade(value) if is_format_1 else value, Summary)


def as_read(summary: Summary) -> Summary:
    """The summary as `decode_summary` reads it from its own bytes: what is judged now and what is read are equal, down
    to the type of each number."""
    return decode_summary(encode_summary(summary))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class _Head(msgspec.Struct):
    format: str


def well_formed(value: Any) -> Any:
    """The JSON value with U+FFFD in place of each half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {well_formed(key): well_formed(item) for key, item in value.items()}
    return [well_formed(item) for item in value] if isinstance(value, list | tuple) else value
