"""The exchanges of a run directory as values, and as lines that a test may damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trueweight.store import RunDir, RunFile, encode_exchange, record_file
from trueweight.store.frames import zstd


def recorded_lines(run: Path) -> list[dict[str, Any]]:
    """Every exchange of a run as a JSON value of version 1, in file order; none if there is no run yet."""
    if not RunFile.MANIFEST.is_in(run):
        return []
    with RunDir.open(run) as opened:
        return [json.loads(encode_exchange(opened.read(trial))) for trial in opened.trials()]


def raw_lines(run: Path) -> list[dict[str, Any]]:
    """The lines of exchanges as they are on disk, also of an API that this process does not have."""
    lines = map(json.loads, text_of(record_file(run)).splitlines())
    return [line for line in lines if "trial" in line]


def unpacked(run: Path) -> Path:
    """The same run with the file of exchanges that the first version wrote: one line after the other, no frames."""
    with RunDir.open(run) as opened:
        lines = [encode_exchange(opened.read(trial)) + b"\n" for trial in opened.trials()]
    RunFile.EXCHANGES.of(run).unlink(missing_ok=True)
    path = RunFile.EARLIER_EXCHANGES.of(run)
    path.write_bytes(b"".join(lines))
    return path


def record_bytes(run: Path) -> bytes:
    """The file of exchanges of a run, as it is on disk."""
    return record_file(run).read_bytes()


def text_of(path: Path) -> str:
    """The text of a file as a search for keys sees it; of a compressed record, what is compressed."""
    data = path.read_bytes()
    return (zstd.decompress(data) if path.suffix == ".zst" else data).decode("utf-8", "surrogateescape")
