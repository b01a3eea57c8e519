"""Importers: each converts one file format into cases, and is registered under the format's name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from trueweight.core import DEFAULT_API, PROTOCOLS, Case, ConfigError, Severity, canonical_json, misspelt
from trueweight.core.json_value import JsonObject
from trueweight.core.registry import Registry
from trueweight.suites.lines import MAX_LINE_BYTES, TOO_LONG, not_json, numbered_lines
from trueweight.suites.request_lines import case_request, modes_of, refuse_constant, shown, with_known_roles


class Malformed(NamedTuple):
    """A line that could not be imported, and why."""

    path: Path
    line: int
    reason: str


class LeftOut(NamedTuple):
    """A line that is read and is no case, and why."""

    path: Path
    line: int
    reason: str


class NotSent(NamedTuple):
    """Fields of a line that its request does not have, because the API does not define them or they are private."""

    path: Path
    line: int
    fields: tuple[str, ...]


class NoExpectation(NamedTuple):
    """A line whose case expects nothing of a reply, although lines of its format do, and why."""

    path: Path
    line: int
    reason: str


class Imported(NamedTuple):
    """The cases of a file, and what became of all that is not in them.

    Attributes:
        lines: the file's lines that are not blank, counted apart: each is a case, malformed or left out.
        not_sent: field → number of lines from whose request it is kept out.
        without_expectation: lines whose cases expect nothing of a reply.
    """

    cases: tuple[Case, ...]
    malformed: tuple[Malformed, ...]
    left_out: tuple[LeftOut, ...]
    not_sent: Mapping[str, int]
    without_expectation: tuple[NoExpectation, ...]
    lines: int

    def account(self) -> Iterator[str]:
        """Sentences that say what became of every line and of the fields that are not sent."""
        counted = f"{len(self.cases)} cases, {len(self.left_out)} left out, {len(self.malformed)} malformed lines"
        yield f"{self.lines} lines: {counted}"
        reasons = Counter(line.reason for line in self.left_out)
        yield from (f"  left out: {count} × {reason}" for reason, count in reasons.most_common())
        reasons = Counter(line.reason for line in self.without_expectation)
        yield from (f"  sent, and not judged by what is right: {count} × {reason}" for reason, count in reasons.items())
        if self.not_sent:
            fields = (f"{name} ({count}{_meant(name)})" for name, count in sorted(self.not_sent.items()))
            yield f"  kept out of requests (lines): {', '.join(fields)}"


def _meant(name: str) -> str:
    """``; did you mean 'temperature'?`` after a field that is one of the API but for a slip of the keyboard."""
    meant = misspelt(name, PROTOCOLS.get(DEFAULT_API).fields)
    return f"; did you mean {meant!r}?" if meant else ""


class Numbered(NamedTuple):
    """A JSON value with its file and line."""

    path: Path
    line: int
    value: Any


Items: TypeAlias = Iterator[Numbered | Malformed]
Item: TypeAlias = Case | Malformed | LeftOut | NotSent | NoExpectation
Convert: TypeAlias = Callable[[Path, str], Iterator[Item]]
"""Takes a path and the suite's name; yields one case, malformed line or line left out per line, in order."""
Files: TypeAlias = Callable[[Path], Sequence[Path]]
"""Takes the path that the user names; returns the files whose lines become cases."""


class Importer(NamedTuple):
    """One format.

    Attributes:
        summary: what the format is, in a few words, for the help.
        files: the files that ``convert`` reads lines from.
    """

    summary: str
    convert: Convert
    files: Files


IMPORTERS: Registry[Importer] = Registry("import format", "trueweight.importers")
"""Importers by the name of their format. Those of other packages come through ``trueweight.importers``."""


def importer(name: str, summary: str, files: Files = lambda path: (path,)) -> Callable[[Convert], Convert]:
    """Register the importer of a format.

    Raises:
        ConfigError: ``registry-duplicate`` if the name is taken.
    """

    def register(convert: Convert) -> Convert:
        IMPORTERS.add(name, Importer(summary, convert, files))
        return convert

    return register


