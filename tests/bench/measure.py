"""How long, and how much memory, measuring a large run takes: ``python tests/bench/measure.py [providers] [cases]``.

Random observations (two modes, a reference asked twice) are made in memory, measured, and the cost is printed with the
machine it was had on. Not a test: nothing here is asserted.
"""

# ruff: noqa: T201
from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Iterator

import numpy as np

from trueweight.core import Finding, Finish, Mode, Observation, Outcome, Severity, Timing
from trueweight.metrics import CaseInfo, measure

_PASS = Finding("tool-arguments-json", Outcome.PASS, Severity.MUST)
_FAIL = Finding("tool-arguments-json", Outcome.FAIL, Severity.MUST, "arguments are not JSON")


def observe(provider: str, cases: list[CaseInfo], repeats: int, rng: np.random.Generator) -> Iterator[Observation]:
    """Trials of one provider: half of the cases call, 2% of the trials are lost, 5% of the calls are invalid."""
    for i, info in enumerate(cases):
        for mode in info.modes:
            for repeat in range(repeats):
                lost, valid, called = rng.random() < 0.02, rng.random() < 0.95, rng.random() < (0.95, 0.05)[i % 2]
                first = int(rng.lognormal(19, 0.5))
                yield Observation(
                    f"{info.key}{mode}{repeat}",
                    provider,
                    "bench",
                    info.key,
                    repeat,
                    mode,
                    attempts=1,
                    first_ok=not lost,
                    ok=not lost,
                    arrived=not lost,
                    called=called and not lost,
                    calls_valid=valid if called and not lost else None,
                    finish=(Finish.CALLS if called else Finish.STOP) if not lost else None,
                    expects_call=i % 2 == 0,
                    cost=float(rng.random()) / 1000,
                    timing=Timing(ttft=first, service=first * 3, response=first * 3, output_speed=float(rng.random())),
                    findings=(_PASS if valid else _FAIL,),
                )


def main(providers: int = 20, count: int = 4000) -> None:
    """Measure and print."""
    rng = np.random.default_rng(1)
    cases = [CaseInfo(f"bench/{i}", (Mode.PLAIN, Mode.STREAM), True, False) for i in range(count)]
    names = ["reference", *(f"candidate-{i}" for i in range(1, providers))]
    seen = {name: list(observe(name, cases, 2 if name == "reference" else 1, rng)) for name in names}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start, busy = time.perf_counter(), time.process_time()
    found = measure(seen, cases, reference="reference", repeats=1, passes=2, seed=1)
    took, cpu = time.perf_counter() - start, time.process_time() - busy
    trials = sum(len(rows) for rows in seen.values())
    estimates = sum(map(len, found.metrics.values())) + sum(map(len, found.versus_reference.values()))
    load = os.getloadavg()[0]
    machine = f"{platform.machine()}, {os.cpu_count()} cores ({load:.1f} load)"
    print(f"{machine}, Python {platform.python_version()}, numpy {np.__version__}")
    print(f"{'providers':>10} {'cases':>7} {'trials':>8} {'estimates':>10} {'wall s':>8} {'CPU s':>8}")
    print(f"{providers:>10} {count:>7} {trials:>8} {estimates:>10} {took:>8.2f} {cpu:>8.2f}")
    print(f"resident: {before:.0f} MB with the observations, peak {_peak():.0f} MB")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
