"""How often `compare` calls a healthy fleet worse than it was in an earlier night.

Both runs are of the same hosts and the same cases. Random hosts answer anew in each night. Deterministic ones give the
same answers, but for a share of the cases, in which another batch or kernel gives another draw. The times of a host are
drawn anew, and in each night all of them are longer or shorter by one factor of log-sd ``load``.
"""

# ruff: noqa: T201
from __future__ import annotations

import itertools
from contextlib import ExitStack
from functools import partial
from unittest import mock

import numpy as np
from fleets import SPREADS, Fleet
from judged import draw_nights, judged_run

from trueweight.core.run_comparison import Change
from trueweight.metrics import Resampler, share, triggers
from trueweight.statistics.proportion import Ends, wilson
from trueweight.statistics.resample import Interval
from trueweight.workflow.compare import changes, compare

KINDS = ("independent", "alike", "fixed")
NOISE = 0.1
"""Share of the cases that a deterministic host answers otherwise in the next night."""
_ROWS = ((4, 60, (1, 1), 0.0, 1), (4, 60, (1, 1), 0.05, 1), (4, 60, (1, 3), 0.0, 1), (8, 125, (1, 1), 0.0, 4))
"""Hosts, cases, repeats of the run before and of the run after, load; and a divisor of the number of runs."""


def worse(fleet: Fleet, repeats: tuple[int, int], load: float, rng: np.random.Generator) -> tuple[bool, bool]:
    """Whether one comparison calls any metric of any host worse, and whether it calls only a time so."""
    drawn = draw_nights(fleet._replace(repeats=max(repeats)), rng, NOISE)
    runs = []
    for passes, kept in zip(drawn, repeats, strict=True):
        own = fleet._replace(repeats=kept)
        taken = {name: _first(one, max(repeats), kept) for name, one in passes.items()}
        runs.append(judged_run(own, taken, rng, load=load))
    with ExitStack() as stack:  # the intervals of shares, and the flipped cells, decide nothing
        stack.enter_context(mock.patch.object(changes, "Resampler", partial(Resampler, resamples=100)))
        stack.enter_context(mock.patch.object(changes, "flips", lambda *_: {}))
        for module in (share, triggers):
            stack.enter_context(mock.patch.object(module, "clustered", lambda *_: Ends(Interval(None, None), "")))
        found = compare(*runs).significant
    metrics = {one.metric for one in found if one.change is Change.WORSE}
    return bool(metrics), bool(metrics) and metrics <= {"ttft", "ttfo", "e2e"}


def _first(passes: np.ndarray, repeats: int, kept: int) -> np.ndarray:
    """The first repeats of each pass."""
    return passes[:, :, np.arange(passes.shape[2]) % repeats < kept]


def nights(runs: int) -> None:
    """Print the table; ``runs`` is per cell of a row."""
    print(f"{'hosts':>5} {'cases':>5} {'repeats':>8} {'load':>5} {'runs':>6}  worse in  95% interval    only a time")
    for hosts, cases, repeats, load, part in _ROWS:
        rng = np.random.default_rng([hosts, cases, *repeats, int(100 * load)])
        count = hits = times = 0
        for rate, kind, spread in itertools.product((0.8, 0.95, 1.0), KINDS, SPREADS):
            for _ in range(-(-runs // part)):
                found, only = worse(Fleet(hosts, cases, 1, rate, kind, spread, True), repeats, load, rng)
                count, hits, times = count + 1, hits + found, times + only
        low, high = wilson(hits, count).interval
        share = f"{hits / count:6.1%}  {low or 0:5.1%} – {1 if high is None else high:5.1%}"
        of = "/".join(map(str, repeats))
        print(f"{hosts:>5} {cases:>5} {of:>8} {load:>5} {count:>6}  {share}   {times / count:6.1%}", flush=True)
