"""Reads a TOML file. A syntax error has its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from trueweight.config.secrets import without_secrets
from trueweight.core import ConfigError
from trueweight.core.json_value import JsonObject
from trueweight.core.regular_file import read_regular

MAX_DEPTH = 100

_MOST_BITS = 13_000
"""Bits of the largest whole number, some 3,900 decimal digits. Python reads any number of hexadecimal digits, but
writes no more than 4,300 decimal ones."""
_MANY_DIGITS = re.compile(r"[0-9a-fA-Fxob_]{3000,}")
_AT_LINE = re.compile(r"at line (\d+)")


def read_toml_text(path: Path, *, area: str, hint: str) -> str:
    """The text of a file.

    Args:
        area: the first part of the codes of errors.
        hint: for a file that cannot be read.

    Raises:
        ConfigError: it cannot be read, or is not UTF-8.
    """
    try:
        raw = read_regular(path)
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        where, message = f"{path}:{line}", f"byte {error.start} is not UTF-8"
        raise ConfigError(message, code=f"{area}-encoding", where=where, hint="Save the file as UTF-8.") from None
    except OSError as error:
        message = f"cannot read the file: {error.strerror or type(error).__name__}"
        raise ConfigError(message, code=f"{area}-unreadable", where=str(path), hint=hint) from None


def parse_toml(text: str, where: str, *, area: str, hint: str) -> JsonObject:
    """The document of a text.

    Raises:
        ConfigError: it is not TOML, or is nested too deeply.
    """
    line, reason = 0, ""
    try:
        document = tomllib.loads(text)
        if _depth(document) <= MAX_DEPTH:
            if not _has_huge_number(document):
                return document
            line, reason = _line_of_digits(text), "a whole number has too many digits"
        else:
            line, reason = _line_of_longest(text), f"nested deeper than {MAX_DEPTH} levels"
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = int(found.group(1)) if found else max(1, len(text.splitlines()))
        reason = str(error).split(" (at ")[0]
    except ValueError:
        line, reason = _line_of_digits(text), "a whole number has too many digits"
    except RecursionError:
        line, reason = _line_of_longest(text), f"nested deeper than {MAX_DEPTH} levels"
    # Outside of "except": the original error has the whole document, which may have a key pasted into it.
    message = without_secrets(f"not valid TOML: {reason}")
    raise ConfigError(message, code=f"{area}-toml", where=f"{where}:{line}", hint=hint)


def _line_of_longest(text: str) -> int:
    """The longest line: the one that most likely has the number, or the brackets, that are too long."""
    lines = text.splitlines()
    return max(range(len(lines)), key=lambda number: len(lines[number])) + 1


def _line_of_digits(text: str) -> int:
    """The first line with so many digits in a row that they are no number of TOML; the longest if none has."""
    found = _MANY_DIGITS.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else _line_of_longest(text)


def _has_huge_number(value: Any) -> bool:
    """Whether a document has a whole number that no JSON text of a request can hold; its depth has a limit."""
    if isinstance(value, dict):
        return any(map(_has_huge_number, value.values()))
    if isinstance(value, list):
        return any(map(_has_huge_number, value))
    return isinstance(value, int) and value.bit_length() > _MOST_BITS


def _depth(document: JsonObject) -> int:
    """The depth of nested tables and lists; computed without recursion, which deep documents would exhaust."""
    depth = 0
    level: list[JsonObject | list[Any]] = [document]
    while level:
        depth += 1
        inner = [value for outer in level for value in (outer.values() if isinstance(outer, dict) else outer)]
        level = [value for value in inner if isinstance(value, dict | list)]
    return depth
