"""Imported cases as files that ``trueweight run --suite`` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from trueweight.core import Case, ConfigError, Mode
from trueweight.core.json_value import JsonObject
from trueweight.suites.jsonl_suite import suite_name
from trueweight.suites.request_fields import as_written
from trueweight.suites.strict_yaml import json_as_yaml

_NUMBERED = re.compile(r"line-\d{4,}")
_PART_BYTES = 4 * 2**20
_PART_CASES = 400
"""Limits of one YAML file. Reading a YAML suite validates all of it and keeps the line of each value, which is slow."""


def write_suite(cases: Sequence[Case], folder: Path, name: str, title: str) -> list[Path]:
    """Write cases as one suite or, if they are many, as several files in a folder. Returns the paths.

    Raises:
        ConfigError: if the file exists or cannot be written.
    """
    written = {folder / file: text for file, text in suite_files(cases, name, title).items()}
    for path, text in written.items():
        write_new(path, text)
    return list(written)


def suite_files(cases: Sequence[Case], name: str, title: str) -> dict[str, str]:
    """The files of a suite, name → text.

    Cases that are bare requests are one ``.jsonl`` file, which is read many times faster than YAML.
    """
    if all(_is_bare(case) for case in cases):
        return {f"{suite_name(name)}.jsonl": _lines(cases)}
    parts = list(_parts(cases))
    width = len(str(len(parts)))
    files = {}
    for number, part in enumerate(parts, start=1):
        stem = suite_name(name) if len(parts) == 1 else f"{suite_name(name)}-{number:0{width}d}"
        document = {"suite": stem[:80], "title": title, "version": 1, "cases": [_entry(case) for case in part]}
        files[f"{stem}.yaml"] = json_as_yaml(document)
    return files


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, and the folders above it.

    Raises:
        ConfigError: ``import-exists``, or ``import-disk`` if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        hint = "Choose another folder with -o, or remove the file."
        raise ConfigError("the file exists", code="import-exists", where=str(path), hint=hint) from None
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", code="import-disk", where=str(path)) from None


def _is_bare(case: Case) -> bool:
    """Whether a case has nothing but its request, and the line number of that request as its id."""
    plain = not case.checks and case.answer is None and case.task is None and case.api is None
    return plain and _NUMBERED.fullmatch(case.id) is not None


def _lines(cases: Sequence[Case]) -> str:
    """The requests at the line numbers that their ids have. Other lines are empty."""
    rows: list[str] = []
    for case in cases:
        number = int(case.id.rpartition("-")[2])
        rows += [""] * (number - 1 - len(rows))
        mode = {} if case.modes == tuple(Mode) else {"stream": case.modes == (Mode.STREAM,)}
        rows.append(json.dumps({**as_written(case.request), **mode}, ensure_ascii=False))
    return "\n".join(rows) + "\n"


def _parts(cases: Sequence[Case]) -> Iterator[list[Case]]:
    part: list[Case] = []
    size = 0
    for case in cases:
        own = len(json.dumps(case.request))
        if part and (size + own > _PART_BYTES or len(part) >= _PART_CASES):
            yield part
            part, size = [], 0
        part.append(case)
        size += own
    if part:
        yield part


def _entry(case: Case) -> JsonObject:
    entry: JsonObject = {"id": case.id, "why": case.why, "severity": case.severity.value}
    if case.source:
        entry["source"] = case.source
    if case.tags:
        entry["tags"] = list(case.tags)
    if case.modes != tuple(Mode):
        entry["modes"] = [mode.value for mode in case.modes]
    entry["request"] = as_written(case.request)
    if case.api is not None:
        entry["api"] = case.api
    if case.follows is not None:
        entry["follows"] = case.follows
    if case.after is not None:
        entry["after"] = case.after
    if case.keeps_limit:
        entry["keeps_limit"] = True
    if case.checks:
        entry["checks"] = dict(case.checks)
    if case.task is not None:
        entry["task"] = case.task.name
        if case.task.recorded is not None:
            entry["recorded"] = msgspec.to_builtins(case.task.recorded)
        if case.task.stands_for != 1:
            entry["stands_for"] = case.task.stands_for
    elif case.answer is not None:
        entry["answer"] = dict(case.answer)
    return entry
