"""Python suites: reading one runs its file and draws its cases."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from trueweight.core import Case, ConfigError
from trueweight.core.regular_file import read_regular
from trueweight.suites.jsonl_suite import suite_name
from trueweight.suites.request_lines import Reading

_MARKER = b"trueweight.suites.properties"
"""A Python file without this text is not a suite, and is never run."""


class DrawSettings(NamedTuple):
    """The seed of a property suite's cases and their number; None for the number that the suite declares."""

    seed: int = 0
    examples: int | None = None


def is_property_suite(path: Path) -> bool:
    """Whether a Python file is marked as a property suite; other files are not run."""
    try:
        return _MARKER in read_regular(path)
    except OSError:
        return False


def read_property_suite(path: Path, settings: DrawSettings) -> Reading:
    """Run the file and draw its cases. The file runs with the rights of this process, so its author must be trusted."""
    # Imported here: loading Hypothesis takes as long as reading all other suites.
    from trueweight.suites.properties.suite_file import draw_cases, load_properties

    name = suite_name(path.stem)
    cases: list[Case] = []
    try:
        file = load_properties(path)
        cases.extend(draw_cases(file, name, seed=settings.seed, examples=settings.examples))
    except ConfigError as problem:
        return Reading(name, "", tuple(cases), (problem,))
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # the suite's own, which would end the process with another code
        flaw = ConfigError(f"{type(error).__name__}: {error}", code="suite-python", where=str(path))
        return Reading(name, "", tuple(cases), (flaw,))
    return Reading(name, file.title, tuple(cases), ())


def summary_of(path: Path) -> tuple[int, str]:
    """The default number of cases of a property suite, and its title. No case is drawn."""
    from trueweight.suites.properties.suite_file import default_examples, load_properties

    file = load_properties(path)
    return default_examples(file), file.title
