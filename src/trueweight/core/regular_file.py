"""Opens regular files only. A pipe or a device is refused: opening it may hang, and reading it may never end."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

# A system has only some of these flags.
_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
"""The flag that refuses a link; 0 on Windows, which has none."""


def open_descriptor(path: Path, flags: int) -> int:
    """A file descriptor of a regular file.

    Args:
        flags: as of ``os.open``. Links are followed, unless `NO_LINKS` is among them.

    Raises:
        OSError: as ``os.open``; ``EISDIR`` for a folder, ``EINVAL`` for a pipe, a socket or a device.
    """
    descriptor = os.open(path, flags | _FLAGS, 0o644)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    code, reason = (errno.EISDIR, "it is a folder") if stat.S_ISDIR(mode) else (errno.EINVAL, "not a regular file")
    raise OSError(code, reason, str(path))


def open_regular(path: Path) -> BufferedReader:
    """A file that a user names, open for reading bytes. Links are followed.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    return os.fdopen(open_descriptor(path, os.O_RDONLY), "rb")


def read_regular(path: Path, *, most: int | None = None) -> bytes:
    """The content of a file that a user names. Links are followed.

    Args:
        most: bytes of the largest file that is read.

    Raises:
        OSError: as `open_regular`; ``EFBIG`` for a larger file.
    """
    with open_regular(path) as file:
        data = file.read(-1 if most is None else most + 1)
    if most is not None and len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return data
