"""One line that is not of the run costs that line alone, and a run that cannot be written to is still read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from in_process import trueweight
from trueweight.core import Exchange
from trueweight.store import Manifest, RunDir, SuiteRecord, encode_exchange

Make = Callable[..., Any]

FOREIGN: dict[str, dict[str, Any]] = {
    "provider": {"provider": "other"},
    "case": {"case": "other"},
    "suite": {"suite": "other"},
    "case in another's suite": {"suite": "drift-like", "case": "c0/c1"},
    "all": {"provider": "", "suite": "", "case": ""},
    "hostile names": {"provider": "\x1b[2J\ud800" * 400, "case": "<b>\u202e"},
}
BAR = '[[require]]\nmetric = "success_rate"\nat_least = 0.1\nside = "value"\n'


@pytest.fixture
def exchanges(make_case: Make, make_provider: Make, make_exchange: Make, say: Make, call: Make) -> list[Exchange]:
    """Of three cases, each with a valid call."""
    body = say(calls=[call()], finish="tool_calls")
    return [make_exchange(make_case(f"c{n}"), make_provider("p"), body) for n in range(3)]


@pytest.fixture
def record(tmp_path: Path, make_case: Make, make_provider: Make) -> Callable[[list[Exchange]], Path]:
    """Makes the directory of a run of three cases with these lines."""

    def make(lines: list[Exchange]) -> Path:
        cases = [make_case(f"c{n}") for n in range(3)]
        suites = (SuiteRecord("s", "d" * 64, len(cases)),)
        manifest = Manifest("0", 1, 1, 1, suites, (make_provider("p"),), "2026-01-01T00:00:00+00:00")
        RunDir.create(tmp_path / "run", manifest, cases).close()
        (tmp_path / "run/exchanges.jsonl.zst").unlink()
        (tmp_path / "run/exchanges.jsonl").write_bytes(b"".join(encode_exchange(line) + b"\n" for line in lines))
        return tmp_path / "run"

    return make


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_line_that_is_not_of_the_run_is_left_out(foreign: str, exchanges: list[Exchange], record: Make) -> None:
    """Of an unknown provider, case or suite: it is reported with its number as a damaged line, and the others count."""
    stray = replace(exchanges[0], trial="0" * 20, **FOREIGN[foreign])
    path = record([exchanges[0], stray, *exchanges[1:]])
    process = trueweight("judge", path, cwd=path.parent)
    assert process.returncode == 3
    assert "error[run-corrupt]" in process.stderr
    assert "exchanges.jsonl:2: this line is not of this run: the run has no" in process.stderr
    summary = json.loads((path / "summary.json").read_text())
    assert summary["run"]["trials"]["recorded"] == 3
    (note,) = [one for one in summary["run"]["notes"] if one["code"] == "damaged"]
    assert (note["count"], note["text"]) == (1, "line 2")
    for words in (["report", path], ["report", path, "--format", "junit", "-o", path.parent / "x"]):
        assert trueweight(*words, cwd=path.parent).returncode == 3
    assert trueweight("show", path, cwd=path.parent).returncode == 0
    assert trueweight("show", path, "0" * 20, cwd=path.parent).returncode == 3
    assert trueweight("compare", path, path, cwd=path.parent).returncode == 0


def test_a_line_in_place_of_a_trial_leaves_the_gate_open(exchanges: list[Exchange], record: Make) -> None:
    """The bar is met by what is left, and what is missing may be what fails: exit 4, and 0 with the line in order."""
    path = record(exchanges)
    (path.parent / "bar.toml").write_text(BAR)
    gate = ("gate", path, "--bar", path.parent / "bar.toml")
    whole = trueweight(*gate, cwd=path.parent)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    lines = [encode_exchange(line) + b"\n" for line in (exchanges[0], exchanges[1])]
    stray = encode_exchange(replace(exchanges[2], provider="other")) + b"\n"
    for last in (b"", stray, stray[:-9], b"nonsense\n"):
        (path / "exchanges.jsonl").write_bytes(b"".join(lines) + last)
        assert trueweight(*gate, cwd=path.parent).returncode == 4


def test_very_many_lines_of_another_run(exchanges: list[Exchange], record: Make) -> None:
    """Every one is counted, five are printed, and those of the run are judged."""
    strays = [replace(exchanges[0], trial=f"{n:020}", provider="other") for n in range(2_000)]
    path = record([*exchanges[:2], *strays, exchanges[2]])
    process = trueweight("judge", path, "--quiet", cwd=path.parent)
    assert process.returncode == 3
    assert "exchanges.jsonl:3:" in process.stderr
    assert "… and 1995 more damaged lines" in process.stderr
    assert json.loads((path / "summary.json").read_text())["run"]["trials"]["recorded"] == 3


BEYOND: dict[str, dict[str, Any]] = {
    "repeat": {"repeat": 2**62},
    "mode": {"mode": "stream"},
    "thinking": {"thinking": "on"},
    "api": {"api": "responses"},
    "models": {"api": "models"},
    "long ago": {"started_at": "0001-01-01T00:00:00"},
    "far future": {"started_at": "9999-12-31T23:59:59.999999+00:00"},
    "no time zone": {"started_at": "2026-01-01T00:00:00"},
    "request": {"request": {"method": "\ud800", "url": "", "headers": [], "body": "{"}},
}


@pytest.mark.parametrize("name", BEYOND)
def test_values_that_the_plan_does_not_have(name: str, exchanges: list[Exchange], record: Make) -> None:
    """A line of the right types and of no planned trial is no traceback, and ends no command."""
    path = record(exchanges)
    lines = (path / "exchanges.jsonl").read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | BEYOND[name])
    (path / "exchanges.jsonl").write_text("".join(line + "\n" for line in lines))
    for words in (["judge", path, "--quiet"], ["report", path, "--quiet"]):
        process = trueweight(*words, cwd=path.parent)
        assert process.returncode in (0, 3), process.stderr
        assert "Traceback" not in process.stderr
    assert json.loads((path / "summary.json").read_text())["run"]["trials"]["recorded"] >= 2


def _occupy(path: Path) -> None:
    """The files that are made from the recording cannot be written, root or not: folders have their names."""
    for name in ("summary.json", "report.html"):
        (path / name).mkdir()


@pytest.mark.parametrize("kind", ["names taken", pytest.param("read-only", marks=pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"))])  # fmt: skip
def test_a_run_that_cannot_be_written_to(kind: str, exchanges: list[Exchange], record: Make) -> None:
    """A report is written elsewhere, and `judge` says why it writes nothing; no file of the run changes."""
    path = record(exchanges)
    if kind == "read-only":
        path.chmod(0o555)
    else:
        _occupy(path)
    before = sorted(path.iterdir())
    elsewhere = path.parent / "page.html"
    try:
        assert trueweight("report", path, "-o", elsewhere, cwd=path.parent).returncode == 0
        assert "<html" in elsewhere.read_text()
        assert trueweight("report", path, "--json", cwd=path.parent).returncode == 0
        for command in ("judge", "report"):
            process = trueweight(command, path, cwd=path.parent)
            assert process.returncode == 2
            assert "cannot write there" in process.stderr
            assert "copy it first" in process.stderr
        assert sorted(path.iterdir()) == before
    finally:
        path.chmod(0o755)
