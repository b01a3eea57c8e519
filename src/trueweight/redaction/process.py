"""A search for keys in another process.

Some steps of the search are single calls of C code that take up to half a second for a large body, and no other thread
of their process runs meanwhile, the event loop's neither.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import IO, Any, Self

from trueweight.redaction.compressed import CleanBody, clean_body
from trueweight.redaction.search import KeySearch, stars

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from trueweight.redaction.process import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"
)
_NICENESS = 5
"""The event loop runs before the search."""


class SearchProcess:
    """Cleans bodies in another process, which starts with the first body and ends with `close`, or with this one.

    The keys reach that process through a pipe. Where none can be started, or it ends early, this process searches.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._here = KeySearch(keys)
        self._process: subprocess.Popen[bytes] | None = None
        self._using = Lock()

    def clean(self, body: bytes, codings: Sequence[str]) -> CleanBody:
        """As `clean_body`. One body at a time."""
        with self._using:
            try:
                return self._ask(body, codings)
            except (OSError, ValueError, EOFError):
                self._end()
        return clean_body(self._here, body, codings)

    def _ask(self, body: bytes, codings: Sequence[str]) -> CleanBody:
        process = self._process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        _send(process.stdin, list(codings), body)
        (hidden, changed), cleaned = _receive(process.stdout)
        if hidden:
            return CleanBody(stars(len(body)), hidden=True)
        return CleanBody(cleaned if changed else body)

    def _start(self) -> subprocess.Popen[bytes]:
        if not sys.executable:
            raise OSError("this program is not run by a Python that can be started again")
        process = subprocess.Popen(  # noqa: S603 - this Python, and a program that is in this file
            [sys.executable, "-I", "-c", _PROGRAM, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0 if os.name == "posix" else None,  # an interrupt of the terminal is for this process
        )
        assert process.stdin is not None
        _send(process.stdin, list(self._keys), b"")
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            with suppress(OSError):
                process.stdin.close()
            process.kill()
            process.wait()
            process.stdout.close()

    def close(self) -> None:
        """End the process."""
        with self._using:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(source: IO[bytes], sink: IO[bytes]) -> None:
    """Clean the bodies that arrive until the source ends. The first message has the keys."""
    _run_after_others()
    with suppress(OSError, EOFError):
        search = KeySearch(_receive(source)[0])
        while True:
            codings, body = _receive(source)
            found = clean_body(search, body, codings)
            changed = not found.hidden and found.body != body
            _send(sink, [found.hidden, changed], found.body if changed else b"")


def _run_after_others() -> None:
    with suppress(OSError, AttributeError):  # not on every system
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    if os.name == "posix":
        os.nice(_NICENESS)


def _send(sink: IO[bytes], head: list[Any], body: bytes) -> None:
    """Write a message: a line of JSON with its head and the length of its body, and the body."""
    sink.write(json.dumps([head, len(body)]).encode() + b"\n")
    sink.write(body)
    sink.flush()


def _receive(source: IO[bytes]) -> tuple[Any, bytes]:
    """The head and the body of the next message.

    Raises:
        EOFError: if the source ends before.
    """
    line = source.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head, size = json.loads(line)
    if len(body := source.read(size)) < size:
        raise EOFError
    return head, body
