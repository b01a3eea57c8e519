"""How often an interval holds the truth: ``python tests/bench/verdict [runs] --coverage``; nominal is 95%.

The truth of an F1 difference is that of 60,000 cases of the same kind. Where the data support one limit only, that one
has to hold.
"""

# ruff: noqa: T201
from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
from fleets import REFERENCE, Fleet, draw, table_of

from trueweight.core import Estimate
from trueweight.metrics import Resampler, make_samples, trial_metrics
from trueweight.statistics.paired import difference_by_case
from trueweight.statistics.proportion import clustered, wilson
from trueweight.statistics.quantile import quantile
from trueweight.statistics.ratio import ratio_interval
from trueweight.statistics.resample import Interval

_MANY = 60_000
Trial = Callable[[np.random.Generator], tuple[Interval | Estimate | None, float]]
"""One interval (None where none is shown), and the estimate in it."""


def coverage(runs: int) -> None:
    """Print the table."""
    print(f"{'interval':<46} {'shown':>6}  held, 95% interval     outside")
    for words, truth, trial in _rows():
        rng = np.random.default_rng(len(words))
        shown = held = outside = 0
        for _ in range(runs):
            found, value = trial(rng)
            if found is None or (found.low is None and found.high is None):
                continue
            low = -np.inf if found.low is None else found.low
            high = np.inf if found.high is None else found.high
            shown, held, outside = shown + 1, held + (low <= truth <= high), outside + (not low <= value <= high)
        ends = wilson(held, shown).interval if shown else Interval(None, None)
        share = f"{held / max(shown, 1):6.1%}  {ends.low or 0:5.1%} – {1 if ends.high is None else ends.high:5.1%}"
        print(f"{words:<46} {shown:>6}  {share}   {outside:>5}", flush=True)


def _rows() -> Iterator[tuple[str, float, Trial]]:
    for q, n, per_case in ((0.95, 60, 2), (0.95, 200, 2), (0.95, 120, 1), (0.99, 500, 1), (0.99, 250, 4), (0.5, 20, 2)):
        yield _quantile(q, n, per_case)
    for n, spread in itertools.product((30, 60, 200), (0.3, 1.0)):
        yield _cost(n, spread)
    for cases, rate, fault, kind in itertools.product((60, 24), (0.8, 0.95), (0.0, 0.1), ("independent", "alike")):
        yield _f1(Fleet(2, cases, 1, rate, kind, "even", True, fault))
    for cases, rate, kind in itertools.product((20, 60, 200), (0.6, 0.9, 0.97), ("independent", "alike", "fixed")):
        yield _share(Fleet(1, cases, 2, rate, kind, "even", False))
        yield _paired(Fleet(2, cases, 2, rate, kind, "even", False, 0.1))


def _share(fleet: Fleet) -> tuple[str, float, Trial]:
    """The share of trials that pass, of four a case: two repeats of two modes."""

    def trial(rng: np.random.Generator) -> tuple[Interval, float]:
        passes = draw(fleet, rng)["host-0"].reshape(fleet.cases, -1)
        ends = clustered(
            passes.sum(axis=1), np.full(fleet.cases, 4.0), Resampler(fleet.cases, int(rng.integers(2**31)))
        )
        return ends.interval, float(passes.mean())

    return f"share, {fleet.cases} cases × 4, rate {fleet.rate}, {fleet.kind}", fleet.rate, trial


def _paired(fleet: Fleet) -> tuple[str, float, Trial]:
    """The difference of two hosts' rates, paired by case."""

    def trial(rng: np.random.Generator) -> tuple[Estimate, float]:
        theirs, ours = (one.mean(axis=(1, 2)) for one in draw(fleet, rng).values())
        resampler = Resampler(fleet.cases, int(rng.integers(2**31)))
        found = difference_by_case(ours, theirs, resampler, of=fleet.cases).estimate
        return found, float((ours - theirs).mean())

    return f"difference, {fleet.cases} cases × 4, rate {fleet.rate}, {fleet.kind}", -fleet.fault, trial


def _f1(fleet: Fleet) -> tuple[str, float, Trial]:
    metric = trial_metrics()["tool_call_f1"]

    def trial(rng: np.random.Generator, size: int = fleet.cases) -> tuple[Estimate, float]:
        drawn = draw(fleet._replace(cases=size), rng)
        tables = {name: table_of(passes, rng) for name, passes in drawn.items()}
        resampler = Resampler(size, int(rng.integers(2**31)), resamples=2000 if size < _MANY else 2)
        sample = make_samples(tables, REFERENCE, fleet.repeats, 2, resampler)["host-1"]
        assert metric.difference is not None
        found = metric.difference(sample, sample).estimate
        return found, float("nan") if found.value is None else found.value

    _, truth = trial(np.random.default_rng(9), _MANY)
    words = f"F1 difference, {fleet.cases} cases, rate {fleet.rate}, fault {fleet.fault}, {fleet.kind}"
    return words, truth, trial


def _quantile(q: float, cases: int, per_case: int) -> tuple[str, float, Trial]:
    """Log-normal times; half of the variance of their logarithm is that of the case."""
    part = 0.6 / np.sqrt(2)

    def values(rng: np.random.Generator, size: int) -> np.ndarray:
        return np.exp(rng.normal(0, part, (size, 1)) + rng.normal(0, part, (size, per_case))).ravel()

    def trial(rng: np.random.Generator) -> tuple[Interval, float]:
        seen = values(rng, cases)
        return quantile(seen, q, np.repeat(np.arange(cases), per_case))[0], float(np.quantile(seen, q))

    truth = float(np.quantile(values(np.random.default_rng(9), 2_000_000 // per_case), q))
    return f"p{100 * q:g}, {cases} cases × {per_case}", truth, trial


def _cost(cases: int, spread: float) -> tuple[str, float, Trial]:
    """Log-normal costs for each of a binomial number of calls."""

    def trial(rng: np.random.Generator) -> tuple[Interval | None, float]:
        costs, calls = rng.lognormal(0, spread, cases), rng.binomial(2, 0.8, cases).astype(float)
        return ratio_interval(costs, calls), float(costs.sum() / calls.sum())

    return f"cost, {cases} cases, log-sd {spread}", float(np.exp(spread**2 / 2) / 1.6), trial
