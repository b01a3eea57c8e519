"""Finds a suite by name or path, and reads it. One table has the reader of each kind of file."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from trueweight.core import Case, ConfigError, Suite, near_miss
from trueweight.suites.drawing import DrawSettings, is_property_suite, read_property_suite, summary_of
from trueweight.suites.jsonl_suite import read_jsonl_suite, suite_name
from trueweight.suites.request_lines import Reading
from trueweight.suites.workload_folder import WORKLOAD_FILES, with_workload
from trueweight.suites.yaml_suite import read_yaml_suite

_READERS: dict[str, Callable[[Path, DrawSettings], Reading]] = {
    ".yaml": lambda path, _: read_yaml_suite(path),
    ".yml": lambda path, _: read_yaml_suite(path),
    ".jsonl": lambda path, _: read_jsonl_suite(path),
    ".py": read_property_suite,
}

_PACKAGE = Path(__file__).resolve().parent.parent


def _shipped_folder() -> Path:
    """Where the shipped suites are: inside the package in a wheel, at the repository's root otherwise."""
    installed = _PACKAGE / "_suites"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "suites"


def shipped_suites() -> tuple[str, ...]:
    """The names of the suites of fixed cases that come with the package, sorted."""
    return tuple(sorted(path.stem for path in _shipped_folder().glob("*.yaml")))


def generated_suites() -> tuple[str, ...]:
    """The names of the shipped suites whose cases are drawn, sorted."""
    return tuple(sorted(path.stem for path in _shipped_folder().glob("*.py")))


def generated_summaries() -> Iterator[tuple[str, int, str]]:
    """Name, default number of cases and title of each shipped suite whose cases are drawn. No case is drawn."""
    for name in generated_suites():
        yield name, *summary_of(suite_path(name))


def suite_path(name_or_path: str) -> Path:
    """The file of a shipped suite, or the path itself."""
    if name_or_path in generated_suites():
        return _shipped_folder() / f"{name_or_path}.py"
    return _shipped_folder() / f"{name_or_path}.yaml" if name_or_path in shipped_suites() else Path(name_or_path)


def find_suite(name_or_path: str, *, examples: int | None = None, seed: int = 0) -> Suite:
    """The suite of that shipped name, or at that path.

    A path is a YAML suite, a ``.jsonl`` file of request bodies, a Python file of properties, or a folder of such files,
    which is read as one suite whose cases keep their own suites' names. A shipped name comes before a path of that
    name: write ``./name`` for it.

    Args:
        examples: how many cases a property suite yields; None takes its own number.
        seed: the seed of property suites.

    Raises:
        ConfigError: if there is no such suite; else for the first problem of its files, with the number of the others.
    """
    if name_or_path in shipped_suites() and _shipped_folder().is_relative_to(_PACKAGE):
        return _installed_suite(name_or_path, suite_path(name_or_path))
    reading = read_suite(name_or_path, examples=examples, seed=seed)
    if reading.problems:
        raise _first(reading.problems, name_or_path)
    return Suite(reading.name, reading.cases, title=reading.title, origin=name_or_path)


@cache
def _installed_suite(name: str, path: Path) -> Suite:
    """A fixed suite of the installed package, read once in a process. The tests look for its
    mistakes; a checkout, where files change, is searched for them each time."""
    reading = read_yaml_suite(path, known_to_be_valid=True)
    return Suite(reading.name, reading.cases, title=reading.title, origin=name)


def read_suite(name_or_path: str, *, examples: int | None = None, seed: int = 0) -> Reading:
    """Like :func:`find_suite`, with all problems of the files as values.

    Raises:
        ConfigError: if there is no such suite, or a file cannot be read.
    """
    settings = DrawSettings(seed, examples)
    if not name_or_path.strip():  # an unset variable in a script; Path("") would be the current folder
        raise ConfigError(
            "a suite without a name", code="suite-not-found", hint="Valid: a name, or a path; '.' is here."
        )
    path = suite_path(name_or_path)
    if path.is_dir():
        return _read_folder(path, settings)
    if path.is_file():
        return _read(path, settings)
    if path.exists():  # a pipe or a device may never end
        hint = f"Valid: a regular file ({', '.join(_READERS)}), or a folder of them."
        raise ConfigError("not a regular file", code="suite-kind", where=str(path), hint=hint)
    names = [*shipped_suites(), *generated_suites()]
    hint = f"{near_miss(name_or_path, names)} Or a path: {', '.join(_READERS)}, or a folder of them."
    raise ConfigError(f"no suite and no file is called {name_or_path!r}", code="suite-not-found", hint=hint)


def _read(path: Path, settings: DrawSettings) -> Reading:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(_READERS)
        raise ConfigError(
            f"not a kind of suite: {path.name!r}", code="suite-kind", where=str(path), hint=f"Valid: {kinds}."
        )
    try:
        return with_workload(reader(path, settings), path.parent)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", code="suite-unreadable", where=str(path)) from None


def _read_folder(folder: Path, settings: DrawSettings) -> Reading:
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _READERS and path.is_file() and path.name not in WORKLOAD_FILES
    )
    paths = [path for path in files if path.suffix.lower() != ".py" or is_property_suite(path)]
    if not paths:
        message, hint = "no suite in this folder", f"Files that count: {', '.join(_READERS)}."
        raise ConfigError(message, code="suite-not-found", where=str(folder), hint=hint)
    readings = [(path, _read(path, settings)) for path in paths]
    problems = [problem for _, reading in readings for problem in reading.problems]
    problems += _clashes((path, case) for path, reading in readings for case in reading.cases)
    cases = tuple(case for _, reading in readings for case in reading.cases)
    title = "; ".join(reading.title for _, reading in readings if reading.title)
    return Reading(suite_name(folder.resolve().name), title, cases, tuple(problems))


def _clashes(cases: Iterable[tuple[Path, Case]]) -> list[ConfigError]:
    """A problem for each case whose key another file has already."""
    first: dict[str, Path] = {}
    found = []
    for path, case in cases:
        if first.setdefault(case.key, path) != path:
            hint = f"First in {first[case.key]}. Give one of the suites another name."
            found.append(
                ConfigError(f"case {case.key!r} is taken", code="suite-duplicate-id", where=str(path), hint=hint)
            )
    return found


def _first(problems: tuple[ConfigError, ...], name: str) -> ConfigError:
    first, more = problems[0], len(problems) - 1
    if not more:
        return first
    noun = "problem" if more == 1 else "problems"
    hint = f"{first.hint} {more} more {noun}: trueweight suites check {shlex.quote(name)}".strip()
    return ConfigError(first.message, code=first.code, where=first.where, hint=hint)
