"""Judges the exchanges of one run in several processes. Each reads the record itself and sends what it found, in order.

A process is started from the beginning and not forked, so that no thread of this one is in it. It has the checks of the
installed packages; if this process has others, as where a script declared a check, it judges alone.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Protocol

import msgspec

from trueweight.core import TrueweightError
from trueweight.core.steps import rare_garbage_collection, return_large_blocks
from trueweight.store import RunDir, TrialNames
from trueweight.workflow.judge.fingerprint import code_fingerprint
from trueweight.workflow.judge.judged_trial import JudgedTrial, PackedTrial, TrialJudge, pack, unpack
from trueweight.workflow.judge.trial_keys import KEY_SIZE, TrialKeys

VARIABLE: Final = "TRUEWEIGHT_JUDGE_PROCESSES"
"""The environment variable with the number of processes; by default one for each processor."""
LEAST: Final = 1_500
"""Exchanges from which it is worth the second that a process needs to start."""
_BLOCK: Final = 64
"""Exchanges in a row that one process judges."""
_PROGRAM: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from trueweight.workflow.judge.processes import serve; serve(sys.stdin.buffer, sys.stdout.buffer)"
)
_LENGTH: Final = struct.Struct("<I")
_AHEAD: Final = 1024 * 1024
"""Bytes that a process may be ahead of the one that takes its results, where the system lets a pipe hold so many. With
the 64 kB of most, each process waits while the results of the others are taken."""
_AT_ONCE: Final = 64 * 1024
"""Bytes that are written to a pipe, or read from it, at once."""


class JudgePool(Protocol):
    """Judges trials of a run elsewhere: in processes of this machine, or on others."""

    def take(self, trial: str) -> JudgedTrial | None:
        """The judgement of a trial; they are taken in order. None if it could not be judged there."""

    def close(self) -> None:
        """End it. What was not taken is lost."""


PoolMaker = Callable[[RunDir, TrialJudge, Sequence[str]], JudgePool]
"""Makes a pool that judges these trials of a run, in this order."""


class _Task(msgspec.Struct):
    """What a process is to judge."""

    run: str
    without: tuple[str, ...]
    names: bytes
    odd_names: dict[int, str]


def process_number() -> int:
    """How many processes judge a large run."""
    with suppress(ValueError):
        return max(1, int(os.environ.get(VARIABLE, "")))
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class JudgeProcesses:
    """Processes that judge these trials of a run, in this order. `close` ends them."""

    def __init__(self, run: RunDir, judge: TrialJudge, trials: TrialNames, number: int) -> None:
        self._judge = judge
        self._number = number
        self._trials, self._next = trials, 0
        shares = [TrialNames() for _ in range(number)]
        for at, trial in enumerate(trials):
            shares[at // _BLOCK % number].append(trial)
        self._running: list[subprocess.Popen[bytes] | None] = []
        without = tuple(sorted(judge.without))
        with suppress(OSError):
            for share in shares:
                self._running.append(_start(_Task(str(run.path.absolute()), without, bytes(share.data), share.odd)))
        own = (code_fingerprint() or "").encode()
        for place, process in enumerate(self._running):
            if not own or process is None or _receive(process.stdout) != own:
                self._end(place)

    def take(self, trial: str) -> JudgedTrial | None:
        """The judgement of the next trial; None if its process could not judge it, or has ended, or another trial is
        the next one."""
        if self._next >= len(self._trials) or self._trials[self._next] != trial:
            return None
        place = self._next // _BLOCK % self._number
        self._next += 1
        process = self._running[place] if place < len(self._running) else None
        if process is None:
            return None
        data = _receive(process.stdout)
        if data is None:
            self._end(place)
            return None
        with suppress(msgspec.MsgspecError, KeyError):
            packed = PackedTrial(data[:KEY_SIZE].rstrip(b"\0") and data[:KEY_SIZE], data[KEY_SIZE:])
            if packed.data and (found := unpack(packed.data, self._judge)).trial == trial:
                return found._replace(packed=packed)
        return None

    def _end(self, place: int) -> None:
        process = self._running[place]
        self._running[place] = None
        if process is not None:
            process.kill()
            with process:
                pass

    def close(self) -> None:
        """End the processes."""
        for place in range(len(self._running)):
            self._end(place)


def _start(task: _Task) -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise OSError("no interpreter")
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _PROGRAM, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path.cwd(),
        bufsize=_AT_ONCE,
    )
    assert process.stdin is not None and process.stdout is not None
    _enlarge(process.stdout)
    with suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(msgspec.msgpack.encode(task))
    return process


def _enlarge(pipe: IO[bytes]) -> None:
    with suppress(ImportError, AttributeError, OSError):  # Windows and macOS cannot; a system may allow fewer
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AHEAD)


def _receive(pipe: IO[bytes] | None) -> bytes | None:
    """The next message; None at the end."""
    assert pipe is not None
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    data = pipe.read(size)
    return data if len(data) == size else None


def serve(tasks: IO[bytes], results: IO[bytes]) -> None:
    """Judge what is asked for; the program of a process. The first message is the fingerprint of its code."""
    task = msgspec.msgpack.decode(tasks.read(), type=_Task)
    code = code_fingerprint() or ""
    _send(results, code.encode())
    results.flush()
    return_large_blocks()
    with RunDir.open(Path(task.run)) as run, rare_garbage_collection():
        judge = TrialJudge(run.manifest, run.cases(), task.without)
        keys = TrialKeys(run, judge, code)
        for trial in TrialNames(data=task.names, odd=task.odd_names):
            data = b""
            with suppress(TrueweightError, UnicodeEncodeError):  # then the process that asked judges, and reports it
                packed = pack(judge.judge(run.read(trial)))
                data = keys.of(trial).ljust(KEY_SIZE, b"\0") + packed
            _send(results, data)
    results.flush()


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)) + data)
