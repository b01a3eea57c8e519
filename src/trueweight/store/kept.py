"""Files of a cache, which may be deleted at any time. One with a wrong byte is as good as absent."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from trueweight.core import ConfigError, InfrastructureError
from trueweight.store.files import read_plain, replace_plain
from trueweight.store.frames import zstd

_DIGEST: Final = 32
_MOST_FILES: Final = 40
"""Files of a folder; the oldest go first."""


def read_kept(path: Path) -> bytes | None:
    """What `write_kept` wrote there; None if there is nothing, if it is a link, or if a byte of it is wrong."""
    try:
        data = read_plain(path)
        whole = zstd.decompress(data[_DIGEST:])
    except (ConfigError, zstd.ZstdError):
        return None
    return whole if sha256(whole).digest() == data[:_DIGEST] else None


def write_kept(path: Path, data: bytes) -> None:
    """Write a file of a cache, and delete the oldest of its folder. If the disk refuses, nothing is kept."""
    with suppress(OSError, ConfigError, InfrastructureError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_plain(path, sha256(data).digest() + zstd.compress(data))
        files = sorted(path.parent.glob("*.zst"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[_MOST_FILES:]:
            file.unlink(missing_ok=True)
