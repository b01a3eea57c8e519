"""The rows of a file of JSON, however it is packed: a line each, the elements of a list, or one document."""

from __future__ import annotations

import bz2
import errno
import gzip
import json
import lzma
import re
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any, Final

from trueweight.core import ConfigError
from trueweight.core.regular_file import open_regular

MAX_LINE_BYTES: Final = 32 * 1024 * 1024
TOO_LONG: Final = f"longer than {MAX_LINE_BYTES // 2**20} MiB; nothing after it was read"
_MOST_BYTES: Final = 2**30
"""Largest list or document that is read at once, unpacked."""
_VALUE, _MOST_MEMORY = 100, 2**32
"""Bytes of memory that a value takes at most, by estimate, and those of a document that is read at once."""
_BOM: Final = b"\xef\xbb\xbf"
_PEEKED: Final = 64
_LAST_COMMA: Final = re.compile(rb",\s*\]\s*\Z")
_ROWS: Final = ("data", "rows", "items", "results", "requests", "cases")
"""Keys under which a file of one document has its rows."""
_PACKED: Final = {
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -d"),
    b"PK\x03\x04": ("a zip archive", "unzip"),
    b"PAR1": ("a Parquet table", "convert it to JSON lines"),
    b"\xff\xfe": ("UTF-16", "iconv -f UTF-16 -t UTF-8"),
    b"\xfe\xff": ("UTF-16", "iconv -f UTF-16 -t UTF-8"),
}
"""How files begin that are not read: what they are, and what makes them readable."""


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The rows of a file that are not blank, with their numbers from 1, without a byte order mark.

    A row is a line. In a file that is one JSON list, or one document over several lines, it is an element of the list,
    and its number is its place. gzip, bzip2 and xz are unpacked. A line of more than ``MAX_LINE_BYTES`` is cut one byte
    after the limit, and is the last one: what follows would be split where the file has no line break.

    Raises:
        OSError: if the file cannot be read, or what is packed is damaged.
        ConfigError: ``file-form`` for a file in another form, with what makes it readable.
    """
    try:
        yield from _rows(path)
    except (EOFError, lzma.LZMAError, zlib.error) as error:
        raise OSError(errno.EIO, f"the packed file is damaged: {error}") from None


def _rows(path: Path) -> Iterator[tuple[int, bytes]]:
    with _opened(path) as file:
        first = file.read(_PEEKED)
        for start, (form, cure) in _PACKED.items():
            if first.startswith(start):
                hint = f"Valid: JSON lines in UTF-8, plain or packed by gzip, bzip2 or xz. To convert it: {cure}."
                raise ConfigError(f"the file is {form}", code="file-form", where=str(path), hint=hint)
        file.seek(0)
        text = first.removeprefix(_BOM).lstrip()
        rows = _document(file) if text[:1] == b"[" or text.split(b"\n")[0].strip() == b"{" else None
        if rows is not None:
            yield from ((at, json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass")) for at, row in rows)
            return
        file.seek(0)
        yield from _lines(file)


def _opened(path: Path) -> BufferedIOBase:
    with open_regular(path) as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(path)
    if start.startswith(b"BZh"):
        return bz2.open(path)
    return lzma.open(path) if start.startswith(b"\xfd7zXZ\x00") else open_regular(path)


def _lines(file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
        text = raw.removeprefix(_BOM) if number == 1 else raw
        too_long = len(raw) > MAX_LINE_BYTES
        if too_long or text.strip():
            yield number, raw if too_long else text
        if too_long:
            return


def not_json(error: json.JSONDecodeError) -> str:
    """Why a line is not JSON, and at which column, in words."""
    return f"not JSON: {error.msg.removesuffix(' at')} at column {error.colno}"


def is_heavy(text: str | bytes) -> bool:
    """Whether a JSON text has more values than are held in memory at once, as a small packed file may have."""
    values = sum(map(text.count, ",{[")) if isinstance(text, str) else sum(map(text.count, (b",", b"{", b"[")))
    return len(text) + _VALUE * values > _MOST_MEMORY


def _document(file: BufferedIOBase) -> list[tuple[int, Any]] | None:
    """The rows of a file that is one JSON value; None if it is not, or is too large."""
    data = file.read(_MOST_BYTES + 1).removeprefix(_BOM)
    if len(data) > _MOST_BYTES or is_heavy(data):
        return None
    for text in (data, _LAST_COMMA.sub(b"]", data)):
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            listed = next((value[name] for name in _ROWS if isinstance(value.get(name), list)), [value])
        else:
            listed = value if isinstance(value, list) else [value]
        return list(enumerate(listed, start=1))
    return None
