"""What is installed holds all that is used, and works where there is no checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import trueweight
from trueweight.cli import cli

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with wheel and sdist, built without network; `.ci/package` does the same in a clean environment."""
    pytest.importorskip("hatchling", reason="needs hatchling; .ci/package builds without it")
    folder = tmp_path_factory.mktemp("dist")
    build = (sys.executable, "-m", "hatchling", "build", "-d", str(folder))
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def data_files() -> set[str]:
    """Everything in the package that is not Python, as the wheel names it, and the suites."""
    package = ROOT / "src"
    found = [path for path in (package / "trueweight").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    inside = {str(path.relative_to(package).as_posix()) for path in found}
    return inside | {f"trueweight/_suites/{path.name}" for path in (ROOT / "suites").iterdir() if path.is_file()}


def test_the_wheel_holds_code_suites_schemas_and_templates(dist: Path) -> None:
    """Every file of the package, every shipped suite, the typing marker, the licence, the plugin's entry point."""
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        points = next(name for name in names if name.endswith("entry_points.txt"))
        assert "[pytest11]\ntrueweight = trueweight.pytest_plugin" in archive.read(points).decode()
    assert data_files() <= names
    assert "trueweight/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_holds_what_the_wheel_is_built_from(dist: Path) -> None:
    """And its tests, and nothing of this machine."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "suites/tool-calls.yaml"} <= names
    assert {f"src/{name}" for name in data_files() if "_suites" not in name} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("runs/", "reports/"))]


@pytest.mark.slow
def test_the_wheel_works_outside_the_checkout(dist: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, with nothing of the checkout on the path: version, suites, schemas, a whole demo."""
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "lib")
    (tmp_path / "work").mkdir()
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "lib"), "PYTHONIOENCODING": "utf-8"}

    def run(*arguments: str) -> str:
        command = (sys.executable, *arguments)
        done = subprocess.run(command, cwd=tmp_path / "work", env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert str(tmp_path / "lib") in run("-c", "import trueweight; print(trueweight.__file__)")
    assert PROJECT["version"] in run("-m", "trueweight", "--version")
    assert "tool-calls" in run("-m", "trueweight", "suites", "list")
    run("-m", "trueweight", "demo", "--limit", "1", "--no-drift", "--quiet")
    assert (tmp_path / "work" / "trueweight-demo" / "report.html").stat().st_size > 10_000


def test_versions_agree() -> None:
    """pyproject states it, the package reads it from its metadata, the changelog has its section."""
    assert PROJECT["version"] == trueweight.__version__
    stated = re.compile(r"[\"']" + re.escape(PROJECT["version"]) + r"[\"']")
    assert [path for path in (ROOT / "src").rglob("*.py") if stated.search(path.read_text(encoding="utf-8"))] == []
    assert f"\n## {trueweight.__version__}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_that_shell(shell: str) -> None:
    """It asks the program itself for what fits."""
    done = CliRunner().invoke(cli, ["completion", shell])
    assert done.exit_code == 0
    assert f"_TRUEWEIGHT_COMPLETE={shell}_complete" in done.output


def test_completion_knows_the_commands() -> None:
    """What the script asks, answered."""
    env = {**os.environ, "_TRUEWEIGHT_COMPLETE": "bash_complete", "COMP_WORDS": "trueweight ga", "COMP_CWORD": "1"}
    program = "import sys; sys.argv[0] = 'trueweight'; from trueweight.cli import cli; cli(prog_name='trueweight')"
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert done.stdout == "plain,gate\n"


def test_every_command_says_what_it_does() -> None:
    """``--help`` of each: a first line that is a sentence, no option without a word about it, lines that fit."""
    commands = cli.list_commands(None)  # type: ignore[arg-type]
    assert {"run", "gate", "merge", "site", "completion"} <= set(commands)
    wide, wordless = {}, []
    for name in ["", *commands]:
        done = CliRunner().invoke(cli, [*filter(None, [name]), "--help"], terminal_width=80)
        assert done.exit_code == 0, name
        wide |= {line: name for line in done.output.splitlines() if len(line) > 80}
        command = cli.get_command(None, name) if name else cli  # type: ignore[arg-type]
        assert command is not None
        if not (command.help or "").split("\n\n")[0].rstrip().endswith((".", "?")):
            wordless.append(name)
    assert wide == {}
    assert wordless == []
