"""A candidate beside a reference: with the other candidates as witnesses, and without where the reference differs."""

from __future__ import annotations

import numpy as np
import pytest

from trueweight.statistics import Array
from trueweight.statistics.consensus import (
    WaysTable,
    agrees,
    make_ways_table,
    pair_table,
    worse_than_one,
    worse_than_others,
    worse_than_reference,
)
from trueweight.statistics.leave_one_out import lowest_of, weights_beside
from trueweight.statistics.permutation import lower_than_fixed


def ways_of(rates: Array, trials: int = 6) -> tuple[Array, Array, WaysTable]:
    """Counts of one way, and their tables."""
    passed = np.rint(rates * trials).astype(int).reshape(len(rates), -1, 1)
    judged = np.full(passed.shape, trials)
    return passed, judged, make_ways_table(passed, judged)


def against_reference(rates: Array, own: int, trials: int = 6, *, agreed: bool | None = None) -> float:
    """The p-value of a provider; the first column is the reference."""
    passed, judged, table = ways_of(rates, trials)
    found = agrees(table, 0) if agreed is None else [agreed] * len(table.tables)
    return worse_than_reference(pair_table(passed, judged, own, 0, table), table, own, found)


def test_witnesses_find_what_the_reference_alone_does_not() -> None:
    """Five failures that none of seven others shows: 2⁻⁵ against the reference alone, 8⁻⁵ against all."""
    rates = np.ones((60, 8))
    rates[:5, 3] = 0.0
    _, _, table = ways_of(rates)
    assert worse_than_one(table.pooled, 3, 0) == pytest.approx(2.0**-5)
    assert worse_than_others(table.pooled, 3) == pytest.approx(8.0**-5)
    assert agrees(table, 0) == [True]
    assert against_reference(rates, 3) < 1e-4
    assert against_reference(rates, 3, agreed=False) > 0.05


def test_a_reference_that_is_worse_than_all_others_is_compared_alone() -> None:
    """The candidate fails what the reference fails, and the others pass: it is not worse than the reference."""
    rates = np.ones((60, 8))
    rates[:8, :2] = 0.0
    _, _, table = ways_of(rates)
    assert worse_than_others(table.pooled, 1) < 1e-4
    assert agrees(table, 0) == [False]
    assert against_reference(rates, 1) == 1.0


def test_one_candidate_has_no_witnesses() -> None:
    """Of two providers the comparison is the sign-flip test, whole."""
    rates = np.column_stack([np.ones(6), np.zeros(6)])
    assert agrees(ways_of(rates, 1)[2], 0) == [False]
    assert against_reference(rates, 1, 1) == pytest.approx(2.0**-6)


@pytest.mark.parametrize("candidates", [1, 3, 7])
@pytest.mark.parametrize("others", [0.0, 0.02])
def test_a_fault_in_one_way_is_a_fault(candidates: int, others: float) -> None:
    """Of 69 cases, 12 fail in streams only, as a parser's fault does; the reference and the others fail none, or one in
    fifty at random. It is beyond chance, and only the way in which it is can show it so surely."""
    rng = np.random.default_rng(2)
    passed = (rng.random((69, candidates + 1, 2)) >= others).astype(int)
    passed[:, 0] = 1
    passed[:12, 1, 1] = 0
    judged = np.ones_like(passed)
    table = make_ways_table(passed, judged)
    found = worse_than_reference(pair_table(passed, judged, 1, 0, table), table, 1, agrees(table, 0))
    assert found * candidates / 0.8 < 0.02
    pooled = make_ways_table(passed.sum(axis=2, keepdims=True), judged.sum(axis=2, keepdims=True))
    alone = lower_than_fixed(*pooled.pooled.rates[:, [1, 0]].T)
    assert found < alone


def test_ways_that_are_all_the_same_cost_nothing() -> None:
    """A deterministic provider answers streams and plain requests alike: the p-value is that of one way."""
    once = np.ones((40, 5, 1), dtype=int)
    once[:7, 2] = 0
    both = np.repeat(once, 2, axis=2)
    one, two = (make_ways_table(found, np.ones_like(found)) for found in (once, both))
    nearly = both.copy()
    nearly[20, 1, 1] = 0
    assert make_ways_table(nearly, np.ones_like(nearly)).shares == pytest.approx((0.7, 0.15, 0.15))
    assert len(two.tables) == len(one.tables) == 1
    expected = worse_than_others(one.pooled, 2)
    assert two.p_value(lambda table: worse_than_others(table, 2)) == pytest.approx(expected)