def read_format(name: str, path: Path, suite: str) -> Imported:
    """Import a file or folder.

    Raises:
        ConfigError: ``unknown-import-format``, ``import-unreadable`` if the file cannot be read, or ``import-empty``.
    """
    form = IMPORTERS.get(name)
    cases: list[Case] = []
    malformed: list[Malformed] = []
    left_out: list[LeftOut] = []
    not_sent: Counter[str] = Counter()
    without_expectation: list[NoExpectation] = []
    seen: set[str] = set()
    try:
        for item in form.convert(path, suite):
            if isinstance(item, Malformed):
                malformed.append(item)
            elif isinstance(item, LeftOut):
                left_out.append(item)
            elif isinstance(item, NotSent):
                not_sent.update(item.fields)
            elif isinstance(item, NoExpectation):
                without_expectation.append(item)
            elif not _writable(item):
                reason = f"case {item.id!r} contains half of a surrogate pair, which YAML cannot express"
                malformed.append(Malformed(path, _line_of(item), reason))
            elif item.id in seen:
                malformed.append(Malformed(path, 0, f"two cases have the id {item.id!r}"))
            else:
                seen.add(item.id)
                cases.append(item)
        lines = sum(1 for file in form.files(path) for _ in numbered_lines(file))
        if not lines:
            what = "no line in it, or no file of this format" if path.is_dir() else "no line in it"
            raise ConfigError(what, code="import-empty", where=str(path), hint=f"Valid: {form.summary}.")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", code="import-unreadable", where=str(path)) from None
    return Imported(tuple(cases), tuple(malformed), tuple(left_out), not_sent, tuple(without_expectation), lines)


def _writable(case: Case) -> bool:
    try:
        canonical_json([case.id, case.why, case.request, case.checks, case.answer]).encode("utf-8")
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


class ImportedRequest(NamedTuple):
    """A chat-completions body to send, and the fields of its source that it does not have."""

    body: JsonObject
    not_sent: tuple[str, ...]


def chat_request(item: Numbered, body: Any) -> ImportedRequest | Malformed:
    """The chat-completions body of a line, or what is wrong with it.

    Only fields that the API defines are kept, and of those none that is about the caller. The role ``_input`` is read
    as ``system``, and the thought of an earlier turn, by whatever name, is ``reasoning_content``.
    """
    if not isinstance(body, dict):
        return Malformed(item.path, item.line, "no request object")
    messages, tools = body.get("messages"), body.get("tools")
    if not is_list_of_objects(messages) or not messages:
        return Malformed(item.path, item.line, "'messages' is not a list of objects")
    if tools is not None and not is_list_of_objects(tools):
        return Malformed(item.path, item.line, "'tools' is not a list of objects")
    chat = PROTOCOLS.get(DEFAULT_API)
    kept = chat.fields - chat.private
    known = [_with_thought(message) for message in with_known_roles(messages)]
    not_sent = [name for name in body if name not in kept]
    not_sent += sorted({f"messages[].{name}" for message in known for name in message.keys() - chat.message_fields})
    sent = [{name: value for name, value in message.items() if name in chat.message_fields} for message in known]
    request = {name: value for name, value in body.items() if name in kept}
    return ImportedRequest({**request, "messages": sent}, tuple(not_sent))


def is_list_of_objects(value: Any) -> bool:
    """Whether a value is a list, and each of its elements an object."""
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


_THOUGHTS = ("reasoning_content", "reasoning", "reason", "reasoning_details", "reasoning_detail")


def _with_thought(message: JsonObject) -> JsonObject:
    found = [_thought_text(message[name]) for name in _THOUGHTS if message.get(name)]
    rest = {name: value for name, value in message.items() if name not in _THOUGHTS}
    thought = next((text for text in found if text), None)
    return rest if thought is None else {**rest, "reasoning_content": thought}


def _thought_text(value: Any) -> str:
    """Text, or the texts of a list of parts; "" for anything else."""
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return "\n".join(part for part in parts if isinstance(part, str))
    return value if isinstance(value, str) else ""


def parsed(value: Any) -> Any:
    """A value that a table keeps as JSON text, read; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def json_lines(path: Path) -> Items:
    """The objects of a JSONL file, and its malformed lines, in order. Blank lines are skipped.

    Raises:
        OSError: if the file cannot be read.
    """
    for number, raw in numbered_lines(path):
        yield Malformed(path, number, TOO_LONG) if len(raw) > MAX_LINE_BYTES else _item(path, number, raw)


def _item(path: Path, number: int, raw: bytes) -> Numbered | Malformed:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return Malformed(path, number, "not UTF-8")
    return json_line(path, number, text)


def json_line(path: Path, number: int, text: str) -> Numbered | Malformed:
    """The object of one line, or what is wrong with it."""
    try:
        value: Any = json.loads(text.rstrip().removesuffix(","), parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        return Malformed(path, number, not_json(error))
    except RecursionError:
        return Malformed(path, number, "nested too deeply")
    except ValueError as error:
        return Malformed(path, number, str(error))
    if not isinstance(value, dict):
        return Malformed(path, number, f"not a JSON object: {shown(value)}")
    return Numbered(path, number, value)
