"""A real llama.cpp server with a real model, brought up by the command line, or a skip that says what is missing."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "cli"))

from command_line import trueweight
from running_lab import PORT, RUNGS, THINKING_PORT, THINKING_RUNGS, RunningLab

from trueweight.lab.engines.llama_cpp import PACKAGES


@pytest.fixture(scope="session")
def lab() -> Iterator[RunningLab]:
    """The rungs that the tests compare, up for the session."""
    with brought_up(RUNGS, PORT) as found:
        yield found


@pytest.fixture(scope="module")
def thinking_lab() -> Iterator[RunningLab]:
    """The rungs whose template makes the model think aloud, up for one module beside those of the session."""
    with brought_up(THINKING_RUNGS, THINKING_PORT) as found:
        yield found


@contextmanager
def brought_up(rungs: Sequence[str], port: int) -> Iterator[RunningLab]:
    """These rungs while the block runs, in folders that nothing else uses."""
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (extra: trueweight[lab])")
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        env = {"XDG_CACHE_HOME": f"{name}/cache", "XDG_STATE_HOME": f"{name}/state"}
        if sys.platform == "darwin":
            env = {"HOME": name}
        only = [word for rung in rungs for word in ("--only", rung)]
        up = trueweight("lab", "up", *only, "--port", port, "--print-providers", cwd=home, env=env, timeout=600)
        try:
            assert up.returncode == 0, up.stderr
            providers = home / "providers.toml"
            providers.write_text(up.stdout, "utf-8")
            yield RunningLab(providers, {**os.environ, **env})
        finally:
            down = trueweight("lab", "down", cwd=home, env=env)
            assert down.returncode == 0, down.stderr
