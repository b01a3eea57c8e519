"""Which file of a run directory has the exchanges, and whether a directory has a run already."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from trueweight.core import ConfigError
from trueweight.store.files import RunFile, open_plain

_EXCHANGES: Final = (RunFile.EXCHANGES, RunFile.EARLIER_EXCHANGES)


def refuse_occupied(path: Path) -> None:
    """Refuse a directory with a run. One whose creation was killed has no manifest and no exchange, and is free."""
    manifest = RunFile.MANIFEST.of(path)
    if manifest.is_symlink() or manifest.exists() or any(_has_content(file.of(path)) for file in _EXCHANGES):
        raise ConfigError(
            "this directory already has a run",
            code="run-exists",
            where=str(path),
            hint="Name another directory, or use `trueweight run`: the same command resumes, --fresh starts over.",
        )


def record_file(path: Path) -> Path:
    """The file of a run's exchanges: one that an earlier version began, or a user decompressed, is read and written on.

    Raises:
        ConfigError: ``run-two-records`` if there are exchanges in both files.
    """
    now, earlier = (file.of(path) for file in _EXCHANGES)
    if not (earlier.exists() or earlier.is_symlink()):
        return now
    if (now.exists() or now.is_symlink()) and _has_content(now):
        raise ConfigError(
            f"this directory has {now.name} and {earlier.name}, and a run has one of them",
            code="run-two-records",
            where=str(path),
            hint=f"If you decompressed the record to {earlier.name}, delete that: {now.name} is the record. If an "
            "earlier version wrote it, it is of another run: put it into a directory by itself.",
        )
    return earlier


def has_exchanges(path: Path) -> bool:
    """Whether a directory has a file of exchanges, be it empty."""
    return any(file.is_in(path) for file in _EXCHANGES)


def _has_content(path: Path) -> bool:
    try:
        descriptor = open_plain(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return os.fstat(descriptor).st_size > 0
    finally:
        os.close(descriptor)
