"""Importers: each converts one file format into cases, and is registered under the format's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from trueweight.core import Case, ConfigError, Severity, canonical_json
from trueweight.core.json_value import JsonObject
from trueweight.core.registry import Registry
from trueweight.suites.reading import shown
from trueweight.suites.request_lines import (
    MAX_LINE_BYTES,
    TOO_LONG,
    case_request,
    modes_of,
    numbered_lines,
    refuse_constant,
    with_known_roles,
)


class Malformed(NamedTuple):
    """A line that could not be imported, and why."""

    path: Path
    line: int
    reason: str


class Imported(NamedTuple):
    """The cases of a file, and its lines that are not cases."""

    cases: tuple[Case, ...]
    malformed: tuple[Malformed, ...]


class Numbered(NamedTuple):
    """A JSON value with its file and line."""

    path: Path
    line: int
    value: Any


Items: TypeAlias = Iterator[Numbered | Malformed]
Convert: TypeAlias = Callable[[Path, str], Iterator[Case | Malformed]]
"""Takes a path and the suite's name; yields cases and malformed lines, in order."""


class Importer(NamedTuple):
    """One format.

    Attributes:
        summary: what the format is, in a few words, for the help.
    """

    summary: str
    convert: Convert


IMPORTERS: Registry[Importer] = Registry("import format", "trueweight.importers")
"""Importers by the name of their format. Those of other packages come through ``trueweight.importers``."""


def importer(name: str, summary: str) -> Callable[[Convert], Convert]:
    """Register the importer of a format.

    Raises:
        ConfigError: ``registry-duplicate`` if the name is taken.
    """

    def register(convert: Convert) -> Convert:
        IMPORTERS.add(name, Importer(summary, convert))
        return convert

    return register


def read_format(name: str, path: Path, suite: str) -> Imported:
    """Import a file or folder.

    Raises:
        ConfigError: ``unknown-import-format``, or ``import-unreadable`` if the file cannot be read.
    """
    convert = IMPORTERS.get(name).convert
    cases: list[Case] = []
    malformed: list[Malformed] = []
    seen: set[str] = set()
    try:
        for item in convert(path, suite):
            if isinstance(item, Malformed):
                malformed.append(item)
            elif not _writable(item):
                reason = f"case {item.id!r} contains half of a surrogate pair, which YAML cannot express"
                malformed.append(Malformed(path, _line_of(item), reason))
            elif item.id in seen:
                malformed.append(Malformed(path, 0, f"two cases have the id {item.id!r}"))
            else:
                seen.add(item.id)
                cases.append(item)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", code="import-unreadable", where=str(path)) from None
    return Imported(tuple(cases), tuple(malformed))


def _writable(case: Case) -> bool:
    try:
        canonical_json([case.request, case.checks, case.answer]).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _line_of(case: Case) -> int:
    """The number at the end of a case's id, which is its line; 0 if there is none."""
    number = case.id.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def make_case(
    suite: str,
    case_id: str,
    request: Mapping[str, Any],
    *,
    why: str,
    source: str,
    tags: tuple[str, ...],
    severity: Severity = Severity.SHOULD,
    checks: Mapping[str, Mapping[str, Any]] | None = None,
    answer: Mapping[str, Any] | None = None,
) -> Case:
    """A case of an imported request, without the keys that the protocol adds. Its ``stream`` sets the case's mode."""
    return Case(
        suite=suite,
        id=case_id,
        request=case_request(request),
        why=why,
        severity=severity,
        source=source,
        tags=tags,
        modes=modes_of(request),
        checks=checks or {},
        answer=answer,
    )


def chat_request(item: Numbered, body: Any) -> JsonObject | Malformed:
    """The chat-completions body to send, with the role ``_input`` read as ``system``; or what is wrong with it."""
    if not isinstance(body, dict):
        return Malformed(item.path, item.line, "no request object")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        return Malformed(item.path, item.line, "'messages' is not a list of objects")
    if not isinstance(body.get("tools") or [], list):
        return Malformed(item.path, item.line, "'tools' is not a list")
    return {**body, "messages": with_known_roles(messages)}


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
