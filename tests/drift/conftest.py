"""The fleet, up for all tests of drift, and one measured run on it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))

from command_line import trueweight
from measured_drift import Measured

from trueweight.fleet.child import running_fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Path]:
    """The ``providers.toml`` of a reference, its twin, two quantised ones."""
    with running_fleet(["reference", "twin", "int8", "int4"]) as providers:
        yield providers


@pytest.fixture(scope="session")
def measured(fleet: Path, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """``trueweight drift`` on it, in the mode it chooses."""
    cwd = tmp_path_factory.mktemp("drift")
    process = trueweight("drift", "--providers", fleet, "--out", "run", cwd=cwd)
    found = json.loads((cwd / "run" / "drift.json").read_text("utf-8"))["providers"]
    return Measured(cwd / "run", process, found)
