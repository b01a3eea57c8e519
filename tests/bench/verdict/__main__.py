"""How often healthy hosts are accused and faulty ones found: ``python tests/bench/verdict [runs] [--healthy]``.

Each row of healthy fleets pools mean pass rates, even and uneven cases, and hosts whose trials are independent, alike
or fixed (see ``fleets.py``). A run counts if any healthy host in it is called worse; "slower" is counted apart. The
intervals are Wilson's (95%). Power is that of finding the last host, and is shown for each mean rate, because it
depends on it. ``runs`` is per cell of a row. ``--healthy``, ``--power`` or ``--best`` prints that table alone (the best
possible test: ``best.py``); ``--beside`` how hosts fare beside broken ones; ``--compare`` how often `compare` calls a
second run of the same hosts worse (``nights.py``); ``--unusual`` healthy fleets of other shapes (``unusual.py``);
``--coverage`` how often intervals hold (``coverage.py``); ``--reference`` or ``--others`` one side; ``--hosts 20`` the
rows of that size; ``8x60x1 20x125x3`` of healthy fleets only the rows of so many hosts, cases and repeats, in this
order.
"""

# ruff: noqa: T201
from __future__ import annotations

import itertools
import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from best import best_power
from coverage import coverage
from fleets import KINDS, SPREADS, Fleet, draw
from nights import nights
from tables import verdict
from unusual import unusual

from trueweight.statistics.proportion import wilson

BROKEN, BROKEN_BY = ("host-1", "host-2"), 0.4
"""Hosts that are broken in the table of `beside`, and the share of the cases that they fail."""
RATES = (0.6, 0.8, 0.9, 0.95, 0.99, 1.0)


def limits(hits: int, runs: int) -> str:
    """A share of runs with its interval."""
    low, high = wilson(hits, runs).interval
    return f"{hits / runs:6.1%}  {low or 0:5.1%} – {1 if high is None else high:5.1%}"


Row = tuple[int, ...]
"""Hosts, cases and repeats."""


def healthy(runs: int, reference: bool, rows: Sequence[Row]) -> None:
    """Runs in which any healthy host is accused."""
    print(f"{'hosts':>5} {'cases':>5} {'repeats':>7} {'runs':>6}  worse in  95% interval    slower in", flush=True)
    by_kind = {(kind, spread): [0, 0] for kind in KINDS for spread in SPREADS}
    for hosts, cases, repeats in rows:
        rng = np.random.default_rng([hosts, cases, repeats, reference])
        hits = slow = count = 0
        for rate, kind, spread in itertools.product(RATES, KINDS, SPREADS):
            fleet = Fleet(hosts, cases, repeats, rate, kind, spread, reference)
            for _ in range(runs):
                found = verdict(fleet, draw(fleet, rng), rng)
                hits, slow, count = hits + bool(found.worse), slow + bool(found.slower), count + 1
                by_kind[kind, spread][0] += bool(found.worse)
                by_kind[kind, spread][1] += 1
        print(f"{hosts:>5} {cases:>5} {repeats:>7} {count:>6}  {limits(hits, count)}   {slow / count:6.1%}", flush=True)
    for (kind, spread), (hits, count) in by_kind.items():
        print(f"{kind + ', ' + spread:>26} {count:>6}  {limits(hits, count)}", flush=True)


def faulty(runs: int, reference: bool, sizes: tuple[int, ...]) -> None:
    """How often a host with a fault is found, at 125 cases and 3 repeats of both modes."""
    heads = "  ".join(f"p={rate:<5}" for rate in RATES)
    print(f"{'hosts':>5} {'fault':>6} {'in':>10} {'spread':>7} {'trials':>15}  {heads}")
    faults = itertools.product(sizes, (False, True), (0.05, 0.1), SPREADS, KINDS)
    for hosts, one_mode, fault, spread, kind in faults:
        rng = np.random.default_rng([hosts, one_mode, int(100 * fault), reference])
        shares = []
        for rate in RATES:
            fleet = Fleet(hosts, 125, 3, rate, kind, spread, reference, fault, one_mode=one_mode)
            found = sum(fleet.names()[-1] in verdict(fleet, draw(fleet, rng), rng).worse for _ in range(runs))
            shares.append(found / runs)
        row = "  ".join(f"{share:7.0%}" for share in shares)
        where = "one mode" if one_mode else "both modes"
        print(f"{hosts:>5} {fault:>6.0%} {where:>10} {spread:>7} {kind:>15}  {row}", flush=True)