def test_a_failure_that_all_others_show_weighs_least() -> None:
    """The weight of a pair falls with the number of the others that fail, and does not depend on the pair."""
    others = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1], [0] * 6] + [[1] * 6] * 30)
    pair = np.array([[0, 1], [1, 0], [1, 1], [0, 0]] + [[1, 1]] * 30)
    others, pair = (np.concatenate([one, np.zeros((8, one.shape[1]))]) for one in (others, pair))
    suite = np.column_stack([pair, others])
    weights = weights_beside(suite, (0, 1))
    assert weights[:4].tolist() == sorted(weights[:4], reverse=True)
    assert len(set(weights[:4])) == 4
    assert (weights.max(), weights.min()) == (16, 1)
    assert weights_beside(suite[:, [1, 0, *range(2, 8)]], (0, 1)).tolist() == weights.tolist()


def test_a_deterministic_provider_has_one_trial_a_case() -> None:
    """Half of the trials of the others pass in each of four cases. One that always fails them all had four chances, not
    twelve: (3/5)⁴ of passing none, where each case passes with the mean of all."""
    rates = np.column_stack([np.zeros(4), np.full((4, 4), 0.5)])
    assert lowest_of(rates, 0, deterministic=True) == pytest.approx(0.2**4)
    assert worse_than_others(ways_of(rates, 2)[2].pooled, 0) == pytest.approx(0.6**4)
    assert ways_of(rates, 2)[2].pooled.fixed.tolist() == [True, False, False, False, False]


def test_a_deterministic_reference_that_fails_nothing_may_be_lucky() -> None:
    """In ten cases 5 of 6 trials pass. A sign-flip test gives 2⁻¹⁰; a reference with the same rate fails none of ten
    with a probability of (8/9)¹⁰."""
    ours, theirs = np.full(10, 5 / 6), np.ones(10)
    assert lower_than_fixed(ours, theirs) == pytest.approx((8 / 9) ** 10, rel=0.01)
    assert against_reference(np.column_stack([theirs, ours]), 1) > 0.3


@pytest.mark.parametrize("fixed", ["reference", pytest.param("candidate", marks=pytest.mark.slow)])
def test_healthy_providers_of_unlike_kind_are_not_accused_beyond_the_level(fixed: str) -> None:
    """400 fleets in which one side is deterministic, all with a rate of 97%: at most 5% at level 5%."""
    rng, accused = np.random.default_rng(3), 0
    for _ in range(400):
        rates = rng.binomial(6, 0.97, (60, 5)) / 6
        rates[:, 0 if fixed == "reference" else 1] = rng.random(60) < 0.97
        accused += against_reference(rates, 1) <= 0.05
    assert accused / 400 <= 0.05


@pytest.mark.parametrize("modes", ["alike", "opposed", "independent"])
@pytest.mark.parametrize("trials", [1, 3])
def test_modes_that_depend_on_each_other_accuse_no_provider(modes: str, trials: int) -> None:
    """500 pairs of healthy providers whose two modes are the same, exclude each other's failures, or are independent:
    the test of all ways together keeps its level of 5%."""
    rng, accused = np.random.default_rng(8), 0
    for _ in range(500):
        plain = rng.random((60, 2, trials)) < 0.85
        stream = rng.random((60, 2, trials)) < 0.85
        if modes == "alike":
            stream = plain
        elif modes == "opposed":
            stream = stream | ~plain
        passed = np.stack([plain.sum(axis=2), stream.sum(axis=2)], axis=2)
        judged = np.full(passed.shape, trials)
        table = make_ways_table(passed, judged)
        accused += (
            worse_than_reference(pair_table(passed, judged, 1, 0, table), table, 1, [False] * len(table.tables)) <= 0.05
        )
    assert accused / 500 <= 0.065
