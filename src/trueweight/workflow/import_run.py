"""Replies that another verifier recorded, as a run: so that old evidence is judged by the same checks as new."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from trueweight import __version__
from trueweight.core import (
    Case,
    ConfigError,
    Exchange,
    Provider,
    Role,
    Suite,
    canonical_json,
    near_miss,
)
from trueweight.core.body_changes import BodyChanges
from trueweight.core.json_value import JsonObject
from trueweight.store import Manifest, RunDir, SuiteRecord
from trueweight.suites.importers.importer import Malformed, json_lines, make_case
from trueweight.suites.importers.k2vv import SOURCE as K2VV
from trueweight.suites.importers.minimax import SOURCE as MINIMAX
from trueweight.suites.importers.minimax import expected_call, recorded_checks
from trueweight.suites.jsonl_suite import suite_name
from trueweight.suites.lines import numbered_lines
from trueweight.workflow.recorded import RecordedRow, loop_of, read_row, recorded_exchange

FORMATS: Mapping[str, str] = {"k2vv": K2VV, "minimax": MINIMAX}
"""The formats of recorded replies, and where each comes from."""
_NOWHERE = "https://recorded.invalid/v1"


class FileAccount(NamedTuple):
    """What became of the lines of one file: each is a reply, replaced by a later reply to its request, or malformed.

    Attributes:
        varying: settings of its requests that differ from the others' in some lines only, so that no ``extra_body``
            can express them.
    """

    path: Path
    provider: str
    lines: int
    replies: int
    replaced: int
    malformed: tuple[Malformed, ...]
    varying: tuple[str, ...]


class ImportedRun(NamedTuple):
    """What was imported, and what was not."""

    exchanges: int
    providers: tuple[str, ...]
    files: tuple[FileAccount, ...]

    @property
    def malformed(self) -> tuple[Malformed, ...]:
        """The malformed lines of all files."""
        return tuple(line for file in self.files for line in file.malformed)


class _File(NamedTuple):
    """One file: its provider, its number among that provider's files, and what its lines hold.

    Attributes:
        read: every line that could be read.
        rows: those that count: the last line of each request.
        replaced: numbers of the lines before them.
    """

    path: Path
    provider: str
    repeat: int
    read: list[RecordedRow]
    rows: dict[int, RecordedRow]
    replaced: list[int]
    malformed: list[Malformed]

    @property
    def lines(self) -> int:
        """The number of lines that are not blank."""
        return sum(1 for _ in numbered_lines(self.path))


def import_run(
    form: str, files: Sequence[Path], out: Path, *, reference: str | None = None, suite: str | None = None
) -> ImportedRun:
    """Write a run directory from files of recorded replies, one provider a file, named after it.

    Files that differ only by a folder ``loop_NN`` are repeats of one provider. Lines are matched by ``data_index``,
    messages and tools. Settings in which a file differs from the others are that provider's ``extra_body``.

    The verifiers keep replies as their own client put them together: streams are joined, an absent finish reason is
    written as "stop", arrival times are lost. Checks of the wire have nothing to judge, and a plain reply is judged.

    Args:
        reference: the provider that is the reference, if one is.
        suite: the name of the requests' suite; that of the format by default.

    Raises:
        ConfigError: for an unknown format or reference, two files of one name, or a file that cannot be read.
    """
    if form not in FORMATS:
        raise ConfigError(f"no recorded format {form!r}", code="import-format", hint=near_miss(form, FORMATS))
    found = _read(files)
    names = tuple(dict.fromkeys(file.provider for file in found))
    if reference is not None and reference not in names:
        raise ConfigError(f"no file is called {reference!r}", code="import-reference", hint=near_miss(reference, names))
    if not any(file.read or file.malformed for file in found):
        where = ", ".join(str(path) for path in files)
        raise ConfigError("no reply is recorded there", code="import-empty", where=where, hint="Valid: results.jsonl.")
    cases = _cases(found, form, suite or form)
    providers = {
        name: _provider(name, [one for one in found if one.provider == name], cases, reference) for name in names
    }
    exchanges = [
        recorded_exchange(providers[file.provider], cases[row.data_index], row, file.repeat)
        for file in found
        for row in file.rows.values()
    ]
    repeats = 1 + max(file.repeat for file in found)
    manifest = _manifest(
        form, Suite(suite or form, tuple(cases.values())), list(providers.values()), exchanges, repeats
    )
    with RunDir.create(out, manifest, list(cases.values())) as run:
        for exchange in exchanges:
            run.append(exchange)
    accounts = tuple(_account(file, cases, providers[file.provider]) for file in found)
    return ImportedRun(len(exchanges), names, accounts)


def _read(files: Sequence[Path]) -> list[_File]:
    found: list[_File] = []
    places: dict[str, list[Path]] = {}
    for path in files:
        stem = path.name.partition(".jsonl")[0] if ".jsonl" in path.name else path.stem
        name, place = suite_name(stem), loop_of(path)
        if places.setdefault(name, [place])[0] != place or any(one.path == path for one in found):
            hint = "A provider is a file; only folders named loop_01, loop_02 … are its repeats."
            raise ConfigError(f"two files are called {name!r}", code="import-clash", hint=hint)
        file = _File(path, name, sum(one.provider == name for one in found), [], {}, [], [])
        try:
            for item in json_lines(path):
                row = item if isinstance(item, Malformed) else read_row(item)
                file.malformed.append(row) if isinstance(row, Malformed) else file.read.append(row)
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", code="import-unreadable", where=str(path)) from None
        found.append(file)
    return found


def _cases(files: Sequence[_File], form: str, suite: str) -> dict[int, Case]:
    """The cases by ``data_index``. Lines that do not belong to their case are malformed, the others are sorted."""
    first: dict[int, RecordedRow] = {}
    for row in (row for file in files for row in file.read if row.prompt is not None):
        first.setdefault(row.data_index, row)
    for file in files:
        for row in file.read:
            known = first.get(row.data_index)
            if known is None:
                reason = f"a raw prompt, and no file has the messages of data_index {row.data_index}"
                file.malformed.append(Malformed(file.path, row.line, reason))
            elif row.prompt is not None and row.prompt != known.prompt:
                reason = f"data_index {row.data_index} is another request than in an earlier line"
                file.malformed.append(Malformed(file.path, row.line, reason))
            else:
                if row.data_index in file.rows:
                    file.replaced.append(file.rows[row.data_index].line)
                file.rows[row.data_index] = row
        file.malformed.sort(key=lambda line: line.line)
    rows = {index: [file.rows[index] for file in files if index in file.rows] for index in sorted(first)}
    return {index: _case(first[index], rows[index], form, suite) for index in rows}


def _case(first: RecordedRow, rows: Sequence[RecordedRow], form: str, suite: str) -> Case:
    """The request that most files sent; of equally many, the first."""
    names = dict.fromkeys(name for row in rows for name in row.settings)
    settings: JsonObject = {}
    for name in names:
        values = Counter(canonical_json(row.settings[name]) if name in row.settings else None for row in rows)
        usual = values.most_common(1)[0][0]
        if usual is not None:
            settings[name] = json.loads(usual)
    request = {**(first.prompt or {}), **settings, "stream": False}
    expected = next(
        (row.value["expected_tool_call"] for row in rows if row.value.get("expected_tool_call") is not None), None
    )
    called = expected_call(expected) if isinstance(expected, bool) else {}
    return make_case(
        suite,
        f"line-{first.data_index:04d}",
        request,
        why=f"Request {first.data_index} of {FORMATS[form].rpartition('/')[2]}.",
        source=FORMATS[form],
        tags=("imported", form),
        checks={**recorded_checks((row.value for row in rows), request), **called},
    )


def _provider(name: str, files: Sequence[_File], cases: Mapping[int, Case], reference: str | None) -> Provider:
    """The provider of these files, with the settings in which all its rows are alike and unlike the cases'."""
    rows = [row for file in files for row in file.rows.values()]
    differs = _differences(rows, cases)
    extra: JsonObject = {}
    dropped: list[str] = []
    for setting in sorted(differs):
        values = {canonical_json(row.settings[setting]) if setting in row.settings else None for row in rows}
        if values == {None}:
            dropped.append(setting)
        elif len(values) == 1:
            extra[setting] = rows[0].settings[setting]
    extra |= {key: value for key, value in _common([row.extra for row in rows]).items() if key not in extra}
    role = Role.REFERENCE if name == reference else Role.CANDIDATE
    model = next((row.model for row in rows), "unknown")
    return Provider(name, _NOWHERE, model, role, extra_body=extra, changes=BodyChanges(drop=tuple(dropped)))


