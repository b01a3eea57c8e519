"""The append-only file of exchanges, and the index of the last line of each trial.

Durability: each line is handed to the kernel as a whole before `append` returns, so no crash or ``kill -9`` of this
process loses a completed exchange. fsync is called when the log is closed and not at every line: an fsync stalls for
milliseconds, which would show in the times of every stream in progress. A power cut can therefore lose the last
seconds, which a resume sends again.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from sys import intern
from typing import NamedTuple

from trueweight.core import Exchange, InfrastructureError
from trueweight.store.codec import CORRUPT, decode_exchange, line_pieces, outcome_of, refuse_unusable
from trueweight.store.files import disk_error, open_plain, write_all

# The beginning of a line as our encoder writes it, so that the index is built without parsing whole bodies.
_HEAD = re.compile(rb'\{"v":1,"trial":"([^"\\]+)","outcome":"([^"\\]+)",')


class LinePosition(NamedTuple):
    """Where a line is, in bytes; how its trial ended, ``ok`` or a failure kind; and the line's number, from 1."""

    offset: int
    length: int
    outcome: str
    number: int


class ExchangeLog:
    """Reads, and after `start_writing` also appends."""

    def __init__(self, path: Path) -> None:
        """Open the file and index it.

        Raises:
            OSError: it cannot be opened.
            ConfigError: it is not a regular file.
            InfrastructureError: a line is of an unknown version.
        """
        self._path = path
        self._reader = os.fdopen(open_plain(path, os.O_RDONLY), "rb")
        self._writer: int | None = None
        self._writing = threading.Lock()
        self._end = 0
        self._lines = 0
        self.index: dict[str, LinePosition] = {}
        self.damaged: dict[int, InfrastructureError] = {}
        """By line number. The trial of such a line is not on record."""
        self._dropped: dict[str, int] = {}
        """Trial → number of its damaged line."""
        try:
            self._scan()
        except BaseException:
            self._reader.close()
            raise
        self._verified = bytearray(self._lines)
        """For each line that was there, whether it was read and is of its trial: of 100,000, a set would take 8 MB."""

    def _scan(self) -> None:
        for number, line in enumerate(self._reader, start=1):
            if not line.endswith(b"\n"):
                break  # torn: the process died while writing it, so its trial was never complete
            try:
                trial, outcome = self._identify(line, number)
            except InfrastructureError as error:
                if error.code != CORRUPT:
                    raise
                self.damaged[number] = error
            else:
                # One string object for each trial: several tables of a run hold it.
                self.index[intern(trial)] = LinePosition(self._end, len(line), intern(outcome), number)
            self._end += len(line)
            self._lines = number

    def _identify(self, line: bytes, number: int) -> tuple[str, str]:
        if (head := _HEAD.match(line)) and line.endswith(b"}\n"):
            return head.group(1).decode(), head.group(2).decode()
        exchange = decode_exchange(line, where=f"{self._path}:{number}")
        return exchange.trial, outcome_of(exchange)

    def start_writing(self) -> None:
        """Open for appending and cut off a torn last line. The caller holds the run's lock."""
        self._writer = open_plain(self._path, os.O_RDWR)
        if os.fstat(self._writer).st_size > self._end:
            os.ftruncate(self._writer, self._end)
        os.lseek(self._writer, self._end, os.SEEK_SET)

    def append(self, exchange: Exchange) -> None:
        """Write an exchange; it replaces an earlier one of the same trial. Threads may call it at the same time.

        Raises:
            InfrastructureError: if the disk refuses. The file then ends where it ended before.
        """
        if self._writer is None:
            raise InfrastructureError("this run is open for reading only", code="run-read-only", where=str(self._path))
        pieces = (*line_pieces(exchange), b"\n")
        length = sum(map(len, pieces))
        with self._writing:
            try:
                write_all(self._writer, *pieces)
            except OSError as error:
                os.ftruncate(self._writer, self._end)
                os.lseek(self._writer, self._end, os.SEEK_SET)
                raise disk_error(self._path, error) from None
            self._lines += 1
            if (number := self._dropped.pop(exchange.trial, None)) is not None:
                del self.damaged[number]  # nothing is missing any more
            self.index[exchange.trial] = LinePosition(self._end, length, outcome_of(exchange), self._lines)
            self._end += length

    def read(self, position: LinePosition) -> Exchange:
        """The exchange at a position of the index.

        Raises:
            InfrastructureError: ``run-corrupt`` with the number of the line and the field that is wrong.
        """
        self._reader.seek(position.offset)
        line = self._reader.read(position.length)
        try:
            exchange = decode_exchange(line)
            refuse_unusable(exchange, "")
        except InfrastructureError as error:
            error.where = f"{self._path}:{position.number}"
            if error.code == CORRUPT:
                self.damaged[position.number] = error
            raise
        return exchange

    def leave_out(self, trial: str, reason: str) -> InfrastructureError:
        """Take the line of a trial that fits no case or provider of the run for a damaged one. Returns its error."""
        number = self._drop(trial)
        error = InfrastructureError(
            f"this line is not of this run: {reason}",
            code=CORRUPT,
            where=f"{self._path}:{number}",
            hint="The other lines are judged. Were files of two runs mixed?",
        )
        self.damaged[number] = error
        return error

    def exchanges(self) -> Iterator[Exchange]:
        """The last line of every trial, in file order, one in memory at a time.

        A damaged line is left out, and is in ``damaged`` from then on.
        """
        for trial, position in sorted(self.index.items(), key=lambda item: item[1]):
            try:
                exchange = self.read(position)
            except InfrastructureError as error:
                if error.code != CORRUPT:
                    raise
                self._drop(trial)
            else:
                yield exchange

    def verify(self, trial: str, misfit: Callable[[Exchange], str]) -> None:
        """Take the line of a trial for damaged if it cannot be read, or if ``misfit`` says what is wrong with it."""
        position = self.index[trial]
        self._verified[position.number - 1] = True
        try:
            reason = misfit(self.read(position))
        except InfrastructureError as error:
            if error.code != CORRUPT:
                raise
            self._drop(trial)
        else:
            if reason:
                self.leave_out(trial, reason)

    def is_verified(self, trial: str) -> bool:
        """Whether `verify` has read the line of a trial, or there is none, or it was appended here."""
        position = self.index.get(trial)
        return position is None or position.number > len(self._verified) or bool(self._verified[position.number - 1])

    def _drop(self, trial: str) -> int:
        """Forget the line of a trial. Returns its number."""
        self._dropped[trial] = number = self.index.pop(trial).number
        return number

    def close(self) -> None:
        """Make the file durable and close it."""
        self._reader.close()
        if self._writer is not None:
            os.fsync(self._writer)
            os.close(self._writer)
            self._writer = None
