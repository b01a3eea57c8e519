"""The append-only file of exchanges, and the index of the last line of each trial.

Durability: each line is handed to the kernel as a whole before `append` returns, so no crash or ``kill -9`` of this
process loses a completed exchange. fsync is called when the log is closed and not at every line: an fsync stalls for
milliseconds, which would show in the times of every stream in progress. A power cut can therefore lose the last
seconds, which a resume sends again.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from sys import intern
from typing import Final

from trueweight.core import Exchange, InfrastructureError
from trueweight.store.decode import CORRUPT, decode_exchange, refuse_unusable
from trueweight.store.framed_lines import FramedLines
from trueweight.store.line_records import BODY_LINE, outcome_of
from trueweight.store.lines import LineFile, PlainLines, ScannedLine, StoredLine
from trueweight.store.trial_index import TrialIndex

# The beginning of a line as our encoder writes it, so that the index is built without parsing whole bodies.
_HEAD = re.compile(rb'\{"v":[12],"trial":"([^"\\]+)","outcome":"([^"\\]+)",')


COMPRESSED: Final = ".zst"
_MOST_DAMAGED: Final = 10_000
"""Damaged lines that are kept when a file is opened: a hostile one may have millions."""


class _LineTable:
    """Where each line of an exchange is, its length in bytes, and how its trial ended, ``ok`` or a failure kind; by its
    number, from 1. Columns, because a run may have 100,000 lines, and an object for each would take 13 MB more."""

    def __init__(self) -> None:
        self.at, self.length = array("q"), array("q")
        self.outcome: list[str] = []

    def add(self, number: int, at: int, length: int, outcome: str) -> None:
        """Add a line; numbers in between are of other lines."""
        others = number - 1 - len(self.outcome)
        self.at.extend((*(0,) * others, at))
        self.length.extend((*(0,) * others, length))
        self.outcome += (*("",) * others, intern(outcome))


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
        self._file: LineFile = FramedLines(path) if path.suffix == COMPRESSED else PlainLines(path)
        self._writing = threading.Lock()
        self._reads_only = True
        self._lines = 0
        self._table = _LineTable()
        self.index = TrialIndex()
        """Trial → number of its last line."""
        self.damaged: dict[int, InfrastructureError] = {}
        """By line number, the first 10,000. The trial of such a line is not on record."""
        self._dropped: dict[str, int] = {}
        """Trial → number of its damaged line."""
        try:
            self._scan()
        except BaseException:
            self._file.close()
            raise
        self._verified = bytearray(self._lines)
        """For each line that was there, whether it was read and is of its trial: of 100,000, a set would take 8 MB."""

    def _scan(self) -> None:
        for line in self._file.scan():
            self._lines = line.number
            if line.data.startswith(BODY_LINE) and not line.problem:
                continue
            try:
                trial, outcome = self._identify(line)
            except InfrastructureError as error:
                if error.code != CORRUPT:
                    raise
                if len(self.damaged) < _MOST_DAMAGED:
                    self.damaged[line.number] = error
            else:
                self.index[trial] = line.number
                self._table.add(line.number, line.at, len(line.data), outcome)

    def _identify(self, line: ScannedLine) -> tuple[str, str]:
        where = f"{self._path}:{line.number}"
        if line.problem:
            raise _unreadable(where, line.problem)
        if (head := _HEAD.match(line.data)) and line.data.endswith(b"}\n"):
            return head.group(1).decode(), head.group(2).decode()
        exchange = decode_exchange(line.data, where=where)
        return exchange.trial, outcome_of(exchange)

    def start_writing(self) -> None:
        """Open for appending and cut off a torn last line. The caller holds the run's lock."""
        self._file.start_writing()
        self._reads_only = False

    def append(self, exchange: Exchange) -> None:
        """Write an exchange; it replaces an earlier one of the same trial. Threads may call it at the same time.

        Raises:
            InfrastructureError: if the disk refuses. The file then ends where it ended before.
        """
        if self._reads_only:
            raise InfrastructureError("this run is open for reading only", code="run-read-only", where=str(self._path))
        with self._writing:
            at, length, lines = self._file.append(exchange)
            self._lines += lines
            if (number := self._dropped.pop(exchange.trial, None)) is not None:
                del self.damaged[number]  # nothing is missing any more
            self._table.add(self._lines, at, length, outcome_of(exchange))
            self.index[exchange.trial] = self._lines

    def outcome(self, trial: str) -> str:
        """How a trial of the index ended: ``ok`` or a failure kind."""
        return self._table.outcome[self.index[trial] - 1]

    def read(self, trial: str) -> Exchange:
        """The exchange of a trial of the index.

        Raises:
            InfrastructureError: ``run-corrupt`` with the number of the line and the field that is wrong.
        """
        number = self.index[trial]
        where = f"{self._path}:{number}"
        line = self._line(number)
        try:
            if line is None:
                raise _unreadable(where, "its checksum is not that of its bytes, or they cannot be decompressed")
            exchange = decode_exchange(line.data, bodies=line.bodies)
            refuse_unusable(exchange, "")
        except InfrastructureError as error:
            error.where = where
            if error.code == CORRUPT:
                self.damaged[number] = error
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
        for trial in self.index:
            exchange = self.read_if_whole(trial)
            if exchange is not None:
                yield exchange

    def read_if_whole(self, trial: str) -> Exchange | None:
        """The exchange of a trial of the index; None if its line is damaged: the trial is then not on record."""
        try:
            return self.read(trial)
        except InfrastructureError as error:
            if error.code != CORRUPT:
                raise
            self._drop(trial)
            return None

    def line_of(self, trial: str) -> bytes | None:
        """The line of a trial as it is stored; None if it cannot be read."""
        number = self.index.get(trial, 0)
        line = self._line(number) if number else None
        return None if line is None else line.data

    def _line(self, number: int) -> StoredLine | None:
        return self._file.read(self._table.at[number - 1], self._table.length[number - 1])

    def digest(self) -> str:
        """SHA-256 of the file as far as it was read or written: what others append meanwhile is not in it."""
        return self._file.digest()

    def verify(self, trial: str, misfit: Callable[[Exchange], str]) -> None:
        """Take the line of a trial for damaged if it cannot be read, or if ``misfit`` says what is wrong with it."""
        self._verified[self.index[trial] - 1] = True
        try:
            reason = misfit(self.read(trial))
        except InfrastructureError as error:
            if error.code != CORRUPT:
                raise
            self._drop(trial)
        else:
            if reason:
                self.leave_out(trial, reason)

    def is_verified(self, trial: str) -> bool:
        """Whether `verify` has read the line of a trial, or there is none, or it was appended here."""
        number = self.index.get(trial)
        return number is None or number > len(self._verified) or bool(self._verified[number - 1])

    def _drop(self, trial: str) -> int:
        """Forget the line of a trial. Returns its number."""
        self._dropped[trial] = number = self.index.pop(trial)
        return number

    def close(self) -> None:
        """Make the file durable and close it."""
        self._reads_only = True
        self._file.close()


def _unreadable(where: str, problem: str) -> InfrastructureError:
    return InfrastructureError(
        f"this part of the record cannot be read: {problem}",
        code=CORRUPT,
        where=where,
        hint="The other lines are judged, and a resume sends what is missing again.",
    )
