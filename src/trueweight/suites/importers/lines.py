"""Lines of JSON, each with its number; a line that is not JSON becomes a malformed line and is not skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trueweight.suites.importers.importer import Items, Malformed, Numbered
from trueweight.suites.reading import shown
from trueweight.suites.request_lines import MAX_LINE_BYTES, TOO_LONG, numbered_lines, refuse_constant


def json_lines(path: Path) -> Items:
    """The objects of a JSONL file, and its malformed lines, in order. Blank lines are skipped.

    Raises:
        OSError: if the file cannot be read.
    """
    for number, raw in numbered_lines(path):
        yield Malformed(path, number, TOO_LONG) if len(raw) > MAX_LINE_BYTES else _item(path, number, raw)


def _item(path: Path, number: int, raw: bytes) -> Numbered | Malformed:
    try:
        value: Any = json.loads(raw.decode("utf-8"), parse_constant=refuse_constant)
    except UnicodeDecodeError:
        return Malformed(path, number, "not UTF-8")
    except json.JSONDecodeError as error:
        return Malformed(path, number, f"not JSON: {error.msg} at column {error.colno}")
    except RecursionError:
        return Malformed(path, number, "nested too deeply")
    except ValueError as error:
        return Malformed(path, number, str(error))
    if not isinstance(value, dict):
        return Malformed(path, number, f"not a JSON object: {shown(value)}")
    return Numbered(path, number, value)