def _differences(rows: Sequence[RecordedRow], cases: Mapping[int, Case]) -> set[str]:
    found: set[str] = set()
    for row in rows:
        request = {
            key: value for key, value in cases[row.data_index].request.items() if key not in ("messages", "tools")
        }
        found |= {name for name in {*request, *row.settings} if request.get(name) != row.settings.get(name)}
    return found


def _common(extras: Sequence[JsonObject]) -> JsonObject:
    """The fields that all of these have with one value."""
    first: JsonObject = extras[0] if extras else {}
    return {key: value for key, value in first.items() if all(one.get(key) == value for one in extras)}


def _account(file: _File, cases: Mapping[int, Case], provider: Provider) -> FileAccount:
    rows = list(file.rows.values())
    stated = {*provider.extra_body, *provider.changes.drop}
    varying = (_differences(rows, cases) | {key for row in rows for key in row.extra}) - stated
    return FileAccount(
        file.path,
        file.provider,
        file.lines,
        len(rows),
        len(file.replaced),
        tuple(file.malformed),
        tuple(sorted(varying)),
    )


def _manifest(
    form: str, suite: Suite, providers: Sequence[Provider], exchanges: Sequence[Exchange], repeats: int
) -> Manifest:
    started = min((exchange.started_at for exchange in exchanges), default=datetime.now(UTC).isoformat())
    return Manifest(
        tool_version=__version__,
        seed=0,
        repeats=repeats,
        passes=1,
        suites=(SuiteRecord(suite.name, suite.digest(), len(suite.cases)),),
        providers=tuple(providers),
        started_at=started,
        options={"imported": form},
    )
