"""Lines of JSON, each with its number; a line that is not JSON becomes a malformed line and is not skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from trueweight.suites.importers.importer import Items, Malformed, Numbered

MAX_LINE_BYTES = 32 * 1024 * 1024


def json_lines(path: Path) -> Items:
    """The objects of a JSONL file; blank lines are skipped.

    Raises:
        OSError: if the file cannot be read.
    """
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), start=1):
            if len(raw) > MAX_LINE_BYTES:
                # What follows would be read as lines that the file does not have.
                yield Malformed(path, number, f"longer than {MAX_LINE_BYTES // 2**20} MiB; nothing after it was read")
                return
            text = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
            if text.strip():
                yield _item(path, number, text)


def _item(path: Path, number: int, raw: bytes) -> Numbered | Malformed:
    try:
        value: Any = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        return Malformed(path, number, "not UTF-8")
    except json.JSONDecodeError as error:
        return Malformed(path, number, f"not JSON: {error.msg} at column {error.colno}")
    except RecursionError:
        return Malformed(path, number, "nested too deeply")
    except ValueError as error:
        return Malformed(path, number, str(error))
    if not isinstance(value, dict):
        return Malformed(path, number, f"not a JSON object but {type(value).__name__}")
    return Numbered(path, number, value)


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")
