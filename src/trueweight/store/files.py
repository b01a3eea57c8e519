"""The files of a run directory: their names, and safe access to them. Regular files directly in it; no links."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import suppress
from enum import StrEnum
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path
from typing import Final

from trueweight.core import ConfigError, InfrastructureError, TrueweightError
from trueweight.core.regular_file import NO_LINKS, open_descriptor
from trueweight.redaction import for_people
from trueweight.store.frames import zstd

_DIGEST: Final = 32
"""Bytes of the digest before the content of a cache's file."""
_LARGEST_CACHED: Final = 256 * 1024 * 1024
"""Bytes of the largest data of a cache: a file of a few bytes may decompress to any number of them."""
_MOST_CACHED: Final = 40
"""Files of a folder of a cache; the oldest are deleted first."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RunFile(StrEnum):
    """The files of a run directory. No other module spells their names."""

    MANIFEST = "manifest.json"
    CASES = "cases.jsonl"
    EXCHANGES = "exchanges.jsonl.zst"
    EARLIER_EXCHANGES = "exchanges.jsonl"
    """The exchanges of a run that an earlier version began."""
    LOCK = "run.lock"
    BAR = "bar.toml"
    CLIENT = "client.json"
    PROBE = "probe.json"
    PROBE_EXCHANGES = "probe.jsonl"
    SUMMARY = "summary.json"
    DRIFT = "drift.json"
    LOAD = "load.json"
    LOAD_PAGE = "load.html"
    REPORT = "report.html"
    REPORT_MARKDOWN = "report.md"
    LLM_JUDGED = "judged.json"

    def of(self, directory: Path) -> Path:
        """The path of this file in a run directory."""
        return directory / self.value

    def is_in(self, directory: Path) -> bool:
        """Whether the directory has this file. A directory with a manifest is a run."""
        return self.of(directory).exists()


LLM_JUDGE_RUN: Final = "judge"
"""The folder in a run directory with the run in which an LLM judge was asked about its answers."""


def inside(root: Path, name: str) -> Path:
    """The path of a file of the run.

    Raises:
        ConfigError: ``run-path`` if the name is not a plain file name.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"invalid name {name!r} for a file of a run",
            code="run-path",
            where=str(root),
            hint="Valid: letters, digits, dots, dashes; no folder.",
        )
    return root / name


def open_plain(path: Path, flags: int) -> int:
    """A file descriptor of a regular file.

    Raises:
        ConfigError: ``run-symlink`` if it is a link, a folder, a pipe or a device.
        OSError: as ``os.open``.
    """
    try:
        # Following a link would leave the directory.
        return open_descriptor(path, flags | NO_LINKS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO, errno.EINVAL):
            raise _not_plain(path) from None
        raise


def _not_plain(path: Path) -> ConfigError:
    return ConfigError(
        "not a regular file but a link, a folder, a pipe or a device",
        code="run-symlink",
        where=str(path),
        hint="Valid: a run directory that trueweight wrote, copied as regular files.",
    )


def read_plain(path: Path) -> bytes:
    """The content of a regular file.

    Raises:
        ConfigError: as `open_plain`; ``run-unreadable`` if it cannot be opened.
    """
    with _open_to_read(path) as file:
        return file.read()


def digest_plain(path: Path) -> tuple[int, str]:
    """The number of bytes of a regular file, and their SHA-256 in hexadecimal digits.

    Raises:
        ConfigError: as `read_plain`.
    """
    with _open_to_read(path) as file:
        found = file_digest(file, "sha256").hexdigest()
        return file.tell(), found


def _open_to_read(path: Path) -> BufferedReader:
    try:
        return os.fdopen(open_plain(path, os.O_RDONLY), "rb")
    except OSError as error:
        raise ConfigError(
            f"cannot read it: {error.strerror}",
            code="run-unreadable",
            where=str(path),
            hint="Valid: a directory that `trueweight run --out` wrote.",
        ) from None


def replace_plain(path: Path, data: bytes) -> None:
    """Write a whole file atomically: a reader, or a crash, sees the old content or the new. On disk on return.

    Raises:
        ConfigError: ``run-symlink`` if a device, a pipe or a socket is there; ``run-place`` if nothing can be written.
        InfrastructureError: ``run-disk`` if the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    if is_special(path):
        raise _not_plain(path)
    try:
        descriptor = open_plain(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # rename replaces a link itself, never what it points to.
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise disk_error(path, error) from None


def is_special(path: Path) -> bool:
    """Whether there is a device, a pipe or a socket, itself and not by a link."""
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def write_for_people(path: Path, text: str) -> None:
    """Write a whole file that is made from a recording, without keys, as `replace_plain` does."""
    replace_plain(path, for_people(text).encode("utf-8", "backslashreplace"))


def write_named(path: Path, text: str) -> None:
    """Write text without keys to a file that the user names, which may also be a pipe or a device.

    Raises:
        ConfigError: ``run-place`` if it cannot be written there.
        InfrastructureError: ``run-disk`` if the disk refuses.
    """
    try:
        path.write_text(for_people(text), encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise disk_error(path, error) from None


def read_cached(path: Path) -> bytes | None:
    """The data that `write_cached` wrote there; None if there is no file, if it is a link, or if a byte is wrong."""
    try:
        with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
            data = file.read(_LARGEST_CACHED)
        reader = zstd.ZstdDecompressor()
        whole = reader.decompress(data[_DIGEST:], _LARGEST_CACHED)
    except (ConfigError, OSError, zstd.ZstdError):
        return None
    return whole if reader.eof and sha256(whole).digest() == data[:_DIGEST] else None


def write_cached(path: Path, data: bytes, *, most: int = _MOST_CACHED) -> None:
    """Write a file of a cache, which may be deleted at any time, and delete the oldest files of its folder.

    If the disk refuses, nothing is kept.

    Args:
        most: files that the folder keeps.
    """
    if len(data) > _LARGEST_CACHED:
        return
    with suppress(OSError, ConfigError, InfrastructureError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_plain(path, sha256(data).digest() + zstd.compress(data))
        files = sorted(path.parent.glob("*.zst"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[most:]:
            file.unlink(missing_ok=True)


_TOGETHER = 512 * 1024
"""Bytes that are written by one call."""


def write_all(descriptor: int, *pieces: bytes) -> None:
    """``os.write`` until all is written, small pieces together.

    Raises:
        OSError: as ``os.write``; part of the data may have been written.
    """
    for data in [b"".join(pieces)] if sum(map(len, pieces)) < _TOGETHER else pieces:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]


_NOT_WRITABLE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EEXIST,
        errno.ENAMETOOLONG,
    }
)


def disk_error(path: Path, error: OSError) -> TrueweightError:
    """The error for a disk that failed, or for a directory that cannot be written to."""
    if error.errno in _NOT_WRITABLE:
        return ConfigError(
            f"cannot write there: {error.strerror}",
            code="run-place",
            where=str(path),
            hint="Valid: a directory that you may write to. To judge a run that you may only read, copy it first.",
        )
    return InfrastructureError(
        f"cannot write: {error.strerror or error}",
        code="run-disk",
        where=str(path),
        hint="What is recorded is kept. Free some space and run the same command again to resume.",
    )
