"""A pipe, a device or a folder where a file is read ends with exit code 2 at once: reading it would never end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from command_line import Cli

PROVIDERS = '[[provider]]\nname = "a"\nbase_url = "http://[::1]:9/v1"\nmodel = "m"\n'
ROW = '{"request":{"messages":[{"role":"user","content":"hi"}]},"response":{"choices":[{"message":{"content":"x"}}]}}\n'
RUN = ("run", "--suite", "tool-calls", "--out", "out")
COMMANDS: list[tuple[str, tuple[str, ...]]] = [
    ("", (*RUN, "--providers", "IT")),
    ("", (*RUN, "--providers", "p.toml", "--bar", "IT")),
    ("", (*RUN, "--providers", "p.toml", "--profile", "./IT")),
    ("", (*RUN, "--providers", "p.toml", "--probe-from", "IT")),
    ("", ("run", "--providers", "p.toml", "--suite", "IT", "--out", "out")),
    ("", ("ping", "--providers", "IT")),
    ("", ("drift", "--providers", "IT", "--out", "out")),
    ("", ("drift", "--providers", "p.toml", "--ladder", "IT", "--out", "out")),
    ("", ("drift", "--providers", "p.toml", "--tolerances", "IT", "--out", "out")),
    ("", ("load", "--providers", "IT", "--suite", "tool-calls", "--out", "out")),
    ("", ("gate", "IT")),
    ("", ("judge", "IT")),
    ("", ("decide", "IT")),
    *((suffix, ("suites", "check", "IT")) for suffix in (".yaml", ".jsonl", ".py")),
    *(
        (".jsonl", ("suites", "import", name, "IT", "-o", "out"))
        for name in ("k2vv", "minimax", "gpt-oss", "openai-log")
    ),
    (".jsonl", ("import-run", "k2vv", "IT", "-o", "out")),
    *((suffix, ("workload", "from", "IT", "--preview")) for suffix in (".jsonl", ".json", ".csv", ".json.gz")),
    ("", ("workload", "from", "log.jsonl", "--names", "IT", "--preview")),
]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such files in folders")
@pytest.mark.parametrize("kind", ["pipe", "device"])
@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_what_is_no_file_is_refused(cli: Cli, tmp_path: Path, number: int, kind: str) -> None:
    """Every option and argument that names a file to read."""
    suffix, words = COMMANDS[number]
    path = tmp_path / f"it{suffix}"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    (tmp_path / "p.toml").write_text(PROVIDERS, encoding="utf-8")
    (tmp_path / "log.jsonl").write_text(ROW, encoding="utf-8")
    done = cli(*(word.replace("IT", path.name) for word in words))
    assert done.returncode == 2, done.stdout
    assert path.name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_a_folder_is_no_file(cli: Cli, tmp_path: Path, number: int) -> None:
    """The same with a folder that has nothing in it, which some arguments may be."""
    suffix, words = COMMANDS[number]
    (tmp_path / f"it{suffix}").mkdir()
    (tmp_path / "p.toml").write_text(PROVIDERS, encoding="utf-8")
    (tmp_path / "log.jsonl").write_text(ROW, encoding="utf-8")
    done = cli(*(word.replace("IT", f"it{suffix}") for word in words))
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
