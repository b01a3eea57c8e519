"""Hypothesis' private interface: one module uses it, and only with versions for which the suites were drawn."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import hypothesis
import pytest

from trueweight.suites.properties.backend import TESTED

ROOT = Path(__file__).parents[3]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def test_the_installed_version_is_a_tested_one() -> None:
    """A newer version may draw other cases from the same seed, so it is tested before it is allowed."""
    low, high = (_version(bound) for bound in TESTED)
    if not low <= _version(hypothesis.__version__) < high:
        pytest.fail(
            f"Hypothesis {hypothesis.__version__} is outside the tested range {','.join(TESTED)}. Run `pytest "
            "tests/suites/properties tests/workflow/shrink` with it: if all of it passes, widen TESTED in "
            "suites/properties/backend.py and the bound in pyproject.toml; if a digest differs, see what has changed."
        )


def test_the_dependency_has_the_same_bounds() -> None:
    """A user never gets a version that is outside the tested range."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (line,) = [one for one in document["project"]["dependencies"] if one.startswith("hypothesis")]
    assert line == "hypothesis" + ",".join(TESTED)


def test_only_one_module_uses_the_private_interface() -> None:
    """``hypothesis.internal`` in the backend alone; the standard library's private regex parser nowhere."""
    source = ROOT / "src" / "trueweight"
    users = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"^\s*(from|import) hypothesis\.(internal|control)|re\._parser|sre_parse", path.read_text(), re.M)
    }
    assert users == {"suites/properties/backend.py"}