def best(runs: int) -> None:
    """How often the best possible test finds a host with a fault in both modes, and how often the assessment's does."""
    print(f"{'hosts':>5} {'fault':>6} {'trials':>15} {'spread':>7} {'rate':>5} {'best':>6}  found, 95% interval")
    kinds = ("fixed", "fixed by mode", "alike", "mixed")
    rows = itertools.product((8, 20), (0.05, 0.1), kinds, SPREADS, (0.8, 0.9, 0.95), (True, False))
    for hosts, fault, kind, spread, rate, reference in rows:
        if kind != "fixed" and (hosts == 20 or rate == 0.95):
            continue
        fleet = Fleet(hosts, 125, 3, rate, kind, spread, reference, fault)
        rng = np.random.default_rng([hosts, int(100 * fault), kinds.index(kind), reference, int(100 * rate)])
        last = fleet.names()[-1]
        found = sum(last in verdict(fleet, draw(fleet, rng), rng, only=last).worse for _ in range(runs))
        shown = f"{hosts:>5} {fault:>6.0%} {kind:>15} {spread:>7} {rate:>5} {best_power(fleet, rng):6.0%}"
        print(f"{shown}  {limits(found, runs)}  {'reference' if reference else 'others'}", flush=True)


def beside(runs: int) -> None:
    """How often a healthy host is accused, and one that is 10 points worse is found, beside two broken hosts."""
    print(f"{'trials':>12} {'spread':>7}  worse in  95% interval     found")
    for kind, spread, reference in itertools.product(
        ("independent", "alike", "fixed", "mixed"), SPREADS, (True, False)
    ):
        rng, accused, found = np.random.default_rng([5, len(kind), len(spread), reference]), 0, 0
        for fault in (0.0, 0.1):
            fleet = Fleet(8, 125, 1, 0.9, kind, spread, reference, fault)
            for _ in range(runs):
                drawn = draw(fleet, rng)
                for name in BROKEN:
                    drawn[name] &= rng.random((fleet.cases, 1, 1)) >= BROKEN_BY
                worse = verdict(fleet, drawn, rng).worse - set(BROKEN)
                accused, found = accused + bool(worse and not fault), found + bool(fault and fleet.names()[-1] in worse)
        side = "reference" if reference else "others"
        print(f"{kind:>12} {spread:>7}  {limits(accused, runs)}   {found / runs:5.0%}  {side}", flush=True)


def main(arguments: list[str]) -> None:
    """Print the tables and the machine."""
    numbers = [int(one) for one in arguments if one.isdigit()]
    runs = numbers[0] if numbers else 30
    sides = [side for side in (True, False) if ("--others" if side else "--reference") not in arguments]
    load = os.getloadavg()[0]
    machine = f"{platform.machine()}, {os.cpu_count()} cores ({load:.1f} load)"
    print(f"{machine}, Python {platform.python_version()}, numpy {np.__version__}, {runs} runs a cell")
    sizes = (20,) if "--hosts 20" in " ".join(arguments) else (8, 20)
    chosen = [tuple(map(int, one.split("x"))) for one in arguments if re.fullmatch(r"\d+x\d+x\d+", one)]
    for word, table in (("--best", best), ("--beside", beside), ("--compare", nights), ("--coverage", coverage)):
        if word in arguments:
            table(runs)
            return
    for reference in sides:
        print(f"\n{'With a reference' if reference else 'Without one, each host against the others'}")
        if "--unusual" in arguments:
            unusual(runs, reference)
            continue
        if "--power" not in arguments:
            healthy(runs, reference, chosen or list(itertools.product(sizes, (60, 125), (1, 3, 5))))
        if "--healthy" not in arguments:
            faulty(runs, reference, sizes)


if __name__ == "__main__":
    main(sys.argv[1:])
