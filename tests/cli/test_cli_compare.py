"""``trueweight compare`` on real records."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from command_line import Cli, Demo


def _spoiled(demo: Demo, directory: Path) -> Path:
    """A copy of the run in which the twin no longer says that it calls."""
    copy = directory / "after"
    shutil.copytree(demo.directory, copy)
    record = copy / "exchanges.jsonl"
    lines = [
        line.replace('finish_reason\\":\\"tool_calls', 'finish_reason\\":\\"stop')
        if '"provider":"twin"' in line
        else line
        for line in record.read_text(encoding="utf-8").splitlines(keepends=True)
    ]
    record.write_text("".join(lines), encoding="utf-8")
    return copy


def test_a_run_against_itself_says_that_nothing_changed(demo: Demo, cli: Cli) -> None:
    """The first line is the answer, the exit code 0, even when asked to fail if anything is worse."""
    done = cli("compare", demo.directory, demo.directory, "--fail-if-worse")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Nothing significant changed."


def test_a_broken_provider_is_named_in_every_form(demo: Demo, cli: Cli, tmp_path: Path) -> None:
    """Text fits 80 columns, markdown folds the cells away, JSON has the interval; --fail-if-worse exits 1."""
    after = _spoiled(demo, tmp_path)
    text = cli("compare", demo.directory, after, "--fail-if-worse")
    assert text.returncode == 1
    assert max(map(len, text.stdout.splitlines())) <= 80
    assert "twin: " in text.stdout
    assert "▼ worse" in text.stdout
    markdown = cli("compare", demo.directory, after, "--format", "markdown", "-o", "change.md")
    assert markdown.returncode == 0
    assert "<summary>twin: " in (tmp_path / "change.md").read_text(encoding="utf-8")
    found = json.loads(cli("compare", demo.directory, after, "--json").stdout)
    assert {one["provider"] for one in found["significant"]} == {"twin"}
    assert found["providers"]["twin"]["metrics"]["must_pass_rate"]["difference"]["high"] < 0


def test_what_is_no_run_is_refused(cli: Cli, tmp_path: Path) -> None:
    """A wrong directory is a usage error in words."""
    done = cli("compare", "nowhere", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
