"""What an importer is, and how it is found by its format's name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from trueweight.core import Case, ConfigError, Mode, Severity, canonical_json, near_miss


class Malformed(NamedTuple):
    """A line that could not be imported, and why."""

    path: Path
    line: int
    reason: str


class Imported(NamedTuple):
    """What a file came to: nothing is in neither list."""

    cases: tuple[Case, ...]
    malformed: tuple[Malformed, ...]


class Numbered(NamedTuple):
    """A JSON value and where it stood."""

    path: Path
    line: int
    value: Any


Items: TypeAlias = Iterator[Numbered | Malformed]
Convert: TypeAlias = Callable[[Path, str], Iterator[Case | Malformed]]
"""Path and suite name in, cases and malformed lines out, in order."""

_IMPORTERS: dict[str, tuple[str, Convert]] = {}
_CHATTING = frozenset({"model", "stream", "stream_options"})


def importer(name: str, says: str) -> Callable[[Convert], Convert]:
    """Register the importer of a format.

    Args:
        says: what the format is, in a few words, for the help.
    """

    def register(convert: Convert) -> Convert:
        _IMPORTERS[name] = (says, convert)
        return convert

    return register


def importer_names() -> Mapping[str, str]:
    """Every format's name and what it is."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    return {name: says for name, (says, _) in sorted(_IMPORTERS.items())}


def find_importer(name: str) -> Convert:
    """The importer of a format.

    Raises:
        ConfigError: with the near miss, if there is none.
    """
    names = importer_names()
    if name not in names:
        raise ConfigError(f"no importer for {name!r}", code="import-format", hint=near_miss(name, names))
    return _IMPORTERS[name][1]


def read_format(name: str, path: Path, suite: str) -> Imported:
    """Import a file or folder.

    Raises:
        ConfigError: if the format is unknown, or the file cannot be read at all.
    """
    convert = find_importer(name)
    cases: list[Case] = []
    malformed: list[Malformed] = []
    seen: set[str] = set()
    try:
        for item in convert(path, suite):
            if isinstance(item, Malformed):
                malformed.append(item)
            elif not _writable(item):
                reason = f"case {item.id!r} holds half of a surrogate pair, which a YAML suite cannot say"
                malformed.append(Malformed(path, _line_of(item), reason))
            elif item.id in seen:
                malformed.append(Malformed(path, 0, f"two cases are called {item.id!r}"))
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
    """The line that a case's id ends with; 0 if it does not."""
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
    """A case of an imported request: without what the plan adds, in the mode that the request itself asks for."""
    modes = tuple(Mode)
    if isinstance(request.get("stream"), bool):
        modes = (Mode.STREAM if request["stream"] else Mode.PLAIN,)
    return Case(
        suite=suite,
        id=case_id,
        request={key: value for key, value in request.items() if key not in _CHATTING},
        why=why,
        severity=severity,
        source=source,
        tags=tags,
        modes=modes,
        checks=checks or {},
        answer=answer,
    )


def chat_request(item: Numbered, body: Any) -> dict[str, Any] | Malformed:
    """A chat-completions body as it may be sent, with the role ``_input`` read as ``system``; or what is wrong."""
    if not isinstance(body, dict):
        return Malformed(item.path, item.line, "no request object")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(one, dict) for one in messages):
        return Malformed(item.path, item.line, "'messages' is not a list of objects")
    if not isinstance(body.get("tools") or [], list):
        return Malformed(item.path, item.line, "'tools' is not a list")
    renamed = [{**one, "role": "system"} if one.get("role") == "_input" else one for one in messages]
    return {**body, "messages": renamed}
