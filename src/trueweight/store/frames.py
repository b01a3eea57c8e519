"""Frames of zstd (RFC 8878) in a file that grows: walked block by block, so that a torn or damaged place is found.

A frame is a header and blocks. Every line that is appended ends a block, so that a line is on disk when its block is,
and a frame that was never closed is closed by one empty last block.
"""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

if sys.version_info >= (3, 14):
    from compression import zstd as zstd  # noqa: PLC0414 - the only place that knows where it is
else:
    from backports import zstd as zstd  # noqa: PLC0414 - the only place that knows where it is

MAGIC: Final = b"\x28\xb5\x2f\xfd"
CLOSE: Final = b"\x01\x00\x00"
"""A last block of no bytes. It closes a frame without a checksum, ours or one that a killed process left open."""
_SKIPPABLE: Final = range(0x184D2A50, 0x184D2A60)
_MOST_OF_BLOCK: Final = 128 * 1024
_AHEAD: Final = 256 * 1024
"""Bytes that are read at once, after the beginning of a frame."""
_FIRST: Final = 1024
"""Bytes that are read of a frame's beginning: a hostile file may have a beginning at every fourth byte."""
_DICTIONARY: Final = (0, 1, 2, 4)
_CONTENT_SIZE: Final = (0, 2, 4, 8)
_RLE, _RESERVED = 1, 3
_OPTIONS: Final[dict[int, int]] = {
    zstd.CompressionParameter.compression_level: 1,
    zstd.CompressionParameter.window_log: 21,
    zstd.CompressionParameter.hash_log: 15,
    zstd.CompressionParameter.checksum_flag: 0,
}
"""Lines are much alike and each is compressed while requests are in progress, so the tables should stay in the
processor's cache. On records of demos and soaks, level 3 with a window of 8 MB makes files 4% larger to 1% smaller,
takes twice the time for a long line, and 6 MB more of memory."""


class TornFrame(Exception):  # noqa: N818 - the end of a file that is still written
    """The file ends in the middle of a header or of a block."""


class DamagedFrame(Exception):  # noqa: N818
    """These bytes are no frame; the message says what is wrong."""


class Header(NamedTuple):
    """A frame's header, with its magic number: its size, and whether a checksum follows the last block."""

    size: int
    checksum: bool


def new_compressor() -> zstd.ZstdCompressor:
    """A compressor for one frame without a checksum, which a line has by itself."""
    return zstd.ZstdCompressor(options=_OPTIONS)


def read_header(data: bytes) -> Header:
    """The header at the beginning of these bytes.

    Raises:
        TornFrame: they end before it does.
        DamagedFrame: they are no header.
    """
    if not data.startswith(MAGIC):
        if MAGIC.startswith(data[:4]) or not data.strip(b"\0"):
            raise TornFrame
        raise DamagedFrame("no frame of zstd begins here")
    if len(data) == len(MAGIC):
        raise TornFrame
    descriptor = data[4]
    if descriptor & 8:
        raise DamagedFrame("a frame's header has a reserved bit")
    single = bool(descriptor & 32)
    content = _CONTENT_SIZE[descriptor >> 6] or single
    size = 5 + (not single) + _DICTIONARY[descriptor & 3] + content
    if len(data) < size:
        raise TornFrame
    return Header(size, bool(descriptor & 4))


class FrameReader:
    """The content of the frame at ``start``, block by block, as far as it is on disk.

    Attributes:
        end: offset in the file after the last block that was read, and after the checksum of a closed frame.
        closed: whether the last block was read.
    """

    def __init__(self, file: io.FileIO, start: int) -> None:
        self._file = file
        self._decompressor = zstd.ZstdDecompressor()
        self._header: Header | None = None
        self._ahead = b""
        self._ahead_at = start
        self._at_once = _FIRST
        self.start = self.end = start
        self.closed = False

    def next_block(self) -> bytes:
        """The content of the next block; b"" at the end of the frame, and for a block without content.

        Raises:
            TornFrame: the file ends before the block does. A later call may find it.
            DamagedFrame: it cannot be decompressed.
        """
        if self.closed:
            return b""
        data = b""
        if self._header is None:
            head = self._at(self.end, 18)
            header = read_header(head)
            data, self._header = head[: header.size], header
        at = self.end + len(data)
        try:
            size, last = self._block(at)
        except TornFrame:
            if data:
                self._header = None
            raise
        whole = data + self._at(at, size, whole=True)
        try:
            content = self._decompressor.decompress(whole)
        except zstd.ZstdError as error:
            raise DamagedFrame(str(error)) from None
        self.closed = last
        self.end = at + size
        return content

    def _block(self, at: int) -> tuple[int, bool]:
        """Bytes of the block at an offset, with its header and a checksum after it; and whether it is the last."""
        head = self._at(at, 3, whole=True)
        value = int.from_bytes(head, "little")
        last, kind, size = bool(value & 1), value >> 1 & 3, value >> 3
        if kind == _RESERVED or size > _MOST_OF_BLOCK:
            raise DamagedFrame("a block of zstd has an invalid header")
        assert self._header is not None
        return 3 + (1 if kind == _RLE else size) + 4 * (last and self._header.checksum), last

    def _at(self, offset: int, size: int, *, whole: bool = False) -> bytes:
        """These bytes of the file; fewer at its end, unless the whole is asked for."""
        found = self._ahead[offset - self._ahead_at : offset - self._ahead_at + size]
        if len(found) < size:
            self._file.seek(offset)
            self._ahead, self._ahead_at = self._file.read(max(size, self._at_once)), offset
            self._at_once = min(_AHEAD, 8 * self._at_once)
            found = self._ahead[:size]
        if whole and len(found) < size:
            raise TornFrame
        return found


def next_frame(file: io.FileIO, offset: int, begins: bytes) -> int | None:
    """The offset, from this one on, of a frame whose content begins so; None if there is none.

    The magic number may also be among the bytes of a damaged frame by chance, so the content decides.
    """
    for found in _places(file, offset):
        try:
            content = FrameReader(file, found).next_block()
        except (TornFrame, DamagedFrame):
            continue
        if content.startswith(begins):
            return found
    return None


def _places(file: io.FileIO, offset: int) -> Iterator[int]:
    """The offsets of the magic number."""
    while True:
        file.seek(offset)
        data = file.read(_AHEAD)
        at = data.find(MAGIC)
        while at >= 0:
            yield offset + at
            at = data.find(MAGIC, at + 1)
        if len(data) < len(MAGIC):
            return
        offset += len(data) - len(MAGIC) + 1


def skippable(file: io.FileIO, offset: int, end: int) -> int:
    """Bytes of a whole frame without content at this offset of a file that ends at ``end``; 0 if there is none.

    Other programs may write such frames.
    """
    file.seek(offset)
    head = file.read(8)
    if len(head) < 8:
        return 0
    magic, size = struct.unpack("<II", head)
    return 8 + size if magic in _SKIPPABLE and offset + 8 + size <= end else 0
