"""A file of the cache that is damaged, planted or too large is not found, and does no harm."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from trueweight.store import files
from trueweight.store.files import read_cached, write_cached
from trueweight.store.frames import zstd


def test_what_was_written_is_found(tmp_path: Path) -> None:
    """The file of `write_cached`; not if a byte of it is another one, wherever."""
    path = tmp_path / "a.zst"
    write_cached(path, b"data" * 99)
    assert read_cached(path) == b"data" * 99
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read_cached(path) in (None, b"data" * 99)
        path.write_bytes(whole[:at])
        assert read_cached(path) is None


def test_a_planted_file_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bomb with its right digest, a file of a terabyte, a link, a pipe and a folder."""
    monkeypatch.setattr(files, "_LARGEST_CACHED", 1000)
    bomb = b"0" * 10**7
    path = tmp_path / "bomb.zst"
    path.write_bytes(sha256(bomb).digest() + zstd.compress(bomb))
    assert read_cached(path) is None
    huge = tmp_path / "huge.zst"
    with huge.open("wb") as file:
        file.truncate(2**40)
    assert read_cached(huge) is None
    (tmp_path / "link.zst").symlink_to("/dev/zero")
    assert read_cached(tmp_path / "link.zst") is None
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.zst")
        assert read_cached(tmp_path / "pipe.zst") is None
    (tmp_path / "folder.zst").mkdir()
    assert read_cached(tmp_path / "folder.zst") is None


def test_data_beyond_the_limit_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could not be read again."""
    monkeypatch.setattr(files, "_LARGEST_CACHED", 1000)
    write_cached(tmp_path / "a.zst", b"0" * 1001)
    assert not list(tmp_path.iterdir())
