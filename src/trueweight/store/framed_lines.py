"""Lines in frames of zstd: ``exchanges.jsonl.zst``, which a run writes.

A frame has some megabytes of lines. The body of a request has a line in each frame that needs it, and the exchanges
after it name it by its digest, so that each frame can be read without the others.
"""

from __future__ import annotations

import io
import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from trueweight.core import Exchange
from trueweight.store.decode import read_body
from trueweight.store.encode import body_line, line_pieces
from trueweight.store.files import open_plain, write_all
from trueweight.store.frames import (
    CLOSE,
    DamagedFrame,
    FrameReader,
    TornFrame,
    new_compressor,
    next_frame,
    skippable,
)
from trueweight.store.line_records import BODY_LINE, body_digest
from trueweight.store.lines import (
    Appended,
    ScannedLine,
    StoredLine,
    digest_up_to,
    is_whole,
    open_at,
    with_checksum,
    write_or_undo,
)

_FRAME: Final = 8 * 1024 * 1024
"""Bytes of lines after which a frame is closed. To read one line, the frame is decompressed up to it."""
_LONGEST: Final = 128 * 1024 * 1024
"""Bytes of the longest line that is read: a file of a few bytes may decompress to any number of them. Four times what
three attempts of 8 MB take in base64; earlier versions recorded attempts of up to 64 MB."""
_BYTES_OF_LINE: Final = 16
"""A line takes more bytes of the file than this, however well it is compressed: its id and its times are like no
other's. More lines come from a frame that was made to take memory."""
_FEW_LINES: Final = 1000
"""Lines that a file may have beside those."""
_MOST_OF_FRAME: Final = 1024 * 1024 * 1024
"""Bytes of a frame, which another program may have made of any size; ours have 8 MB, and a line."""
_SHIFT: Final = 44
"""A place is the number of its frame, and in these low bits the offset in the content of the frame."""
_MOST_KEPT: Final = 2 * _FRAME
"""Bytes of one frame that are kept; ours are smaller."""
_FRAMES_KEPT: Final = 2
_LARGE_LINE: Final = 1024 * 1024
"""Bytes of a line that is not kept when it was read: its reply needs the memory."""


