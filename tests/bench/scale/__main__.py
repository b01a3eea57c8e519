"""Cost against work: writing, judging and reporting 1,000, 10,000 and 100,000 exchanges.

    python tests/bench/scale RUN [SIZE ...]

The exchanges are those of a recorded run, again and again, as further repeats of its trials. For each step: CPU seconds
of this process and its children, peak memory of the largest process, and bytes on disk for one exchange. The last lines
are the exponent of the CPU seconds, fitted to the sizes: 1 is linear.
"""

# ruff: noqa: T201
from __future__ import annotations

import os
import random
import resource
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from msgspec.structs import replace as replace_struct

from trueweight.core import PROTOCOLS, Attempt, Exchange, Stamp, trial_id
from trueweight.drift import SUITE as DRIFT
from trueweight.store import RunDir, record_file

_LETTERS = string.ascii_letters + string.digits
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
        manifest = replace_struct(run.manifest, repeats=run.manifest.repeats * times, options={})
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


def step(name: str, run: Path, *words: str) -> tuple[float, str]:
    """CPU seconds of a step in a process of its own, and its row of the table."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "TRUEWEIGHT_CACHE": str(run.parent / "cache")},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, f"{name:16}{seconds:9.1f} s{after.ru_maxrss / 1024:8.0f} MB  exit {done.returncode}"


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    source = Path(arguments[0])
    sizes = [int(one) for one in arguments[1:]] or SIZES
    took: dict[str, list[float]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            run = Path(name) / "run"
            words = {
                "write": [str(Path(__file__)), "--enlarge", str(source), str(run), str(size)],
                "judge": ["-m", "trueweight", "judge", str(run), "--quiet"],
                "report": ["-m", "trueweight", "report", str(run), "--quiet"],
                "gate": ["-m", "trueweight", "gate", str(run), "--baseline", str(run)],
            }
            print(f"{size:,} exchanges")
            for kind, command in words.items():
                seconds, row = step(kind, run, *command)
                took.setdefault(kind, []).append(seconds)
                print(f"  {row}{f', {size / seconds:,.0f} a second' if kind in ('write', 'judge') else ''}", flush=True)
            report = run / "report.html"
            page = report.stat().st_size / 1e6 if report.exists() else 0.0
            print(f"  {record_file(run).stat().st_size / size / 1000:.2f} kB an exchange; page of {page:.1f} MB")
    if len(sizes) > 1:
        for kind, seconds_of in took.items():
            exponent = np.polyfit(np.log(sizes), np.log(seconds_of), 1)[0]
            print(f"{kind:8} exponent {exponent:.2f}")


if __name__ == "__main__":
    if sys.argv[1] == "--enlarge":
        enlarge(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), distinct="--distinct" in sys.argv)
    else:
        main(sys.argv[1:])
