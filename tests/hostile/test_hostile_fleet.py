"""A pair of honest providers beside hostile ones: what is recorded and decided of it is as without them, and every
command works on the record."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hostile_replies import KB, MB

from in_process import trueweight
from records import recorded_lines
from trueweight.report.formats import format_names
from trueweight.store import record_file

HERE = Path(__file__).parent
SIZE = 512 * KB
HONEST = ("honest", "honest-too")
"""The reference and a candidate."""
HOSTILE = {
    "the connection": (
        "never-ends", "trickles", "sends-chunks-of-one-byte", "sends-a-body-with-an-interim-response", "hangs-up",
        "says-nothing", "sends-nothing", "names-an-unknown-encoding",
    ),
    "the stream": (
        "repeats-an-event-named-error", "repeats-error-events", "repeats-empty-events",
        "sends-content-letter-by-letter", "sends-arguments-letter-by-letter", "sends-content-in-many-choices",
        "sends-many-calls", "sends-wrong-types", "sends-usage-with-every-chunk", "sends-a-huge-choice-index",
    ),
    "the document": (
        "nests-arrays", "nests-json-in-content", "lists-objects", "lists-names", "sends-half-surrogates",
        "sends-many-plain-calls", "lists-json-numbers-in-content", "sends-a-gzip-bomb", "sends-many-choices",
    ),
    "the text": (
        "leaks-half-markers", "opens-think-tags", "opens-fences", "sends-long-reasoning", "writes-in-every-script",
        "writes-invisible-characters", "lists-thousands-in-content", "sends-a-page",
    ),
}  # fmt: skip
ONE_OF_EACH = ("hangs-up", "sends-usage-with-every-chunk", "sends-half-surrogates", "opens-think-tags")
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


def command(server: str, names: Sequence[str], out: str, folder: Path) -> list[object]:
    """The command that sends to the pair and these others; its files are in the folder."""
    tables = [
        f'[[provider]]\nname = "{name}"\nbase_url = "{server}/{name}/v1"\nmodel = "m"\ntimeout = 3\n'
        f'role = "{"reference" if name == HONEST[0] else "candidate"}"\n'
        for name in (*HONEST, *names)
    ]
    (folder / f"{out}.toml").write_text("\n".join(tables), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    return [
        "run", "--providers", f"{out}.toml", "--suite", "suite.yaml", "--out", out, "--retries", 0, "--quiet",
        "--max-response", 4,
    ]  # fmt: skip


def send(server: str, names: Sequence[str], out: str, folder: Path) -> Path:
    """A run of the pair and these others."""
    done = trueweight(*command(server, names, out, folder), cwd=folder)
    assert done.returncode in (0, 1, 3), done.stderr
    return folder / out


def summary_of(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    return found


def honest_record(run: Path) -> list[Any]:
    """All that the pair sent, without the times, the room for a thought and what depends on it."""
    return sorted(
        [
            *(one[name] for name in ("provider", "case", "repeat", "mode", "outcome")),
            [(attempt["status"], attempt["failure"], attempt["body"]) for attempt in one["attempts"]],
        ]
        for one in recorded_lines(run)
        if one["provider"] in HONEST
    )


def verdict(run: Path, name: str) -> dict[str, Any]:
    """What the summary says of a provider, without times and limits: these depend on how many providers there are."""
    found = summary_of(run)["providers"][name]
    reasons = [reason for reason in found["assessment"]["reasons"] if "time" not in reason.get("metric", "")]
    return {
        "counts": found["counts"] | {"client_limited": 0},  # a busy machine spoils times in either run
        "rates": {
            metric: (one["value"], one["n"]) for metric, one in found["metrics"].items() if one["unit"] == "share"
        },
        "recommendation": found["assessment"]["recommendation"],
        "reasons": [(reason["code"], reason.get("check"), reason.get("count"), reason.get("of")) for reason in reasons],
        "failures": found["failures"],
        "findings": found["findings"],
        "setup fault": [one["fault"] for one in found["probe"]],
    }


@pytest.fixture(scope="module")
def alone(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the pair, without a hostile provider."""
    return send(server, (), "alone", tmp_path_factory.mktemp("alone"))


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_pair_is_recorded_and_judged_as_alone(tmp_path: Path, server: str, alone: Path, kind: str) -> None:
    """The same bytes, no failure, the same result; and of each hostile one there is something to be seen."""
    beside = send(server, HOSTILE[kind], "beside", tmp_path)
    assert honest_record(beside) == honest_record(alone)
    for name in HONEST:
        assert verdict(beside, name) == verdict(alone, name)
    for name in HOSTILE[kind]:
        found = verdict(beside, name)
        assert found["failures"] or found["findings"], name
        assert found["recommendation"] != "use", name
        assert found["setup fault"] == [None], name


