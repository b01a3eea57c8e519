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
    directory, cache = cwd / "trueweight-demo", cwd / "cache"
    process = trueweight("demo", *arguments, cwd=cwd, env={"TRUEWEIGHT_CACHE": str(cache)}, timeout=600)
    return Demo(cache, directory, process, json.loads((directory / "summary.json").read_text(encoding="utf-8")))


def _recorded(config: pytest.Config, factory: pytest.TempPathFactory, *arguments: object) -> Demo:
    """One worker makes it, and the others wait for it."""
    mine = factory.mktemp("demo")
    if not hasattr(config, "workerinput"):
        return _demo(mine, *arguments)
    kept = mine.parent.parent / f"demo-{len(arguments)}"  # of all workers
    try:
        kept.with_suffix(".making").mkdir()
    except FileExistsError:
        until = time.monotonic() + _PATIENCE
        while not kept.exists() and time.monotonic() < until:
            time.sleep(0.1)
        return cast(Demo, pickle.loads(kept.read_bytes()))
    made = _demo(mine, *arguments)
    part = mine / "part"
    part.write_bytes(pickle.dumps(made))
    part.rename(kept)
    return made


@pytest.fixture(scope="session")
def first_cases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The README's first command with drift and the first ten cases of each suite, which show every fault."""
    return _recorded(request.config, tmp_path_factory, "--limit", 10)


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The README's first command with drift, run once for all tests that read its result."""
    return _recorded(request.config, tmp_path_factory)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param("first_cases", id="first-cases"),
        pytest.param("whole", id="whole", marks=pytest.mark.slow),
    ],
)
def demo(request: pytest.FixtureRequest) -> Demo:
    """By default the first cases; among the slow tests the whole demo too."""
    return cast(Demo, request.getfixturevalue(request.param))


@pytest.fixture
def kept_judgements(first_cases: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What judges the unchanged record of the demo takes its judgements from the cache that the demo left, as it does
    for a user: to judge it takes five seconds."""
    monkeypatch.setenv("TRUEWEIGHT_CACHE", str(first_cases.cache))
