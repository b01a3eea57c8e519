"""The rows of a log file: JSON lines, one JSON document, or a table of comma-separated values or in Parquet."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from trueweight.core import ConfigError
from trueweight.core.regular_file import open_regular
from trueweight.suites.importers import Malformed
from trueweight.suites.importers.importer import Items, Numbered, json_line, json_lines
from trueweight.suites.lines import is_heavy

PARQUET: Final = ".parquet"
SUFFIXES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".jsonl.gz", ".ndjson.gz", ".json.gz", ".csv.gz", PARQUET)
_MOST_BYTES: Final = 2**30
_BATCH: Final = 1000
"""Rows of a Parquet file that are in memory at a time."""
_LISTS: Final = ("data", "observations", "rows", "items", "requests")
"""Keys under which an export of one document has its rows."""


def log_files(path: Path) -> Sequence[Path]:
    """The file itself, or the log files of a folder, by name.

    Raises:
        ConfigError: ``log-not-found``.
    """
    found = sorted(one for one in path.iterdir() if one.name.lower().endswith(SUFFIXES)) if path.is_dir() else [path]
    if not found or not all(one.is_file() for one in found):
        hint = f"Valid: a file, or a folder with files that end in {', '.join(SUFFIXES)}."
        raise ConfigError("no log is there", code="log-not-found", where=str(path), hint=hint)
    return found


def read_rows(path: Path) -> Items:
    """The rows of a file, and its malformed lines, in order.

    Raises:
        ConfigError: ``log-unreadable``; ``log-extra`` for Parquet without pyarrow.
    """
    name = path.name.lower()
    try:
        if name.endswith((".csv", ".csv.gz")):
            yield from _table(path, _text(path))
        elif name.endswith(PARQUET):
            yield from _parquet(path)
        elif name.endswith((".json", ".json.gz")):
            yield from _document(path, _text(path))
        elif name.endswith(".gz"):
            yield from _lines(path, _text(path))
        else:
            yield from json_lines(path)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"cannot be read: {reason}", code="log-unreadable", where=str(path)) from None


def _text(path: Path) -> str:
    with open_regular(path) as file:
        packed = path.name.lower().endswith(".gz")
        raw = (gzip.GzipFile(fileobj=file) if packed else file).read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise _too_large(path)
    return raw.decode("utf-8-sig", "replace")


def _too_large(path: Path) -> ConfigError:
    hint = "Valid: JSON lines of any size; other files up to 1 GiB and 40 million values."
    return ConfigError("too large to be read at once", code="log-unreadable", where=str(path), hint=hint)


def _lines(path: Path, text: str) -> Items:
    for line, raw in enumerate(text.split("\n"), start=1):
        if raw.strip():
            yield json_line(path, line, raw)


def _document(path: Path, text: str) -> Items:
    """The rows of one document; or, if it is none, of its lines."""
    if is_heavy(text):
        raise _too_large(path)
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(path, text)
        return
    for number, row in enumerate(_listed(value), start=1):
        yield Numbered(path, number, row) if isinstance(row, dict) else Malformed(path, number, "not a JSON object")


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    inner = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None) if value else None
    return [value] if inner is None else inner


def _parquet(path: Path) -> Items:
    """The rows of a Parquet file, a batch in memory at a time; a cell without a value is left out.

    Times become ISO 8601, as other logs have them; a map becomes an object.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        hint = "Install it: pip install 'trueweight[history]'"
        raise ConfigError("a Parquet log needs pyarrow", code="log-extra", where=str(path), hint=hint) from None
    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_batch_size(file.metadata)):
                if batch.nbytes > _MOST_BYTES:
                    raise _too_large(path)
                for row in batch.to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    kept = {key: _plain(value) for key, value in row.items() if value not in (None, "")}
                    yield Numbered(path, number, kept)
    # A time may be out of range, or in a zone that this machine does not know, which is a KeyError.
    except (pa.ArrowException, ValueError, OverflowError, KeyError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise ConfigError(
            f"not a Parquet file that can be read: {reason}", code="log-unreadable", where=str(path)
        ) from None


def _batch_size(metadata: Any) -> int:
    """Rows that are read at a time. A cell has at most the bytes of its column, but any number of rows may share it."""
    sizes = (metadata.row_group(at).total_byte_size for at in range(metadata.num_row_groups))
    largest: int = max((1, *sizes))
    return max(1, min(_BATCH, _MOST_BYTES // largest))


def _plain(value: Any) -> Any:
    """A cell as JSON has it; what JSON has no type for becomes text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items() if part is not None}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _table(path: Path, text: str) -> Iterator[Numbered | Malformed]:
    before = csv.field_size_limit(_MOST_BYTES)
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        for row in reader:
            extra = row.pop(None, None)
            if extra is not None:
                yield Malformed(path, reader.line_num, "more values than columns")
            else:
                kept = {key: value for key, value in row.items() if value not in (None, "")}
                yield Numbered(path, reader.line_num, kept)
    except csv.Error as error:
        yield Malformed(path, reader.line_num, f"not a table: {error}")
    finally:
        csv.field_size_limit(before)