class FramedLines:
    """A file of frames."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = os.fdopen(open_plain(path, os.O_RDONLY), "rb", buffering=0)
        self._writer: int | None = None
        self._frames: list[int] = []
        self._kept: OrderedDict[int, _Content] = OrderedDict()
        self._end = 0
        """Offset after the last whole line, or after what cannot be read."""
        self._open = False
        """Whether the frame at the end must be closed before the next one."""
        self._compressor = new_compressor()
        self._written = 0
        self._bodies: set[str] = set()

    def scan(self) -> Iterator[ScannedLine]:
        """As `LineFile.scan`. A damaged place counts as one line."""
        number = 0
        size = os.fstat(self._reader.fileno()).st_size
        while self._end < size:
            if skipped := skippable(self._reader, self._end, size):
                self._end += skipped
                continue
            start = self._end
            self._frames.append(start)
            reader = FrameReader(self._reader, start)
            try:
                for line in self._lines_of(reader, number):
                    number = line.number
                    yield line
            except (TornFrame, DamagedFrame) as error:
                # After the last whole line: a wrong size of a block may have led beyond the next frame's beginning.
                follows = next_frame(self._reader, max(self._end, start + 1), b'{"')
                if follows is None and isinstance(error, TornFrame):
                    return  # the process died while writing, so its trial was never complete
                number += 1
                yield ScannedLine(0, b"", number, str(error) or "a frame of zstd is cut")
                self._end, self._open = size if follows is None else follows, False
            else:
                self._end, self._open = reader.end, False

    def _lines_of(self, reader: FrameReader, number: int) -> Iterator[ScannedLine]:
        """The lines of one frame. ``_end`` follows the last whole one."""
        first = (len(self._frames) - 1) << _SHIFT
        at, parts, length = 0, list[bytes](), 0
        while not reader.closed:
            content = reader.next_block()
            *lines, rest = content.split(b"\n")
            for line in lines:
                data = b"".join((*parts, line, b"\n"))
                number += 1
                if number > _FEW_LINES + reader.end // _BYTES_OF_LINE:
                    raise DamagedFrame("more lines than its bytes can hold")
                spoiled = data.startswith(BODY_LINE) and not is_whole(data)  # of an exchange, reading it tells
                yield ScannedLine(first + at, data, number, "a wrong checksum" if spoiled else "")
                at += len(data)
                parts, length = [], 0
            if rest:
                parts.append(rest)
                length += len(rest)
            if length > _LONGEST:
                raise DamagedFrame(f"a line of more than {_LONGEST:,} bytes")
            if at + length > _MOST_OF_FRAME:
                raise DamagedFrame(f"a frame of more than {_MOST_OF_FRAME:,} bytes")
            if not parts and at:
                self._end, self._open = reader.end, True
        if parts:
            raise DamagedFrame("a frame ends in the middle of a line")

    def read(self, at: int, length: int) -> StoredLine | None:
        """As `LineFile.read`."""
        frame, offset = at >> _SHIFT, at & ((1 << _SHIFT) - 1)
        content = self._kept.get(frame)
        if content is None:
            if next(reversed(self._kept), None) == frame - 1:
                del self._kept[frame - 1]  # the record is read in order, so that frame is done with
            content = self._kept[frame] = _Content(self._reader, self._frames[frame])
            if len(self._kept) > _FRAMES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(frame)
        try:
            data = content.read(offset, length)
        except (TornFrame, DamagedFrame):
            return None
        return StoredLine(data, content.bodies) if is_whole(data) else None

    def start_writing(self) -> None:
        """As `LineFile.start_writing`."""
        self._writer = open_at(self._path, self._end)

    def append(self, exchange: Exchange) -> Appended:
        """As `LineFile.append`."""
        digest = body_digest(exchange.request.body)
        fresh = self._written == 0 or digest not in self._bodies
        pieces = with_checksum(line_pieces(exchange, body_sha256=digest))
        body = b"".join(with_checksum(iter((body_line(digest, exchange.request.body),)))) if fresh else b""
        begun = [] if self._written else [CLOSE if self._open else b""]
        data = [*begun, *self._compress(body, pieces)]
        assert self._writer is not None
        try:
            write_or_undo(self._path, self._writer, self._end, data)
        except BaseException:
            self._begin()  # the compressor has seen what the file has not, so this frame is over
            self._kept.clear()
            raise
        if not self._written:
            self._kept.clear()  # a resume has read what it verifies; a frame takes up to 24 MB of memory
            self._frames.append(self._end + len(begun[0]))
        place = (len(self._frames) - 1) << _SHIFT
        length = sum(map(len, pieces))
        appended = Appended(place + self._written + len(body), length, 2 if fresh else 1)
        self._end += sum(map(len, data))
        self._open = True
        self._bodies.add(digest)
        self._written += len(body) + length
        if self._written >= _FRAME:
            self._begin()
        return appended

    def _compress(self, body: bytes, pieces: Sequence[bytes]) -> Iterator[bytes]:
        compressor = self._compressor
        if body:
            yield compressor.compress(body, compressor.FLUSH_BLOCK)
        *first, last = pieces if len(pieces) > 2 else (b"".join(pieces),)
        for piece in first:
            yield compressor.compress(piece)
        yield compressor.compress(last, compressor.FLUSH_BLOCK)

    def _begin(self) -> None:
        """Let the next line begin a frame. The one before is closed then, or when the file is."""
        self._compressor = new_compressor()
        self._written = 0
        self._bodies = set()

    def digest(self) -> str:
        """As `LineFile.digest`. With the end of an open frame, which is written when the file is closed: the digest of
        a run is the same before and after, and what was judged of it is found again."""
        return digest_up_to(self._reader, self._end, CLOSE if self._open else b"")

    def close(self) -> None:
        """As `LineFile.close`."""
        self._reader.close()
        if self._writer is not None:
            if self._open:
                with suppress(OSError):  # a full disk; the frame is whole without it
                    write_all(self._writer, CLOSE)
            os.fsync(self._writer)
            os.close(self._writer)
            self._writer = None


class _Content:
    """The content of a frame, as far as it was asked for, and the lines of request bodies in it."""

    def __init__(self, file: io.FileIO, start: int) -> None:
        self._file, self._start = file, start
        self._restart()

    def _restart(self) -> None:
        self._reader = FrameReader(self._file, self._start)
        self._base = 0
        self._buffer = bytearray()
        self._searched = 0
        self.bodies: dict[str, str] = {}

    def read(self, offset: int, length: int) -> bytes:
        """These bytes of the content.

        Raises:
            TornFrame, DamagedFrame: if they are not there.
        """
        if offset < self._base:
            self._restart()
        while self._base + len(self._buffer) < offset + length:
            if self._reader.closed:
                raise TornFrame
            self._buffer += self._reader.next_block()
            if len(self._buffer) > _MOST_KEPT and self._base + len(self._buffer) < offset + length:
                self._find_bodies()
                self._drop(min(self._searched, offset - self._base))
        self._find_bodies()
        start = offset - self._base
        with memoryview(self._buffer) as view:
            found = bytes(view[start : start + length])
        if length > _LARGE_LINE or len(self._buffer) > _MOST_KEPT:
            self._drop(min(self._searched, start + length))  # the next line that is asked for follows it
        return found

    def _drop(self, size: int) -> None:
        """Forget the first bytes: of a frame of any size, which another program may have made, only a part is kept."""
        if size > 0:
            del self._buffer[:size]
            self._base += size
            self._searched -= size

    def _find_bodies(self) -> None:
        """Read the bodies in the lines that are whole. A damaged one is left out: who names it is damaged too."""
        limit = self._buffer.rfind(b"\n", self._searched) + 1
        at = self._searched
        while at < limit and (at := self._buffer.find(BODY_LINE, at, limit)) >= 0:
            end = self._buffer.index(b"\n", at)
            if at == 0 or self._buffer[at - 1 : at] == b"\n":
                found = read_body(bytes(self._buffer[at:end]))
                self.bodies.update(() if found is None else (found,))
            at = end
        self._searched = max(limit, self._searched)
