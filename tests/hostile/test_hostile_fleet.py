"""An honest provider beside hostile ones: its record and its result are as without them, and every command works on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hostile_replies import MB

from in_process import trueweight

HERE = Path(__file__).parent
SIZE = MB
HOSTILE = {
    "the connection": (
        "never-ends", "trickles", "sends-chunks-of-one-byte", "sends-a-body-with-an-interim-response", "hangs-up",
        "says-nothing",
    ),
    "the stream": (
        "repeats-an-event-named-error", "repeats-error-events", "repeats-empty-events",
        "sends-content-letter-by-letter", "sends-content-in-many-choices", "sends-many-calls", "sends-wrong-types",
    ),
    "the document": (
        "nests-arrays", "lists-objects", "lists-names", "sends-half-surrogates", "sends-many-plain-calls",
        "lists-json-numbers-in-content", "sends-a-gzip-bomb", "leaks-half-markers",
    ),
}  # fmt: skip
SUITE = """\
suite: geography
title: Geography
version: 1
cases:
  - id: capital
    why: A plain question.
    source: https://example.org/
    severity: MUST
    request: {messages: [{role: user, content: What is the capital of Norway?}], max_tokens: 50}
    checks: {content-matches: {contains: [Oslo], pattern: "^(The|the)( \\\\w+)+\\\\.$"}}
  - id: capital-again
    why: Another plain question.
    source: https://example.org/
    severity: MUST
    request: {messages: [{role: user, content: Name the capital of Norway.}], max_tokens: 50}
    checks: {content-matches: {contains: [Oslo]}}
"""
RATES = ("success_rate", "first_attempt_success_rate", "must_pass_rate")
BAR = '[[require]]\nmetric = "success_rate"\nat_least = 0.9\n'


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of the providers, which run in a process of their own."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "hostile_server.py"), str(SIZE)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def send(folder: Path, server: str, names: Sequence[str], out: str) -> Path:
    """A run of the honest provider and these others."""
    tables = [
        f'[[provider]]\nname = "{name}"\nbase_url = "{server}/{name}/v1"\nmodel = "m"\nrole = "candidate"\ntimeout = 3'
        for name in ("honest", *names)
    ]
    (folder / "providers.toml").write_text("\n".join(tables), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    done = trueweight(
        "run", "--providers", "providers.toml", "--suite", "suite.yaml", "--out", out, "--retries", 0, "--quiet",
        "--max-response", 4, cwd=folder,
    )  # fmt: skip
    assert done.returncode in (0, 1, 3), done.stderr
    return folder / out


def honest_record(run: Path) -> list[Any]:
    """All that the honest provider sent, without the times."""
    lines = [json.loads(line) for line in (run / "exchanges.jsonl").read_text(encoding="utf-8").splitlines()]
    return sorted(
        (one["trial"], one["outcome"], [attempt["body"] for attempt in one["attempts"]])
        for one in lines
        if one["provider"] == "honest"
    )


def honest_result(run: Path) -> dict[str, Any]:
    """Its result in the summary, without the times."""
    found = json.loads((run / "summary.json").read_text(encoding="utf-8"))["providers"]["honest"]
    # Intervals and the recommendation depend on how many providers are tested at once.
    shares = {name: found["metrics"][name] for name in RATES}
    rates = {name: (one["value"], one["n"]) for name, one in shares.items()}
    counts = found["counts"] | {"client_limited": 0}  # a busy machine spoils times in either run
    kept = ("failures", "findings")
    return (
        {"counts": counts}
        | {name: found[name] for name in kept}
        | {"rates": rates, "avoided": found["assessment"]["recommendation"] == "avoid"}
    )


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_honest_provider_is_recorded_and_judged_as_alone(tmp_path: Path, server: str, kind: str) -> None:
    """The same bytes, no failure, the same result; and no hostile one is praised."""
    alone = send(tmp_path, server, (), "alone")
    beside = send(tmp_path, server, HOSTILE[kind], "beside")
    assert honest_record(beside) == honest_record(alone)
    assert honest_result(beside) == honest_result(alone)
    providers = json.loads((beside / "summary.json").read_text(encoding="utf-8"))["providers"]
    assert {name for name, one in providers.items() if one["assessment"]["recommendation"] == "use"} <= {"honest"}


def test_every_command_works_on_the_record(tmp_path: Path, server: str) -> None:
    """judge, report, show, gate, compare, site, replay and merge; the page stays small, and judging again agrees."""
    run = send(tmp_path, server, (*HOSTILE["the stream"][:2], *HOSTILE["the document"][:2]), "run")
    shutil.copytree(run, tmp_path / "again")
    (tmp_path / "bar.toml").write_text(BAR, encoding="utf-8")
    before = (run / "summary.json").read_bytes()
    trial = next(
        json.loads(line)["trial"]
        for line in (run / "exchanges.jsonl").read_text(encoding="utf-8").splitlines()
        if '"provider":"honest"' in line
    )
    commands: list[tuple[object, ...]] = [
        ("judge", "again"),
        ("report", "run"),
        ("report", "run", "--format", "markdown", "-o", "report.md"),
        ("report", "run", "--format", "junit", "-o", "report.xml"),
        ("show", "run"),
        ("show", "run", "geography/capital"),
        ("gate", "run", "--bar", "bar.toml"),
        ("compare", "run", "again"),
        ("site", "reports", "--add", "run", "-o", "site"),
        ("replay", "run", trial, "--providers", "providers.toml", "--out", "replayed"),
        ("merge", "run", "again", "-o", "merged"),
    ]
    for words in commands:
        done = trueweight(*words, cwd=tmp_path)
        assert done.returncode in (0, 1, 4), (words, done.returncode, done.stderr[-500:])
        assert "Traceback" not in done.stderr
        assert len(done.stdout) < 200_000, words
    assert (tmp_path / "again" / "summary.json").read_bytes() == before
    assert (run / "report.html").stat().st_size < 3 * MB
