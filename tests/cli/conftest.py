"""Fixtures of the command line's tests."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_line import Cli, Demo, trueweight

from in_process import trueweight as in_process


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line in an empty directory, 80 columns wide, inside this process."""

    def run(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return in_process(*arguments, cwd=tmp_path, env={"COLUMNS": "80", **(env or {})})

    return run


def _demo(cwd: Path, *arguments: object) -> Demo:
    process = trueweight("demo", *arguments, cwd=cwd, timeout=300)
    directory = cwd / "trueweight-demo"
    return Demo(directory, process, json.loads((directory / "summary.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The README's first command, run once for all tests that look at its result."""
    return _demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def short_demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A third of it and without drift, for what is judged again and again."""
    return _demo(tmp_path_factory.mktemp("short-demo"), "--limit", 20, "--no-drift")
