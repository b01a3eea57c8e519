"""The benches run against the classes and functions that there are: each in its smallest form, without a time."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from trueweight.config import load_providers
from trueweight.suites import read_suite

BENCH = Path(__file__).parent


def names_of(*parts: str) -> dict[str, Any]:
    """The names that a script defines; its ``main`` is not run."""
    return runpy.run_path(str(BENCH.joinpath(*parts)), run_name="bench")


def test_the_report_of_a_made_up_run_is_rendered() -> None:
    """The page that the bench opens has each provider and embeds exchanges."""
    html = names_of("report", "__main__.py")["make_report"](5, 4)
    assert "leaky-parser" in html
    assert "get_weather" in html


def test_a_made_up_run_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Two providers, four cases, two modes; the reference is asked twice: 24 trials."""
    names_of("measure.py")["main"](2, 4)
    row = capsys.readouterr().out.splitlines()[2].split()
    assert row[:3] == ["2", "4", "24"]
    assert int(row[3]) > 50  # estimates


def test_an_exchange_of_each_kind_is_written_and_read() -> None:
    """A row has the number of exchanges and three measurements."""
    script = names_of("store", "__main__.py")
    for name, exchanges in script["KINDS"].items():
        assert script["row"](name, exchanges[:2])[24:].split()[0] == "2"


def test_the_soak_writes_what_a_run_can_read(tmp_path: Path) -> None:
    """Its providers and its suite are valid: its cases are loaded."""
    soak = runpy.run_path(str(BENCH.parent / "soak" / "__main__.py"), run_name="bench")
    soak["prepare"](tmp_path, "1")
    (provider,) = load_providers(tmp_path / "providers.toml", environ={"SOAK_KEY": "k"})
    assert provider.name == "soak"
    assert len(read_suite(str(tmp_path / "soak.yaml")).cases) == soak["CASES"]
