"""The decision of `trueweight.assess.significance` on tables of passes, without the summary: a hundred times faster.

The tests, their combination and their correction are those of the assessment; what is left out are the intervals. A
test of the suite holds that both ways give the same p-values. A test whose difference is far from significant gets a
p-value of 1 without being computed: `_far` is a normal approximation with a wide margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from fleets import REFERENCE, Fleet

from trueweight.assess.significance import AGREEMENT, CASES, FAULTS, RIGHT, TIMES, WEIGHTS, corrected
from trueweight.core.estimate import ALPHA
from trueweight.metrics.triggers import agreement_tests
from trueweight.statistics.consensus import (
    WaysTable,
    agrees,
    differs,
    make_ways_table,
    pair_table,
    steadier,
    step_down,
    worse_than_one,
    worse_than_others,
    worse_than_reference,
)
from trueweight.statistics.permutation import sign_flip


class Verdict(NamedTuple):
    """Hosts that are found worse, and hosts that are found slower."""

    worse: set[str]
    slower: set[str]


def verdict(
    fleet: Fleet, drawn: Mapping[str, Any], rng: np.random.Generator, *, screen: bool = True, only: str | None = None
) -> Verdict:
    """What the assessment finds of a fleet that was drawn; hosts are equally fast.

    Args:
        only: a host; the others are taken to be found healthy, without being tested.
    """
    family = corrected(p_values(fleet, drawn, rng, screen=screen, only=only))
    significant = [key for key, p in family.items() if p <= ALPHA]
    return Verdict(
        {name for name, test in significant if test not in TIMES}, {name for name, test in significant if test in TIMES}
    )


def p_values(
    fleet: Fleet, drawn: Mapping[str, Any], rng: np.random.Generator, *, screen: bool = True, only: str | None = None
) -> dict[tuple[str, str], float]:
    """The p-values of the family, not corrected, by host and test; 1 for all hosts but ``only``."""
    names = fleet.names()
    one_pass = {name: passes[:, :, -fleet.repeats :] for name, passes in drawn.items()}
    passed = np.stack([one_pass[name].sum(axis=2) for name in names], axis=1)
    counts = passed, np.full(passed.shape, fleet.repeats)
    if not fleet.reference:
        return {(names[i], CASES): p for i, p in _among_others(counts, names, only, screen=screen).items()}
    called = _called(drawn[REFERENCE][:, :, : fleet.repeats])
    theirs = _metric_rates(one_pass[REFERENCE], called)
    speed = rng.random((len(TIMES), fleet.cases, len(names)))
    everyone = make_ways_table(*counts)
    out = {(name, CASES): p for name, p in _beside_reference(counts, names, only, screen=screen).items()}
    for i, name in enumerate(names[1:], 1):
        if only not in (None, name):
            out |= {(name, test): 1.0 for test in (*FAULTS, *TIMES)}
            continue
        ours = _metric_rates(one_pass[name], called)
        found = {metric: _p_of_metric(metric, ours[metric], theirs[metric], screen=screen) for metric in FAULTS}
        if np.nanmean(ours[RIGHT] - theirs[RIGHT]) > 0:
            found[AGREEMENT] = 1.0
        pair = pair_table(*counts, i, 0, everyone)
        unlike = steadier(pair.pooled, 0, 1) and (not screen or min(found.values()) <= ALPHA)
        alone = pair.p_value(partial(worse_than_one, own=0, reference=1)) if unlike else 0.0
        out |= {(name, metric): max(alone, p) for metric, p in found.items()}
        for time, values in zip(TIMES, speed, strict=True):
            delta = np.sign(values[:, i] - values[:, 0])
            out[name, time] = 1.0 if screen and _far(-delta) else sign_flip(delta, 1).higher
    return out


def _skipped(table: WaysTable, place: int, *, screen: bool) -> bool:
    return screen and all(_far(one.terms[:, place]) for one in table.tables)


def _among_others(counts: tuple[Any, Any], names: Sequence[str], only: str | None, *, screen: bool) -> dict[int, float]:
    """Host → p-value of its rates beside those of the others, in steps."""

    def compare(columns: Sequence[int]) -> dict[int, float]:
        table = make_ways_table(*(one[:, list(columns)] for one in counts))
        if len(columns) == 2:
            return dict.fromkeys(columns, table.p_value(differs))
        return {
            column: 1.0
            if only not in (None, names[column]) or _skipped(table, place, screen=screen)
            else table.p_value(partial(worse_than_others, own=place))
            for place, column in enumerate(columns)
        }

    return step_down(range(len(names)), compare, float, ALPHA, 3)


def _beside_reference(
    counts: tuple[Any, Any], names: Sequence[str], only: str | None, *, screen: bool
) -> dict[str, float]:
    """Host → p-value of its rates beside those of the reference, in steps."""

    def compare(columns: Sequence[int]) -> dict[int, float]:
        some = tuple(one[:, [0, *columns]] for one in counts)
        table = make_ways_table(*some)
        agreed: list[bool] | None = None
        out = {}
        for place, column in enumerate(columns, 1):
            out[column] = 1.0
            if only not in (None, names[column]):
                continue
            pair = pair_table(*some, place, 0, table)
            far = _skipped(table, place, screen=screen) or (
                screen and all(_far((one.rates[:, 0] - one.rates[:, 1]) * one.weights) for one in pair.tables)
            )
            if not far:
                agreed = agrees(table, 0) if agreed is None else agreed
                out[column] = worse_than_reference(pair, table, place, agreed)
        return out

    found = step_down(range(1, len(names)), compare, float, ALPHA * WEIGHTS[CASES], 1)
    return {names[column]: p for column, p in found.items()}


def accused_of_counts(counts: tuple[Any, Any], *, reference: bool) -> set[str]:
    """Hosts whose pass rates are found lower than those of the others, or, if the first one is a reference, than its.

    Args:
        counts: passed and judged trials, cases by hosts by modes.
    """
    names = [str(place) for place in range(counts[0].shape[1])]
    if reference:
        found, share = _beside_reference(counts, names, None, screen=True), WEIGHTS[CASES]
    else:
        found, share = {names[i]: p for i, p in _among_others(counts, names, None, screen=True).items()}, 1.0
    return {name for name, p in found.items() if p * len(found) <= ALPHA * share}


def _far(delta: Any) -> bool:
    """Whether a sum of differences is less than 1.5 standard errors below zero. Its p-value is then far above the level
    of one test in a family of at least seven candidates."""
    total = float(delta.sum())
    return total >= 0 or total * total < 2.25 * float((delta * delta).sum())


def _places(passes: Any) -> tuple[Any, Any, Any]:
    """Of each case: whether it offers tools, expects a call, and fails by calling wrongly."""
    case = np.arange(len(passes))[:, None, None]
    return case % 3 < 2, case % 2 == 0, case % 4 < 2


def _called(passes: Any) -> Any:
    tools, expects, mute = _places(passes)
    return tools & (expects ^ (~passes & mute))


def _metric_rates(passes: Any, others: Any) -> dict[str, Any]:
    """Rates by case of the metrics that are shares, and counts and the rate of calls of `AGREEMENT`, of the trials that
    `fleets` draws: two of three cases offer tools and expect a call in every second; the others request JSON.

    Args:
        others: the calls of the reference's first pass.
    """
    tools, expects, mute = _places(passes)
    calls = _called(passes)
    valid = calls & (passes | mute)
    right = (calls == expects).mean(axis=(1, 2))
    of = calls.sum(axis=(1, 2))
    rates = passes.mean(axis=(1, 2))
    offers = tools[:, 0, 0]
    both, either = (calls & others).sum(axis=(1, 2)), (calls | others).sum(axis=(1, 2))
    return {
        "schema_accuracy": np.divide(valid.sum(axis=(1, 2)), of, out=np.full(len(of), np.nan), where=of > 0),
        "structured_output_accuracy": np.where(offers, np.nan, rates),
        "trigger_accuracy": np.where(offers, right, np.nan),
        "must_pass_rate": rates,
        AGREEMENT: np.column_stack([both, either, of, calls.mean(axis=(1, 2))]).astype(float),
    }


def _p_of_metric(metric: str, ours: Any, theirs: Any, *, screen: bool) -> float:
    if metric != AGREEMENT:
        delta = ours - theirs
        delta = delta[np.isfinite(delta)]
        return 1.0 if screen and _far(delta) else sign_flip(delta).lower
    hits, either, *_ = (ours - theirs).T
    total = (ours + theirs)[:, 1].sum()
    if not total or not ours[:, 0].sum() or not theirs[:, 0].sum():
        return 1.0
    agreement = hits - (ours + theirs)[:, 0].sum() / total * either
    if screen and _far(agreement):
        return 1.0
    return agreement_tests(agreement, ours[:, 3], theirs[:, 3]).lower
