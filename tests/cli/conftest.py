"""Fixtures of the command line's tests."""

from __future__ import annotations

import json
import pickle
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from command_line import Cli, Demo, trueweight

from in_process import trueweight as in_process

_PATIENCE = 600
"""Seconds that a worker waits for the demo of another one."""


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line in an empty directory, 80 columns wide, inside this process."""

    def run(*arguments: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return in_process(*arguments, cwd=tmp_path, env={"COLUMNS": "80", **(env or {})})

    return run


def _demo(cwd: Path, *arguments: object) -> Demo:
    process = trueweight("demo", *arguments, cwd=cwd, timeout=600)
    directory = cwd / "trueweight-demo"
    return Demo(directory, process, json.loads((directory / "summary.json").read_text(encoding="utf-8")))


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(("--limit", 10), id="first-cases"),
        pytest.param((), id="whole", marks=pytest.mark.slow),
    ],
)
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The README's first command with drift, run once for all tests that read its result.

    By default the first ten cases of each suite, which show every fault; among the slow tests all of them. One worker
    makes it, and the others wait for it.
    """
    mine = tmp_path_factory.mktemp("demo")
    if not hasattr(request.config, "workerinput"):
        return _demo(mine, *request.param)
    kept = mine.parent.parent / f"demo-{len(request.param)}"  # of all workers
    try:
        kept.with_suffix(".making").mkdir()
    except FileExistsError:
        until = time.monotonic() + _PATIENCE
        while not kept.exists() and time.monotonic() < until:
            time.sleep(0.1)
        return cast(Demo, pickle.loads(kept.read_bytes()))
    made = _demo(mine, *request.param)
    part = mine / "part"
    part.write_bytes(pickle.dumps(made))
    part.rename(kept)
    return made
