"""How often healthy hosts are accused and faulty ones found: ``python tests/bench/verdict [runs] [--reference]``.

Each row pools mean pass rates, even and uneven cases, and hosts whose trials are independent, alike or fixed. A run
counts as a false accusation if any healthy host in it is called worse or slower. The interval is exact (95%). Power is
that of finding the last host, and is shown for each mean rate, because it depends on it. ``runs`` is per cell of a row.
"""

# ruff: noqa: T201
from __future__ import annotations

import itertools
import os
import platform
import sys
from pathlib import Path

import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parent))

from fleets import KINDS, SPREADS, Fleet, accused, summary_of

RATES = (0.6, 0.8, 0.9, 0.95, 0.99, 1.0)


def limits(hits: int, runs: int) -> str:
    """A share of runs with its exact interval."""
    ends = stats.binomtest(hits, runs).proportion_ci(0.95, method="exact")
    return f"{hits / runs:6.1%}  {ends.low:5.1%} – {ends.high:5.1%}"


def healthy(runs: int, reference: bool) -> None:
    """Runs in which any healthy host is accused."""
    print(f"{'hosts':>5} {'cases':>5} {'repeats':>7} {'runs':>6}  accused in  95% interval")
    total = [0, 0]
    for hosts, cases, repeats in itertools.product((8, 20), (60, 125), (1, 3, 5)):
        rng = np.random.default_rng([hosts, cases, repeats, reference])
        hits = count = 0
        for rate, kind, spread in itertools.product(RATES, KINDS, SPREADS):
            fleet = Fleet(hosts, cases, repeats, rate, kind, spread, reference)
            for _ in range(runs):
                hits += bool(accused(summary_of(fleet, rng)))
                count += 1
        total = [total[0] + hits, total[1] + count]
        print(f"{hosts:>5} {cases:>5} {repeats:>7} {count:>6}  {limits(hits, count)}", flush=True)
    print(f"{'all rows':>19} {total[1]:>6}  {limits(*total)}", flush=True)


def faulty(runs: int, reference: bool) -> None:
    """How often a host with a fault is found, at 125 cases and 3 repeats."""
    print(
        f"{'hosts':>5} {'fault':>6} {'modes':>5} {'spread':>7} {'trials':>12}  " + "  ".join(f"p={r:<5}" for r in RATES)
    )
    for hosts, fault, modes in itertools.product((8, 20), (0.05, 0.1), (1, 2)):
        for spread, kind in itertools.product(SPREADS, KINDS):
            rng = np.random.default_rng([hosts, modes, int(100 * fault), reference])
            shares = []
            for rate in RATES:
                fleet = Fleet(hosts, 125, 3, rate, kind, spread, reference, fault, modes)
                found = sum(fleet.names()[-1] in accused(summary_of(fleet, rng)) for _ in range(runs))
                shares.append(found / runs)
            row = "  ".join(f"{share:7.0%}" for share in shares)
            print(f"{hosts:>5} {fault:>6.0%} {modes:>5} {spread:>7} {kind:>12}  {row}", flush=True)


def main(arguments: list[str]) -> None:
    """Print the tables and the machine."""
    numbers = [int(one) for one in arguments if one.isdigit()]
    runs = numbers[0] if numbers else 30
    sides = [side for side in (True, False) if ("--others" if side else "--reference") not in arguments]
    load = os.getloadavg()[0]
    machine = f"{platform.machine()}, {os.cpu_count()} cores ({load:.1f} load)"
    print(f"{machine}, Python {platform.python_version()}, numpy {np.__version__}, {runs} runs a cell")
    for reference in sides:
        print(f"\n{'With a reference' if reference else 'Without one, each host against the others'}")
        if "--power" not in arguments:
            healthy(runs, reference)
        if "--healthy" not in arguments:
            faulty(runs, reference)


if __name__ == "__main__":
    main(sys.argv[1:])
