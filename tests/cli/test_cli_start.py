"""Start-up of the command line: what ``--help`` imports, where commands are found, and texts that repeat a value."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trueweight import drift, fleet, lab
from trueweight.cli import _options, command_modules
from trueweight.cli import drift as drift_command
from trueweight.cli import fleet as fleet_command
from trueweight.cli import lab as lab_command
from trueweight.cli.load import command as load_command
from trueweight.cli.report import command as report_command
from trueweight.report import format_names
from trueweight.wire import ArrivalKind, TransportName
from trueweight.workflow.load import DEFAULT_LEVELS

HEAVY = ("asyncio", "httpx", "hypothesis", "jinja2", "jsonschema", "numpy", "rich", "scipy", "uvicorn", "yaml")
"""Packages that take long to import. The time itself depends on the machine, so the test looks at what is loaded."""
_PROGRAM = """
import contextlib, io, json, sys
import click
from trueweight.cli import _invoke, cli

def words(command, *path):
    yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(None):
            yield from words(command.get_command(None, name), *path, name)

loaded = {}
for path in sorted(words(cli)):
    with contextlib.redirect_stdout(io.StringIO()):
        assert _invoke([*path, "--help"]) == 0, path
    loaded[" ".join(path)] = [name for name in json.loads(sys.argv[1]) if name in sys.modules]
    for name in loaded[" ".join(path)]:
        for module in [one for one in sys.modules if one.split(".")[0] == name]:
            del sys.modules[module]
print(json.dumps(loaded))
"""


def test_no_help_loads_a_heavy_package() -> None:
    """``trueweight --help`` and the help of each command and subcommand need click and the core, and nothing heavy."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(HEAVY)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert {"", "run", "drift calibrate", "suites list", "fleet matrix"} <= set(loaded)
    loaded.pop("suites import")  # its help lists the formats of all installed importers
    assert {words: names for words, names in loaded.items() if names} == {}


def test_values_that_the_help_repeats_are_those_of_the_code() -> None:
    """Where importing a value would slow ``--help``, the command repeats it; both are equal."""
    assert set(_options.ARRIVALS) == {kind.value for kind in ArrivalKind}
    assert set(_options.TRANSPORTS) == {name.value for name in TransportName}
    load_help = next(option.help for option in load_command.params if option.name == "concurrency")
    assert f"[default: {DEFAULT_LEVELS}]" in load_help
    assert drift_command.MAX_REQUESTS == drift.DEFAULT_REQUESTS
    assert fleet_command.BASE_PORT == fleet.BASE_PORT
    assert lab_command.BASE_PORT == lab.BASE_PORT
    formats_help = next(option.help for option in report_command.params if option.name == "form")
    assert all(name in formats_help for name in format_names())


def _plugin(folder: Path, code: str) -> None:
    (folder / "greeting.py").write_text(code, encoding="utf-8")
    info = folder / "greeting-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[trueweight.commands]\ngreet = greeting\n", encoding="utf-8")


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); from trueweight.cli import main; main({list(words)!r})"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_a_package_adds_a_command(tmp_path: Path) -> None:
    """One entry point in ``trueweight.commands`` is enough: the command is listed and runs."""
    _plugin(
        tmp_path,
        "import click\n@click.command()\ndef command():\n    '''Print a greeting.'''\n    click.echo('hello')\n",
    )
    assert _run(tmp_path, "greet").stdout == "hello\n"
    assert "greet       Print a greeting." in _run(tmp_path, "--help").stdout


def test_a_broken_command_of_a_package_is_named(tmp_path: Path) -> None:
    """The error names the module and the cause, exit code 2; commands of trueweight still run."""
    _plugin(tmp_path, "raise ImportError('no such luck')\n")
    done = _run(tmp_path, "greet")
    assert done.returncode == 2
    for word in ("plugin-broken", "module greeting", "no such luck"):
        assert word in done.stderr
    assert _run(tmp_path, "completion", "bash").returncode == 0


@pytest.mark.parametrize("name", ["run", "import-run", "site"])
def test_a_command_is_the_module_of_its_name(name: str) -> None:
    """Adding a command is adding one file: the name of the module is the name of the command."""
    assert command_modules()[name] == f"trueweight.cli.{name.replace('-', '_')}"


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT to itself")
@pytest.mark.parametrize("module", ["trueweight.cli", "click", "trueweight.cli.run", "trueweight.core"])
def test_ctrl_c_while_starting_is_one_word(module: str) -> None:
    """While any module is imported: exit 130 and no traceback."""
    program = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "sys.argv = ['trueweight', 'run', '--help']\n"
        "import runpy\n"
        "runpy.run_module('trueweight', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode in (130, -2), done.stderr
    assert "Traceback" not in done.stderr
    assert "interrupted" in done.stderr
