"""Start, identify and end processes; a process id that the system reused for another process is recognised."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """Identifies a process. Its number is not enough, because the system reuses numbers.

    The command line is no part of it: a process that becomes another program (as vLLM's does, once the weights are
    converted) keeps its number and its start.

    Attributes:
        started: when it started, in the system's unit: only good for comparison.
    """

    pid: int
    started: str


Look = Callable[[int], Identity | None]
"""The identity of the process that has this number now; None if there is none, or only its remains."""


def identity_of(pid: int) -> Identity | None:
    """Look at the system: ``/proc`` where there is one, else ``ps``."""
    return _from_proc(pid) if Path("/proc/self/stat").exists() else _from_ps(pid)


def is_running(identity: Identity, look: Look = identity_of) -> bool:
    """Whether this very process still runs."""
    return look(identity.pid) == identity


def end(identity: Identity, *, look: Look = identity_of, patience: float = 10.0) -> bool:
    """End this very process, and say whether there was anything to end.

    Sends SIGTERM, then SIGKILL after ``patience`` seconds; checks the identity before each.
    """
    if not is_running(identity, look):
        _reap(identity.pid)
        return False
    for insistence in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(identity.pid, insistence)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            _reap(identity.pid)
            if not is_running(identity, look):
                return True
            time.sleep(0.05)
    return True


_children: dict[int, subprocess.Popen[bytes]] = {}
"""Those started by this very interpreter, so that it collects their remains when they end before it does."""


def start_detached(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Identity | None:
    """Start a process that outlives us, with its output in a file; None if it is gone already.

    It gets its own session, so that Ctrl-C in this terminal does not end it.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - an engine's command
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            start_new_session=True,
        )
    _children[child.pid] = child
    return identity_of(child.pid)


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def _from_proc(pid: int) -> Identity | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold spaces and parentheses itself; field 3 (state) follows the last one.
    # 22 (start time, in ticks since boot).
    fields = stat.rpartition(")")[2].split()
    if fields[0] in "ZX":
        return None
    return Identity(pid, fields[19])


def _from_ps(pid: int) -> Identity | None:
    done = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - its place differs by system
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    words = done.stdout.split()
    if len(words) < 6 or words[0].startswith("Z"):
        return None
    return Identity(pid, " ".join(words[1:6]))
