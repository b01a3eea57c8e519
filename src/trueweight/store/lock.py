"""One writer per run directory. The operating system holds the lock, so ``kill -9`` releases it and none goes stale."""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from trueweight.core import ConfigError
from trueweight.store.files import open_plain, write_all

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        # Far behind the description of the holder: on Windows other processes cannot read what a lock covers.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Lock:
    """A held lock. The file stays after release; only the lock of the operating system counts."""

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            ConfigError: ``run-locked`` if another process has it, with its pid, host and start.
        """
        descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
        try:
            _try_lock(descriptor)
        except OSError:
            holder = os.read(descriptor, 4096)
            os.close(descriptor)
            raise ConfigError(
                f"this run is being written by {_describe(holder)}",
                code="run-locked",
                where=str(path.parent),
                hint="Wait for it, stop it, or choose another --out.",
            ) from None
        self._descriptor: int | None = descriptor
        words = {"pid": os.getpid(), "host": socket.gethostname(), "started": datetime.now(UTC).isoformat()}
        os.ftruncate(descriptor, 0)
        write_all(descriptor, json.dumps(words).encode("ascii") + b"\n")

    def release(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _describe(words: bytes) -> str:
    try:
        holder = json.loads(words)
        return f"process {int(holder['pid'])} on {str(holder['host'])[:80]!r}, since {str(holder['started'])[:40]}"
    except (ValueError, KeyError, TypeError):
        return "another process"
