"""Cost against work: sending, writing, judging and reporting 1,000, 10,000 and 100,000 exchanges.

    python tests/bench/scale RUN [SIZE ...] [--distinct] [--fire] [--before PYTHON] [--keep FOLDER]

The exchanges are those of a recorded run, again and again, as further repeats of its trials: with ids, a time of
creation and arrival times of their own, as if the hosts had answered the same again. With ``--distinct`` no two replies
are alike. For each step: CPU seconds of the process and its children, exchanges in a CPU second (of one core), and peak
memory of all its processes together, a page that several share counted once; and bytes on disk for one exchange. Beside
it, up to 10,000 exchanges, the figures of the version before, for a RUN that the first version recorded. The last lines
are the exponent of the CPU seconds, fitted to all sizes, and of the last two, in which the start of a process counts
little: 1 is linear, and 1.05 is the most that is meant to be.
"""

# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace as replace_struct

from trueweight.core import PROTOCOLS, Attempt, Case, Exchange, Mode, Provider, Stamp, Trial, trial_id
from trueweight.drift import SUITE as DRIFT
from trueweight.store import Manifest, RunDir, encode_exchange, record_file
from trueweight.wire import Environment, SendResult, WireSettings, run_loop, send

_SERVER = Path(__file__).parents[1] / "wire" / "server.py"
_LETTERS = string.ascii_letters + string.digits
_MOST_EXPONENT = 1.05
_LOOK = 0.25
"""Seconds between two looks at the memory of a step."""
SIZES = (1_000, 10_000, 100_000)


