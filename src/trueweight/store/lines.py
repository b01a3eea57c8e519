"""The lines of a recording: where each is, its checksum, and how it is read again and appended.

Two kinds of file hold lines. A run writes ``exchanges.jsonl.zst``: `trueweight.store.framed_lines`. Earlier versions
wrote ``exchanges.jsonl``, and it is what ``zstdcat`` makes: `PlainLines`. A run that has one goes on in it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple, Protocol
from zlib import crc32

from trueweight.core import Exchange
from trueweight.store.decode import read_body
from trueweight.store.encode import line_pieces
from trueweight.store.files import disk_error, open_plain, write_all
from trueweight.store.line_records import BODY_LINE

_CRC = re.compile(rb',"crc32":"([0-9a-f]{8})"\}\n?$')


class ScannedLine(NamedTuple):
    """A line with its place and its number, from 1. ``problem`` says why there is none; then the place has nothing."""

    at: int
    data: bytes
    number: int
    problem: str = ""


class StoredLine(NamedTuple):
    """A line as it is stored, and the bodies of requests in the lines before it, by digest."""

    data: bytes
    bodies: Mapping[str, str] = MappingProxyType({})


class Appended(NamedTuple):
    """Where a line was written, its bytes, and how many lines were written with it."""

    at: int
    length: int
    lines: int


class LineFile(Protocol):
    """A file of lines; not for several threads at once."""

    def scan(self) -> Iterator[ScannedLine]:
        """Every whole line, from the first. What follows the last whole line is torn, and is no line."""

    def read(self, at: int, length: int) -> StoredLine | None:
        """The line at a place; None if it is not there any more, or its checksum is wrong."""

    def start_writing(self) -> None:
        """Open for appending, and cut off what is torn."""

    def append(self, exchange: Exchange) -> Appended:
        """Write an exchange. If the disk refuses, the file ends where it ended before.

        Raises:
            TrueweightError: if the disk refuses.
        """

    def digest(self) -> str:
        """SHA-256 of the file up to the last line that was read or written."""

    def close(self) -> None:
        """Make the file durable and close it."""


class _BodiesInFile(Mapping[str, str]):
    """The bodies of requests in a plain file, by digest. Each is read when it is asked for; the last one is kept."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._at: dict[str, int] = {}
        self._last = ("", "")

    def add(self, line: bytes, at: int) -> None:
        """Note where a body is. The digest follows `BODY_LINE`; the body is compared with it when it is read."""
        self._at[line[len(BODY_LINE) :].split(b'"', 1)[0].decode("ascii", "replace")] = at

    def __getitem__(self, digest: str) -> str:
        if digest != self._last[0]:
            self._file.seek(self._at[digest])
            found = read_body(self._file.readline())
            if found is None or found[0] != digest:
                raise KeyError(digest)
            self._last = found
        return self._last[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


class PlainLines:
    """One line after the other: the file of earlier versions, and a record that was decompressed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = os.fdopen(open_plain(path, os.O_RDONLY), "rb")
        self._writer: int | None = None
        self._end = 0
        self._bodies = _BodiesInFile(self._reader)

    def scan(self) -> Iterator[ScannedLine]:
        """As `LineFile.scan`."""
        for number, line in enumerate(self._reader, start=1):
            if not line.endswith(b"\n"):
                return
            spoiled = False
            if line.startswith(BODY_LINE):
                spoiled = not is_whole(line)
                if not spoiled:
                    self._bodies.add(line, self._end)
            yield ScannedLine(self._end, line, number, "a wrong checksum" if spoiled else "")
            self._end += len(line)

    def read(self, at: int, length: int) -> StoredLine | None:
        """As `LineFile.read`."""
        self._reader.seek(at)
        data = self._reader.read(length)
        return StoredLine(data, self._bodies) if is_whole(data) else None

    def start_writing(self) -> None:
        """As `LineFile.start_writing`."""
        self._writer = open_at(self._path, self._end)

    def append(self, exchange: Exchange) -> Appended:
        """As `LineFile.append`."""
        pieces = (*line_pieces(exchange), b"\n")
        assert self._writer is not None
        write_or_undo(self._path, self._writer, self._end, pieces)
        appended = Appended(self._end, sum(map(len, pieces)), 1)
        self._end += appended.length
        return appended

    def digest(self) -> str:
        """As `LineFile.digest`."""
        return digest_up_to(self._reader, self._end)

    def close(self) -> None:
        """As `LineFile.close`."""
        self._reader.close()
        if self._writer is not None:
            os.fsync(self._writer)
            os.close(self._writer)
            self._writer = None


def open_at(path: Path, end: int) -> int:
    """A descriptor of a file for appending at ``end``. What follows is cut off: it is torn."""
    writer = open_plain(path, os.O_RDWR)
    if os.fstat(writer).st_size > end:
        os.ftruncate(writer, end)
    os.lseek(writer, end, os.SEEK_SET)
    return writer


def digest_up_to(file: IO[bytes], end: int, more: bytes = b"") -> str:
    """The SHA-256 of the first bytes of a file and of ``more`` after them, in hexadecimal digits."""
    found = sha256()
    file.seek(0)
    while end > 0 and (data := file.read(min(end, 1 << 20))):
        found.update(data)
        end -= len(data)
    found.update(more)
    return found.hexdigest()


def with_checksum(pieces: Iterator[bytes]) -> tuple[bytes, ...]:
    """A line with the CRC-32 of what is before it as its last member, and its newline."""
    found = list(pieces)
    found[-1] = found[-1][:-1]
    checksum = 0
    for piece in found:
        checksum = crc32(piece, checksum)
    return (*found, b',"crc32":"%08x"}\n' % checksum)


def is_whole(line: bytes) -> bool:
    """Whether a line has its checksum, or none, as where another program wrote it."""
    found = _CRC.search(line, max(0, len(line) - 32))
    return found is None or crc32(memoryview(line)[: found.start()]) == int(found[1], 16)


def write_or_undo(path: Path, writer: int, end: int, pieces: Sequence[bytes]) -> None:
    """Write pieces at the end of a file.

    Raises:
        TrueweightError: if the disk refuses. The file then ends where it ended before.
    """
    try:
        write_all(writer, *pieces)
    except OSError as error:
        os.ftruncate(writer, end)
        os.lseek(writer, end, os.SEEK_SET)
        raise disk_error(path, error) from None
