"""A property suite: a Python file, its properties, and the cases drawn from them. Errors point at their line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from hypothesis.errors import UnsatisfiedAssumption

from trueweight.core import Case, ConfigError, canonical_json, digest
from trueweight.core.regular_file import read_regular
from trueweight.suites.properties.backend import UndrawableError
from trueweight.suites.properties.choices import ChoiceTree
from trueweight.suites.properties.declare import Prompt, Property
from trueweight.suites.properties.draw import draw_from_choices, draw_from_seed, seed_of
from trueweight.suites.request_fields import field_problems, with_extra_body
from trueweight.suites.request_lines import ADDED_BY_PROTOCOL

_TRIES = 50
"""Draws for one case: some are refused by a filter or an ``assume``, or repeat an earlier case."""
_CHECKED = 10
"""Cases of each property whose check parameters are validated when drawn. Judging validates those of all cases."""
_STARTER = Path(__file__).with_name("starter.txt")
GENERATED = "generated"
"""The tag of a case that a property drew."""


class PropertyFile(NamedTuple):
    """A loaded property suite."""

    path: Path
    title: str
    properties: tuple[Property, ...]


class DrawnCase(NamedTuple):
    """A case with the choices that made it, so that it can be shrunk."""

    case: Case
    choices: ChoiceTree


def load_properties(path: Path) -> PropertyFile:
    """Run a property suite's file and collect its properties, in the order of the file.

    Raises:
        ConfigError: at the line where it fails, or if it has no property.
    """
    module = ModuleType(f"trueweight_suite_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(read_regular(path), str(path), "exec"), module.__dict__)  # noqa: S102 - what a Python suite is
    except OSError:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a suite that ends the process would end it with success
        raise _problem(path, error, "suite-python") from None
    found = [value for value in vars(module).values() if isinstance(value, Property)]
    if not found:
        hint = "Decorate a function with @prompts(…); `trueweight suites new FILE` writes an example."
        raise ConfigError("no property in this file", code="suite-empty", where=str(path), hint=hint)
    names = [one.name for one in found]
    for one in found:
        if names.count(one.name) > 1:
            where = f"{path}:{one.line}"
            raise ConfigError(f"two properties are called {one.name!r}", code="suite-duplicate-id", where=where)
    title = (module.__doc__ or "").strip().split("\n")[0]
    return PropertyFile(path, title or f"Properties of {path.name}", tuple(found))


def default_examples(file: PropertyFile) -> int:
    """The number of cases of the suite by default."""
    return sum(one.examples for one in file.properties)


def draw_cases(file: PropertyFile, suite: str, *, seed: int, examples: int | None = None) -> Iterator[Case]:
    """The cases of a suite: distinct requests, the same ones for the same seed on any machine.

    Each property yields its share of ``examples``. Case n of a property depends on the seed and n alone, so fewer
    examples are the beginnings of more.

    Raises:
        ConfigError: if a property fails, returns a request that cannot be sent, or has too few distinct cases.
    """
    for one, count in zip(file.properties, _shares(file, examples), strict=True):
        drawer = _Drawer(file.path, one, suite, seed)
        for index in range(count):
            case = drawer.distinct(index)
            if index < _CHECKED:
                drawer.check(case)
            yield case


def redraw(file: PropertyFile, case: Case) -> tuple[Property, DrawnCase]:
    """A drawn case again, by its tags, with its choices.

    Raises:
        ConfigError: if the file, as it is now, does not draw this case.
    """
    words = dict(tag.split("-", 1) for tag in case.tags if "-" in tag)
    one = next((one for one in file.properties if case.id.rpartition("-")[0] == one.name), None)
    if one is not None and {"seed", "draw"} <= words.keys():
        index, _, attempt = words["draw"].partition("-")
        seed = int(words["seed"].replace("minus", "-"))
        drawn = _Drawer(file.path, one, case.suite, seed).draw(int(index), int(attempt))
        if drawn is not None and drawn.case.request_digest() == case.request_digest():
            return one, drawn
    raise ConfigError(
        f"case {case.key!r} is not what this file draws now",
        code="suite-changed",
        where=str(file.path),
        hint="The file, or the version of trueweight or Hypothesis, has changed since the run.",
    )


def replay(one: Property, like: Case, choices: ChoiceTree) -> DrawnCase | None:
    """The case that these choices make, with the id and tags of ``like``; None if they make none."""
    try:
        drawn = draw_from_choices(one.strategy, choices)
        prompt: Any = one.function(**drawn.value)
    except Exception:  # a filter, an assume, or the suite's own code on values that it did not expect
        return None
    if not isinstance(prompt, Prompt):
        return None
    return DrawnCase(_case(one, prompt, like.suite, like.id, like.tags), drawn.choices)


def write_starter(path: Path) -> None:
    """Write a commented suite that works without a change.

    Raises:
        ConfigError: if the name does not end in ``.py``, the file exists, or it cannot be written.
    """
    if path.suffix != ".py":
        hint = "A property suite is a Python file."
        raise ConfigError(f"{path.name!r} does not end in .py", code="suite-kind", where=str(path), hint=hint)
    text = _STARTER.read_text(encoding="utf-8").replace("THIS_FILE", path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            "the file exists", code="suite-exists", where=str(path), hint="Choose another name."
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", code="suite-disk", where=str(path)) from None


def _shares(file: PropertyFile, examples: int | None) -> list[int]:
    """Each property's share of the examples, in proportion to its own number; together exactly as many."""
    weights = [one.examples for one in file.properties]
    if examples is None:
        return weights
    total = sum(weights)
    ends = [examples * sum(weights[: at + 1]) // total for at in range(len(weights))]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


class _Drawer:
    """Draws the cases of one property."""

    def __init__(self, path: Path, one: Property, suite: str, seed: int) -> None:
        self._path = path
        self._one = one
        self._suite = suite
        self._seed = seed
        self._where = f"{path}:{one.line}"
        self._seen: set[str] = set()

    def distinct(self, index: int) -> Case:
        """Case ``index``, unlike all before it."""
        for attempt in range(_TRIES):
            drawn = self.draw(index, attempt)
            key = "" if drawn is None else digest(drawn.case.request)
            if drawn is not None and key not in self._seen:
                self._seen.add(key)
                return drawn.case
        few, hint = "it draws no case", "Check whether a filter or an assume is too strict."
        if self._seen:
            few = f"only {len(self._seen)} distinct cases were drawn from it"
            hint = "Draw fewer examples, or let its strategies draw more values."
        words = f"property {self._one.name!r}: {few}"
        raise ConfigError(words, code="suite-undrawable", where=self._where, hint=hint)

    def draw(self, index: int, attempt: int) -> DrawnCase | None:
        """One attempt at a case; None if a filter or an ``assume`` refuses it."""
        one = self._one
        try:
            drawn = draw_from_seed(one.strategy, seed_of(self._seed, self._suite, one.name, index, attempt))
            prompt: Any = one.function(**drawn.value)
        except (UndrawableError, UnsatisfiedAssumption):
            return None
        except (Exception, SystemExit) as error:
            raise _problem(self._path, error, "suite-property", default=one.line) from None
        if not isinstance(prompt, Prompt):
            words = f"property {one.name!r} returned {type(prompt).__name__}, not a Prompt"
            hint = "Return what expect_calls, expect_json, expect_no_call or expect makes."
            raise ConfigError(words, code="suite-property", where=self._where, hint=hint)
        seed = str(self._seed).replace("-", "minus")
        tags = (*one.tags, GENERATED, f"seed-{seed}", f"draw-{index}-{attempt}")
        case = _case(one, prompt, self._suite, f"{one.name}-{index:04d}", tags)
        _check_sendable(case, self._where)
        return DrawnCase(replace(case, request=with_extra_body(case.request)), drawn.choices)

    def check(self, case: Case) -> None:
        """Check that its checks exist and accept their parameters."""
        # Imported here: only drawing a suite pays for loading every check.
        from trueweight.core.check import validate_params

        for check_id, params in case.checks.items():
            try:
                validate_params(check_id, params)
            except ConfigError as problem:
                words = f"property {self._one.name!r}: {problem.message}"
                raise ConfigError(words, code=problem.code, where=self._where, hint=problem.hint) from None


def _case(one: Property, prompt: Prompt, suite: str, case_id: str, tags: tuple[str, ...]) -> Case:
    return Case(
        suite=suite,
        id=case_id,
        request=prompt.request,
        why=one.why,
        severity=one.severity,
        source=one.source,
        tags=tags,
        modes=one.modes,
        checks=prompt.checks,
        answer=prompt.answer,
    )


def _check_sendable(case: Case, where: str) -> None:
    request: Any = case.request
    words = ""
    if not isinstance(request, Mapping) or not isinstance(request.get("messages"), list):
        words = "its request has no list of messages"
    elif taken := sorted(ADDED_BY_PROTOCOL & request.keys()):
        words = f"its request has {taken[0]!r}, which the plan adds"
    if words:
        raise ConfigError(f"case {case.id!r}: {words}", code="suite-value", where=where)
    for unknown in field_problems(request):
        words = f"case {case.id!r}: {unknown.message}"
        raise ConfigError(words, code="suite-unknown-key", where=where, hint=unknown.hint)
    try:
        canonical_json(request)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"case {case.id!r} cannot be sent: {error}", code="suite-value", where=where) from None


def _problem(path: Path, error: BaseException, code: str, default: int = 1) -> ConfigError:
    """The error in the user's file, at the last of its lines in the traceback."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return ConfigError(f"not Python: {error.msg}", code=code, where=f"{path}:{error.lineno or 1}")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = lines[-1] if lines else default
    words = str(error) or "no message"
    return ConfigError(f"{type(error).__name__}: {words[:500]}", code=code, where=f"{path}:{line}")
