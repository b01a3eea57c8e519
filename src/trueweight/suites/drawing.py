"""Python suites: their cases are drawn when the suite is read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from trueweight.core import Case, ConfigError
from trueweight.suites.jsonl_suite import suite_name
from trueweight.suites.reading import Reading

_MARKER = b"trueweight.suites.properties"


class Drawing(NamedTuple):
    """What decides the cases of a property suite beside its file; ``examples`` None takes its own number."""

    seed: int = 0
    examples: int | None = None


def is_property_suite(path: Path) -> bool:
    """Whether a Python file is marked as a property suite; other files are not run."""
    try:
        return _MARKER in path.read_bytes()
    except OSError:
        return False


def read_property_suite(path: Path, drawing: Drawing) -> Reading:
    """Run the file and draw its cases. Running it is what reading it means: a suite's author is trusted with that."""
    # Imported here: Hypothesis takes as long to load as all other suites take to be read.
    from trueweight.suites.properties.suite_file import draw_cases, load_properties

    name = suite_name(path.stem)
    cases: list[Case] = []
    try:
        file = load_properties(path)
        cases.extend(draw_cases(file, name, seed=drawing.seed, examples=drawing.examples))
    except ConfigError as problem:
        return Reading(name, "", tuple(cases), (problem,))
    return Reading(name, file.title, tuple(cases), ())


def summary_of(path: Path) -> tuple[int, str]:
    """How many cases a property suite yields by default, and its title; draws nothing."""
    from trueweight.suites.properties.suite_file import default_examples, load_properties

    file = load_properties(path)
    return default_examples(file), file.title
