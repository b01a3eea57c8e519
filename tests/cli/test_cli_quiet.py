"""``--quiet`` and ``--json`` where a result is a file or an exit code."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import Cli


def test_what_is_written_is_named_and_nothing_else(cli: Cli, tmp_path: Path) -> None:
    """Of ``init``, ``workload`` and ``suites``: the paths on standard output, and no word beside them."""
    host = ("--base-url", "https://api.example.com/v1", "--model", "m")
    for words, files in (
        (("init", *host), ["providers.toml", "bar.toml"]),
        (("workload", "example", "-o", "log.jsonl", "--lines", 40), []),
        (("workload", "from", "log.jsonl", "-o", "tickets"), None),
        (("suites", "new", "mine.py"), ["mine.py"]),
    ):
        done = cli(*words, env={"TRUEWEIGHT_QUIET": "1"})
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        paths = done.stdout.split()
        assert paths == files if files is not None else paths and all((tmp_path / one).exists() for one in paths)


def test_a_checked_suite_in_json(cli: Cli, tmp_path: Path) -> None:
    """A good one and a bad one: each with its problems, and the exit code of the bad one."""
    (tmp_path / "bad.yaml").write_text("suite: bad\ncases: 3\n", encoding="utf-8")
    done = cli("suites", "check", "text", "bad.yaml", "--json")
    good, bad = json.loads(done.stdout)
    assert done.returncode == 2
    assert good["suite"] == "text" and good["cases"] > 0 and good["problems"] == []
    assert bad["problems"] and all(one["code"] and one["message"] for one in bad["problems"])
    assert cli("suites", "check", "text", "--quiet").stdout == ""
    shown = json.loads(cli("suites", "show", "text", "--json").stdout)
    assert len(shown["cases"]) == good["cases"]


def test_an_explanation_in_json(cli: Cli) -> None:
    """A check with its example, a metric, and a word."""
    check = json.loads(cli("explain", "tool-index-present", "--json").stdout)
    assert check["name"] == "tool-index-present" and check["requirement"] and "⟦" in check["example"]
    assert json.loads(cli("explain", "schema_accuracy", "--json").stdout)["unit"]
    assert json.loads(cli("explain", "self-agreement", "--json").stdout)["meaning"]