def test_every_command_works_on_the_record(tmp_path: Path, server: str) -> None:
    """Pages stay small, screens too; judging again agrees; what is sent again or resumed is of the hostile ones."""
    sending = command(server, ONE_OF_EACH, "run", tmp_path)
    run = send(server, ONE_OF_EACH, "run", tmp_path)
    shutil.copytree(run, tmp_path / "again")
    (tmp_path / "bar.toml").write_text(BAR, encoding="utf-8")
    before, recorded = (run / "summary.json").read_bytes(), honest_record(run)
    trials = {one["provider"]: one["trial"] for one in recorded_lines(run)}
    commands: list[tuple[object, ...]] = [
        ("judge", "again"),
        *(("report", "run", "--format", name, "-o", f"report.{name}") for name in format_names()),
        ("report", "run"),
        ("show", "run"),
        ("show", "run", "geography/capital"),
        *(("show", "run", "geography/capital", "--provider", name, "--json") for name in ONE_OF_EACH),
        ("gate", "run", "--bar", "bar.toml"),
        ("compare", "run", "again"),
        ("compare", "run", "again", "--format", "markdown"),
        ("site", "reports", "--add", "run", "-o", "site"),
        ("site", "reports", "--add", "run", "-o", "public", "--public"),
        *(("replay", "run", trials[name], "--providers", "run.toml", "--out", f"replayed-{name}") for name in trials),
        *(("shrink", "run", "geography/capital", "--provider", name, "--max-requests", 4) for name in ONE_OF_EACH[1:3]),
        ("merge", "run", "again", "-o", "merged"),
        tuple(sending),
        (*sending, "--retry-errors"),
    ]
    for words in commands:
        done = trueweight(*words, cwd=tmp_path)
        assert done.returncode in (0, 1, 3, 4), (words, done.returncode, done.stderr[-500:])
        assert "Traceback" not in done.stderr
        assert "Internal error" not in done.stderr
        assert len(done.stdout) < (600_000 if "--json" in words else 200_000), words
    assert (tmp_path / "again" / "summary.json").read_bytes() == before
    assert honest_record(run) == recorded
    assert (run / "report.html").stat().st_size < 3 * MB
    done = pytest_of(tmp_path)
    assert done.returncode == 1, done.stdout[-2000:]
    assert "INTERNALERROR" not in done.stdout
    assert len(done.stdout) < 200_000


def pytest_of(folder: Path) -> subprocess.CompletedProcess[str]:
    """pytest with the run's cases as its tests, in a process without this one's settings."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--trueweight-run", "run"]
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, encoding="utf-8", check=False)


def test_a_run_that_was_cut_is_resumed(tmp_path: Path, server: str) -> None:
    """Half of the record and a torn line, as a kill leaves them: the rest is sent, and the pair's record is whole."""
    run = send(server, ONE_OF_EACH, "run", tmp_path)
    whole = honest_record(run)
    trials = {one["trial"] for one in recorded_lines(run)}
    data = record_file(run).read_bytes()
    record_file(run).write_bytes(data[: len(data) // 2])
    kept = {one["trial"] for one in recorded_lines(run)}
    assert 0 < len(kept) < len(trials)
    send(server, ONE_OF_EACH, "run", tmp_path)
    assert honest_record(run) == whole
    lines = [one["trial"] for one in recorded_lines(run)]
    assert len(lines) == len(set(lines))
