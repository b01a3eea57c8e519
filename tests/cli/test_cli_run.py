"""``trueweight run``: what it sends, what it refuses, what it keeps, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Cli

from records import record_bytes, recorded_lines
from trueweight.fleet.child import running_fleet


@pytest.fixture(scope="module")
def fleet() -> Iterator[Path]:
    """``providers.toml`` of a running reference and twin."""
    with running_fleet(["reference", "twin"]) as providers:
        yield providers


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_dry_run_sends_nothing_and_prices_everything(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """A dry run prints a ceiling per provider, makes no directory and contacts nobody."""
    unreachable = fleet.read_text(encoding="utf-8").replace("127.0.0.1", "127.1.2.3")
    (tmp_path / "p.toml").write_text(unreachable, encoding="utf-8")
    done = cli("run", "--providers", "p.toml", "--suite", "tool-calls", "--out", "out", "--limit", 3, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Nothing was sent" in done.stdout
    assert "≤ $" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_jsonl_of_requests_is_a_suite(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """A file in the K2 Vendor Verifier's format runs as it stands; its ``_input`` role is sent as ``system``."""
    request = {
        "model": "x",
        "messages": [{"role": "_input", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    }
    (tmp_path / "mine.jsonl").write_text(
        json.dumps({"model": "x", **request, "max_tokens": 8}) + "\n", encoding="utf-8"
    )
    done = cli("run", "--providers", fleet, "--suite", "mine.jsonl", "--out", "out")
    assert done.returncode == 0, done.stderr
    sent = [json.loads(record["request"]["body"]) for record in recorded_lines(tmp_path / "out")]
    assert {body["messages"][0]["role"] for body in sent} == {"system"}
    # Two modes; the reference is asked twice, the twin once.
    assert len(sent) == 2 * 3


def test_the_same_command_again_sends_nothing_again(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """A finished run is resumed by sending nothing: every trial is on record exactly once."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--out", "out", "--limit", 2)
    assert cli(*command).returncode == 0
    before = record_bytes(tmp_path / "out")
    again = cli(*command)
    assert again.returncode == 0, again.stderr
    assert "Resuming" in again.stderr
    assert record_bytes(tmp_path / "out") == before


def test_a_provider_that_cannot_be_reached_is_infrastructure(cli: Cli, fleet: Path, tmp_path: Path) -> None:
    """A dead endpoint gives exit code 3 and is named; the others are measured all the same."""
    text = fleet.read_text(encoding="utf-8")
    text += '\n[[provider]]\nname = "gone"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    done = cli("run", "--providers", "p.toml", "--suite", "tool-calls", "--out", "out", "--limit", 2, "--retries", 0)
    assert done.returncode == 3, done.stderr
    assert "gone" in done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["providers"]["twin"]["metrics"]["success_rate"]["value"] == 1.0
    assert summary["providers"]["gone"]["metrics"]["schema_accuracy"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--providers", "none.toml", "--suite", "tool-calls", "--out", "out"), ("none.toml",)),
        (("run", "--providers", "p.toml", "--suite", "tool-cals", "--out", "out"), ("tool-cals", "'tool-calls'")),
        (("judge", "nowhere"), ("nowhere", "run --out")),
        (("report", "nowhere", "--format", "htm"), ("htm", "html")),
        (("fleet", "serve", "--only", "twinn"), ("twinn", "'twin'")),
        (("jugde", "x"), ("jugde", "'judge'")),
    ],
)
def test_bad_input_is_refused_with_the_near_miss(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """What a user mistypes is named, what would be valid is said, the exit code is 2 and there is no traceback."""
    provider = '[[provider]]\nname = "a"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    (tmp_path / "p.toml").write_text(provider, encoding="utf-8")
    done = cli(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_an_interrupted_run_keeps_what_it_has_and_goes_on(fleet: Path, tmp_path: Path, cli: Cli) -> None:
    """Ctrl-C once: exit 130, whole lines on record; the same command then ends with every trial exactly once."""
    command = ("run", "--providers", fleet, "--suite", "tool-calls", "--out", "out", "--concurrency", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "trueweight", *map(str, command)],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    record = tmp_path / "out"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(recorded_lines(record)) < 5:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    first = {line["trial"] for line in recorded_lines(record)}
    assert len(first) >= 5
    done = cli(*command)
    assert done.returncode == 0, done.stderr
    trials = [line["trial"] for line in recorded_lines(record) if line["outcome"] == "ok"]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert len(trials) == len(set(trials)) == summary["run"]["trials"]["planned"]


def test_help_states_the_exit_codes(cli: Cli) -> None:
    """What a script may rely on stands in ``--help``."""
    text = cli("--help").stdout
    for code in ("0", "1", "2", "3", "4", "130"):
        assert f"\n    {code} " in text
