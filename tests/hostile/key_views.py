"""Finds a key in whatever was written, by other means than trueweight: the standard library undoes each layer."""

from __future__ import annotations

import base64
import binascii
import bz2
import contextlib
import html
import json
import lzma
import quopri
import re
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

LONGEST = 12
_CODE = re.compile(r"(?:\\+(?:u|x)|%u)(?:\{0*|00)?([2-7][0-9a-fA-F])\}?")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){12,}")


def shown_parts(text: str, keys: list[str]) -> set[str]:
    """The parts of twelve characters of the keys that any view of the text shows, in any letter case."""
    parts = {key.lower()[at : at + LONGEST] for key in keys for at in range(len(key) - LONGEST + 1)}
    return {part for view in views(text) for part in parts if part in view}


def views(text: str) -> Iterator[str]:
    """The text, what is encoded in it, and what a reader joins, each without escapes, in lower case."""
    for one in {text, *joined(text), *_unpacked(text)}:
        plain = one
        for _ in range(7):
            yield plain.lower()
            yield re.sub(r"<[^>]*>|[\s│|*`]+", "", plain).lower()  # as a browser or a terminal shows it
            if (inner := _unescaped(plain)) == plain:
                break
            plain = inner


def _unescaped(text: str) -> str:
    text = _CODE.sub(lambda hit: chr(int(hit[1], 16)), text)
    text = re.sub(r"\\+([\"'/_*<>|~`.+-])", r"\1", text)
    text = html.unescape(unquote(text))
    if re.search("=[2-7][0-9A-Fa-f]", text):
        text = quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    return text


def joined(text: str) -> Iterator[str]:
    """The strings of JSON, of each line of it or of each event, joined by their name, and all of them."""
    documents = [_json(text)]
    if documents == [None]:
        blocks = re.split(r"\n\s*\n|\n(?=\{)", text.replace("\r", ""))
        documents = [_json(re.sub(r"^data: ?", "", block, flags=re.MULTILINE)) for block in blocks]
    by_name: dict[str, list[str]] = {}
    for document in documents:
        _collect("", document, by_name)
    for strings in by_name.values():
        yield "".join(strings)
        yield "".join(one for one in strings if one)
        for one in strings:
            if len(one) > 40 and one != text and one[:1] in "{d:e":
                yield from joined(one)
            yield from _unpacked(one)


def _json(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _collect(name: str, value: Any, out: dict[str, list[str]]) -> None:
    if isinstance(value, str):
        out.setdefault(name, []).append(value)
    elif isinstance(value, list):
        for inner in value:
            _collect(name, inner, out)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _collect(key, inner, out)


def _unpacked(text: str) -> Iterator[str]:
    """What is in base64, in hexadecimal, and compressed in either."""
    for hit in _BASE64.finditer(text):
        digits = hit[0].rstrip("=").replace("-", "+").replace("_", "/")
        for skip in range(4):
            part = digits[skip:]
            data = base64.b64decode(part[: len(part) // 4 * 4])
            yield data.decode("latin-1")
            if skip == 0:
                yield from _inflated(
                    base64.b64decode(digits + "=" * (-len(digits) % 4)) if len(digits) % 4 != 1 else b""
                )
    for hit in _HEX.finditer(text):
        for skip in range(2):
            digits = hit[0][skip:]
            yield binascii.unhexlify(digits[: len(digits) // 2 * 2]).decode("latin-1")


def _inflated(data: bytes, depth: int = 3) -> Iterator[str]:
    if not depth:
        return
    for unpack in (bz2.decompress, lzma.decompress):
        with contextlib.suppress(OSError, lzma.LZMAError, EOFError):
            yield from joined(unpack(data).decode("latin-1"))
    for window in (47, -15):
        try:
            inner = zlib.decompressobj(window).decompress(data)
        except zlib.error:
            continue
        if inner:
            yield inner.decode("latin-1")
            yield from joined(inner.decode("latin-1"))
            yield from _inflated(inner, depth - 1)
