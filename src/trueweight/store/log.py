"""The append-only file of exchanges, and the index that says where the last record of each trial stands.

Durability: each record is handed to the kernel as one whole line before `append` returns, so no crash or ``kill -9`` of
this process loses a completed exchange. The disk is told to keep it (fsync) when the log is closed and not at every
record: an fsync stalls for milliseconds, and they would show up in the times of every stream under way. A power cut can
therefore lose the last seconds, which a resume sends again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from sys import intern
from typing import NamedTuple

from trueweight.core import Exchange, InfrastructureError
from trueweight.store.codec import decode_exchange, encode_exchange, load_line
from trueweight.store.files import disk_error, open_plain, write_all

# What our own encoder writes first: spares parsing whole bodies to build the index.
_HEAD = re.compile(rb'\{"v":1,"trial":"([^"\\]+)","outcome":"([^"\\]+)",')


class Entry(NamedTuple):
    """Where a record stands, and how its trial ended: ``ok`` or a failure kind."""

    offset: int
    length: int
    outcome: str


class ExchangeLog:
    """Reads, and after `start_writing` also appends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = os.fdopen(open_plain(path, os.O_RDONLY), "rb")
        self._writer: int | None = None
        self._end = 0
        self.index: dict[str, Entry] = {}
        try:
            self._scan()
        except BaseException:
            self._reader.close()
            raise

    def _scan(self) -> None:
        for number, line in enumerate(self._reader, start=1):
            if not line.endswith(b"\n"):
                break  # torn: the process died while writing it, so its trial was never complete
            trial, outcome = self._identify(line, number)
            # One string for each trial, however many tables of a run know it.
            self.index[intern(trial)] = Entry(self._end, len(line), intern(outcome))
            self._end += len(line)

    def _identify(self, line: bytes, number: int) -> tuple[str, str]:
        if (head := _HEAD.match(line)) and line.endswith(b"}\n"):
            return head.group(1).decode(), head.group(2).decode()
        value = load_line(line, where=f"{self._path}:{number}")
        failure = value["attempts"][-1].get("failure")
        return value["trial"], failure["kind"] if failure else "ok"

    def start_writing(self) -> None:
        """Open for appending and cut off a torn last line. The caller holds the run's lock."""
        self._writer = open_plain(self._path, os.O_RDWR)
        if os.fstat(self._writer).st_size > self._end:
            os.ftruncate(self._writer, self._end)
        os.lseek(self._writer, self._end, os.SEEK_SET)

    def append(self, exchange: Exchange) -> None:
        """Record an exchange; it replaces an earlier one of the same trial.

        Raises:
            InfrastructureError: if the disk refuses. The file then ends where it ended before.
        """
        if self._writer is None:
            raise InfrastructureError("this run is open for reading only", code="run-read-only", where=str(self._path))
        line = encode_exchange(exchange) + b"\n"
        try:
            write_all(self._writer, line)
        except OSError as error:
            os.ftruncate(self._writer, self._end)
            os.lseek(self._writer, self._end, os.SEEK_SET)
            raise disk_error(self._path, error) from None
        outcome = exchange.failure.kind.value if exchange.failure else "ok"
        self.index[exchange.trial] = Entry(self._end, len(line), outcome)
        self._end += len(line)

    def read(self, entry: Entry) -> Exchange:
        """The exchange that an entry of the index points to."""
        self._reader.seek(entry.offset)
        line = self._reader.read(entry.length)
        return decode_exchange(line, where=f"{self._path} at byte {entry.offset}")

    def exchanges(self) -> Iterator[Exchange]:
        """The last record of every trial, in file order, one in memory at a time."""
        for entry in sorted(self.index.values()):
            yield self.read(entry)

    def close(self) -> None:
        """Make what was written durable and let go of the file."""
        self._reader.close()
        if self._writer is not None:
            os.fsync(self._writer)
            os.close(self._writer)
            self._writer = None
