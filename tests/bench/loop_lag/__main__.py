"""How late the event loop of a run is beside hostile providers: ``python tests/bench/loop_lag``.

``trueweight run`` with seven honest providers and one more, which is honest in the first row and hostile in the others.
A row has the lag that the run recorded of its loop, and that of an idle loop in another process at the same time: what
both have is the machine's. With the right to do so (root, Linux) both run before all other processes of the machine, so
that these add nothing. ``--source`` measures another version, from its ``src`` folder. Not a test: it prints a table
and asserts nothing.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
SERVER = ROOT / "tests" / "hostile" / "hostile_server.py"
HOSTILE = {
    "repeats-an-event-named-error": 40,
    "sends-content-letter-by-letter": 30,
    "sends-arguments-letter-by-letter": 30,
    "escapes-every-character": 5,
    "lists-names": 4,
    "sends-many-gzip-members": 30,
}
"""Name → cases: so many that a row has 500 samples or more, and takes no longer than it must."""
HONEST = 7
HONEST_CASES = 160
PERIOD = 0.01
KEY = "sk-bench-0123456789abcdef"
"""The run has a key, so that bodies are searched for it."""


class Lag(NamedTuple):
    """Samples, and milliseconds."""

    samples: int
    p50: float
    p99: float
    most: float


def go_first(*, really: bool = True) -> bool:
    """Let this process and its children run before all others of the machine. Returns whether that is allowed."""
    policy, priority = (os.SCHED_RR, 1) if really else (os.SCHED_OTHER, 0)
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError:
        return False
    return True


@contextmanager
def child(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A process that ends when its standard input is closed."""
    process = subprocess.Popen([sys.executable, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


async def idle() -> None:
    """Sample the lag of a loop that has nothing to do until standard input is closed, and print it."""
    go_first()
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    lags: list[float] = []
    while not reading.done():
        due = time.monotonic() + PERIOD
        await asyncio.sleep(PERIOD)
        lags.append((time.monotonic() - due) * 1e3)
    lags.sort()
    print(json.dumps([len(lags), *(lags[round(q * (len(lags) - 1))] for q in (0.5, 0.99, 1))]))


def send(folder: Path, url: str, last: str, source: Path) -> Lag:
    """The lag that a run recorded.

    Raises:
        SystemExit: if the run fails.
    """
    names = [*(f"honest-{number}" for number in range(HONEST)), last]
    tables = [
        f'[[provider]]\nname = "{name}"\nbase_url = "{url}/{name}/v1"\nmodel = "m"\napi_key_env = "BENCH_KEY"\n'
        for name in names
    ]
    (folder / "providers.toml").write_text("".join(tables), encoding="utf-8")
    lines = ["suite: lag", "title: lag", "version: 1", "cases:"]
    for number in range(HOSTILE.get(last, HONEST_CASES)):
        request = json.dumps({"messages": [{"role": "user", "content": f"Question {number}?"}], "max_tokens": 9})
        lines += [f"- id: c{number}", "  why: lag", "  severity: INFO", "  source: https://e.example"]
        lines += [f"  request: {request}"]
    (folder / "lag.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(source), "BENCH_KEY": KEY}
    command = [
        sys.executable,
        str(Path(__file__)),
        "--first",
        "run",
        "--providers",
        "providers.toml",
        "--suite",
        "lag.yaml",
    ]
    command += ["--out", "run", "--retries", "0", "--quiet"]
    words = subprocess.run([*command, "--help"], cwd=folder, env=env, capture_output=True, text=True, check=False)
    command += ["--no-probe"] if "--no-probe" in words.stdout else []
    record = folder / "run" / "client.json"
    with (folder / "errors").open("w+b") as errors:
        process = subprocess.Popen(command, cwd=folder, env=env, stderr=errors)
        while process.poll() is None and not record.exists():
            time.sleep(0.1)
        process.kill()  # the rest is judging, which has no loop
        process.wait()
        if not record.exists():
            errors.seek(0)
            raise SystemExit(f"the run failed with exit code {process.returncode}: {errors.read()[-500:].decode()}")
    found = json.loads(record.read_bytes())["sessions"][-1]
    return Lag(found["samples"], found["lag_p50_ms"], found["lag_p99_ms"], found["lag_max_ms"])


def row(last: str, size: int, source: Path) -> str:
    """One line of the table."""
    with tempfile.TemporaryDirectory() as folder, child(str(SERVER), str(size)) as server:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        with child(str(Path(__file__)), "--idle") as beside:
            lag = send(Path(folder), url, last, source)
            assert beside.stdin is not None and beside.stdout is not None
            beside.stdin.close()
            quiet = Lag(*json.loads(beside.stdout.read()))
    return f"{last:<34}" + "".join(
        f" {one.samples:>7}" + "".join(f" {ms:>6.1f}" for ms in one[1:]) for one in (lag, quiet)
    )


def main() -> None:
    """Run all rows and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=7.5, help="size of a hostile body  [default: 7.5]")
    parser.add_argument("--only", action="append", help="a name of tests/hostile/hostile_replies.py")
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="src folder of the version to measure")
    parser.add_argument("--idle", action="store_true", help=argparse.SUPPRESS)
    if sys.argv[1:2] == ["--first"]:
        go_first()
        os.execv(sys.executable, [sys.executable, "-m", "trueweight", *sys.argv[2:]])
    options = parser.parse_args()
    if options.idle:
        asyncio.run(idle())
        return
    machine = f"{platform.platform()}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}")
    print(f"{HONEST} honest providers and one more, whose bodies have {options.megabytes:g} MB")
    first = "the run and the idle loop before all other processes of the machine"
    print(first if go_first() else "beside all other processes of the machine")
    go_first(really=False)
    print(f"{'':<34} {'lag of the run, ms':>28} {'idle loop beside, ms':>28}")
    print(f"{'the one more':<34}" + f" {'samples':>7} {'p50':>6} {'p99':>6} {'max':>6}" * 2)
    for last in options.only or ("honest-too", *HOSTILE):
        print(row(last, round(options.megabytes * 2**20), options.source.resolve()), flush=True)


if __name__ == "__main__":
    main()
