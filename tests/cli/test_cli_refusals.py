"""What the command line refuses, and that each exit code means what the table says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Cli

PROVIDERS = '[[provider]]\nname = "a"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
RUN = ("run", "--providers", "providers.toml", "--suite", "tool-calls", "--limit", "1", "--out")


@pytest.fixture(autouse=True)
def _providers(tmp_path: Path) -> None:
    (tmp_path / "providers.toml").write_text(PROVIDERS)


@pytest.mark.parametrize("option", ["--budget", "--rate"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0", "1e9"])
def test_an_amount_is_a_number_that_can_be_reached(cli: Cli, option: str, value: str) -> None:
    """A budget of NaN is below no sum and would never stop anything: it is refused before anything is sent."""
    process = cli(*RUN, "out", "--dry-run", option, value)
    assert process.returncode == 2
    assert option in process.stderr
    assert process.stdout == ""


def test_a_suite_without_a_name_is_not_this_folder(cli: Cli, tmp_path: Path) -> None:
    """An unset variable in a script must not run the Python files that happen to lie here."""
    (tmp_path / "mine.py").write_text("# trueweight.suites.properties\nopen('ran', 'w').close()\n")
    process = cli("run", "--providers", "providers.toml", "--suite", "", "--out", "out", "--dry-run")
    assert (process.returncode, (tmp_path / "ran").exists()) == (2, False)
    assert "a name is empty" in process.stderr


def test_a_python_suite_cannot_end_the_process(cli: Cli, tmp_path: Path) -> None:
    """``sys.exit(0)`` in a suite would be a run that asked nothing and succeeded; it is an error at its line."""
    (tmp_path / "quits.py").write_text("import trueweight.suites.properties\nimport sys\nsys.exit(0)\n")
    process = cli("run", "--providers", "providers.toml", "--suite", "quits.py", "--out", "out", "--dry-run")
    assert (process.returncode, "quits.py:3: SystemExit" in process.stderr) == (2, True)


def test_a_place_where_nobody_can_write_is_a_slip_of_the_user(cli: Cli) -> None:
    """Not a full disk: there is nothing to make room for, and nothing to go on with."""
    process = cli(*RUN, "providers.toml/out", "--quiet")
    assert (process.returncode, "cannot write there" in process.stderr) == (2, True)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "trueweight.man', "[1]", "null"])
def test_a_manifest_that_is_none_is_not_called_a_newer_version(cli: Cli, tmp_path: Path, text: str) -> None:
    """Cut or foreign, it is said to be no manifest, and nothing in the folder is touched."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out/manifest.json").write_text(text)
    for words in (("judge", "out"), (*RUN, "out", "--quiet")):
        process = cli(*words)
        assert (process.returncode, "not the manifest of a run" in process.stderr) == (3, True)
    assert (tmp_path / "out/manifest.json").read_text() == text


def test_a_manifest_cannot_ask_for_endless_work(cli: Cli, tmp_path: Path) -> None:
    """Judging lays out every planned trial; a manifest of a hundred million repeats is refused, not begun."""
    assert cli(*RUN, "out", "--quiet", "--retries", "0").returncode == 3  # nobody listens there; the run is recorded
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    (tmp_path / "out/manifest.json").write_text(json.dumps(manifest | {"repeats": 10**8}))
    process = cli("judge", "out")
    assert (process.returncode, "not a manifest: at $.repeats" in process.stderr) == (3, True)
    assert cli(*RUN, "other", "--dry-run", "--repeats", 10**8).returncode == 2


def test_a_fault_of_our_own_is_no_finding(tmp_path: Path) -> None:
    """Python ends with 1 after a traceback, and 1 says that a provider failed its bar: it must not."""
    code = """
from trueweight.cli import cli, main
@cli.result_callback()
def broken(*_, **__):
    raise RuntimeError("a fault")
main(["checks"])
"""
    process = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert process.returncode == 3
    assert "RuntimeError: a fault" in process.stderr
    assert "No provider result is affected" in process.stderr