def enlarge(source: Path, out: Path, size: int, *, distinct: bool = False) -> None:
    """A run of so many exchanges, made from those of a run; drift is left out.

    Each copy has ids, a time of creation and times of its own, as if the host had answered the same again.

    Args:
        distinct: whether no two replies are alike: each has another ``system_fingerprint``.
    """
    with RunDir.open(source) as run:
        cases = {key: case for key, case in run.cases().items() if case.suite != DRIFT}
        providers = {provider.name: provider for provider in run.manifest.providers}
        recorded = [one for one in run.exchanges() if one.suite != DRIFT]
        times = -(-size // len(recorded))
        suites = tuple(suite for suite in run.manifest.suites if suite.name != DRIFT)
        manifest = replace_struct(run.manifest, repeats=run.manifest.repeats * times, options={}, suites=suites)
        with RunDir.create(out, manifest, cases.values()) as made:
            for exchange in _more(recorded, times, run.manifest.repeats, size, distinct=distinct):
                case, provider = cases[f"{exchange.suite}/{exchange.case}"], providers[exchange.provider]
                trial = trial_id(
                    case, provider, exchange.repeat, exchange.mode, exchange.api, thinking=exchange.thinking
                )
                made.append(replace(exchange, trial=trial))


def _more(recorded: Sequence[Exchange], times: int, repeats: int, size: int, *, distinct: bool) -> Iterator[Exchange]:
    rng = random.Random(size)
    for number in range(size):
        one = recorded[number % len(recorded)]
        # The second pass of the reference has the repeats from ``repeats`` on.
        second, own = divmod(one.repeat, repeats)
        repeat = second * repeats * times + number // len(recorded) * repeats + own
        start = datetime.fromisoformat(one.started_at) + timedelta(seconds=number // 50)
        attempts = tuple(_renewed(attempt, one.api, rng, distinct=distinct) for attempt in one.attempts)
        yield replace(one, repeat=repeat, started_at=start.isoformat(timespec="microseconds"), attempts=attempts)


def _renewed(attempt: Attempt, api: str, rng: random.Random, *, distinct: bool) -> Attempt:
    body, fresh = attempt.body, PROTOCOLS.get(api).fresh
    for value in {one[0] or one[1] for one in fresh.findall(body)} if fresh is not None else ():
        other = b"%010d" % rng.randrange(1_700_000_000, 1_800_000_000)
        if not value.isdigit():
            tail = min(20, len(value) // 2)
            other = value[:-tail] + "".join(rng.choices(_LETTERS, k=tail)).encode()
        body = body.replace(value, other)
    if distinct:
        body = body.replace(b"fp_trueweight", b"fp_%010x" % rng.getrandbits(40))
    pace = rng.uniform(0.8, 1.25)
    stamps = tuple(Stamp(round(ns * pace), offset) for ns, offset in attempt.stamps)
    return replace(attempt, body=body, stamps=stamps, t_done=max(attempt.t_done, *(ns for ns, _ in stamps), 0))


def as_first_version(source: Path, run: Path, out: Path) -> None:
    """The exchanges of a run in the files of the first version, which every version reads.

    Args:
        source: a run that the first version recorded; its manifest and its cases are taken.
        run: exchanges of these cases and providers.
    """
    out.mkdir()
    manifest = json.loads((source / "manifest.json").read_text())
    with RunDir.open(run) as made, (out / "exchanges.jsonl").open("wb") as lines:
        manifest["repeats"] = made.manifest.repeats
        for exchange in made.exchanges():
            lines.write(encode_exchange(exchange) + b"\n")
    (out / "manifest.json").write_text(json.dumps(manifest))
    shutil.copy(source / "cases.jsonl", out / "cases.jsonl")


def fire(url: str, out: Path, size: int) -> None:
    """Send so many plain requests to a server on loopback, and record the answers."""
    provider = Provider("bench", f"{url}/v1", "m", timeout=600)
    request = {"messages": [{"role": "user", "content": "Is it cold?"}], "max_tokens": 100}
    cases = [Case("fire", f"c{number}", request) for number in range(min(size, 1_000))]
    repeats = -(-size // len(cases))
    todo = [Trial.of(case, provider, repeat, Mode.PLAIN) for repeat in range(repeats) for case in cases][:size]

    async def go(run: RunDir) -> SendResult:
        settings = WireSettings(concurrency=64)
        return await send(todo, keys={"bench": "a-key"}, sink=run.append, settings=settings, environment=Environment())

    with RunDir.create(out, Manifest("0", 0, repeats, 1, (), (provider,), "now"), cases) as run:
        assert run_loop(lambda: go(run)).recorded == size


@contextmanager
def server() -> Iterator[str]:
    """The address of the server of the bench of the wire; its process ends with the block."""
    process = subprocess.Popen([sys.executable, str(_SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.stdin.close()
        process.wait()


class Cost(NamedTuple):
    """CPU seconds of a step and its children; peak memory of all its processes together, MB; exit code."""

    seconds: float
    peak: float
    code: int


def _memory(process: int) -> int:
    """The memory of a process and its descendants, kB: proportional set sizes, so that a shared page counts once."""
    total, todo = 0, [process]
    while todo:
        folder = Path("/proc", str(todo.pop()))
        try:
            todo += map(int, (folder / "task" / folder.name / "children").read_text().split())
            rollup = (folder / "smaps_rollup").read_text()
        except OSError:  # it has just ended
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def step(folder: Path, python: str, *words: str) -> Cost:
    """The cost of a step in a process of its own."""
    process = subprocess.Popen(
        [python, *words],
        env={**os.environ, "TRUEWEIGHT_CACHE": str(folder / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    peak, ended = 0, 0
    while not ended:
        peak = max(peak, _memory(process.pid))
        time.sleep(_LOOK)
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    # The largest process had its peak between two looks, if it is more than what they saw.
    return Cost(used.ru_utime + used.ru_stime, max(peak, used.ru_maxrss) / 1024, process.returncode)


def _exponent(points: Sequence[tuple[int, float]]) -> float:
    sizes, seconds = zip(*points, strict=True)
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


class Table:
    """Prints a row for each step, and at the end how each one's CPU seconds grow."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[tuple[int, float]]] = {}

    def add(self, name: str, size: int, cost: Cost) -> None:
        """Print a row."""
        self._seconds.setdefault(name, []).append((size, cost.seconds))
        rate = size / cost.seconds
        print(
            f"  {name:28}{cost.seconds:9.1f} s{rate:10,.0f} a CPU second{cost.peak:8.0f} MB  exit {cost.code}",
            flush=True,
        )

    def fit(self) -> None:
        """Print the exponent of each step with two sizes or more, and whether it is at most 1.05."""
        for name, points in self._seconds.items():
            if len(points) > 1:
                fitted, last = _exponent(points), _exponent(points[-2:])
                above = "" if max(fitted, last) <= _MOST_EXPONENT else ", above 1.05"
                print(f"{name:30} exponent {fitted:.2f}, of the last two sizes {last:.2f}{above}")


def measure(options: argparse.Namespace, size: int, table: Table, folder: Path) -> None:
    """Print the rows of one size."""
    run, own = folder / "run", sys.executable
    print(f"{size:,} exchanges")
    if options.fire:
        with server() as url:
            table.add("fire", size, step(folder, own, __file__, "--fire-at", url, str(folder / "fired"), str(size)))
    more = ["--distinct"] if options.distinct else []
    table.add("write", size, step(folder, own, __file__, "--enlarge", str(options.run), str(run), str(size), *more))
    for name, *words in (
        ("judge", "judge", str(run), "--quiet"),
        ("judge again", "judge", str(run), "--quiet"),
        ("report", "report", str(run), "--quiet"),
        ("gate", "gate", str(run), "--baseline", str(run)),
        ("compare", "compare", str(run), str(run)),
        ("show", "show", str(run)),
    ):
        table.add(name, size, step(folder, own, "-m", "trueweight", *words))
    disk = record_file(run).stat().st_size / size / 1000
    page = run / "report.html"
    print(f"  {disk:.2f} kB an exchange; page of {page.stat().st_size / 1e6 if page.exists() else 0:.1f} MB")
    if options.before and size <= options.before_most:
        old = folder / "old"
        as_first_version(options.run, run, old)
        for name in ("judge", "report"):
            cost = step(folder, options.before, "-m", "trueweight", name, str(old), "--quiet")
            table.add(f"{name}, version before", size, cost)
        print(f"  {(old / 'exchanges.jsonl').stat().st_size / size / 1000:.2f} kB an exchange, version before")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("sizes", type=int, nargs="*", metavar="SIZE", default=SIZES)
    parser.add_argument("--distinct", action="store_true", help="no two replies are alike")
    parser.add_argument("--fire", action="store_true", help="also send as many requests to a server on loopback")
    parser.add_argument("--before", metavar="PYTHON", help="an interpreter that has the version before")
    parser.add_argument("--before-most", type=int, default=10_000, metavar="SIZE", help="of larger sizes it is not run")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="a new folder in which the runs stay")
    options = parser.parse_args()
    table = Table()
    for size in options.sizes:
        if options.keep is None:
            with tempfile.TemporaryDirectory() as name:
                measure(options, size, table, Path(name))
        else:
            (folder := options.keep / str(size)).mkdir(parents=True)
            measure(options, size, table, folder)
    table.fit()


if __name__ == "__main__":
    if sys.argv[1] == "--enlarge":
        enlarge(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), distinct="--distinct" in sys.argv)
    elif sys.argv[1] == "--fire-at":
        fire(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
