"""A candidate beside a reference: with the other candidates as witnesses, and without where the reference differs."""

from __future__ import annotations

import numpy as np
import pytest

from trueweight.statistics.consensus import agrees, make_table, worse_than_one, worse_than_others, worse_than_reference
from trueweight.statistics.permutation import lower_than_fixed, lowest_of


def test_witnesses_find_what_the_reference_alone_does_not() -> None:
    """Five failures that none of seven others shows: 2⁻⁵ against the reference alone, 8⁻⁵ against all."""
    rates = np.ones((60, 8))
    rates[:5, 3] = 0.0
    table = make_table(rates, 6)
    alone = worse_than_one(table, 3, 0)
    assert alone == pytest.approx(2.0**-5)
    assert worse_than_others(table, 3) == pytest.approx(8.0**-5)
    assert agrees(table, 0)
    assert worse_than_reference(alone, table, 3, agreed=True) < 1e-4
    assert worse_than_reference(alone, table, 3, agreed=False) > 0.05


def test_a_reference_that_is_worse_than_all_others_is_compared_alone() -> None:
    """The candidate fails what the reference fails, and the others pass: it is not worse than the reference."""
    rates = np.ones((60, 8))
    rates[:8, :2] = 0.0
    table = make_table(rates, 6)
    assert worse_than_others(table, 1) < 1e-4
    assert not agrees(table, 0)
    assert worse_than_reference(worse_than_one(table, 1, 0), table, 1, agreed=agrees(table, 0)) == 1.0


def test_one_candidate_has_no_witnesses() -> None:
    """Of two providers the comparison is the sign-flip test, whole."""
    table = make_table(np.column_stack([np.zeros(6), np.ones(6)]), 1)
    alone = worse_than_one(table, 0, 1)
    assert not agrees(table, 1)
    assert worse_than_reference(alone, table, 0, agreed=False) == alone
    assert alone == pytest.approx(2.0**-6)


def test_a_deterministic_provider_has_one_trial_a_case() -> None:
    """Half of the trials of the others pass in each of four cases. One that always fails them all had four chances, not
    twelve: (2/5)⁴ of passing none, where each case passes with the mean of all."""
    rates = np.column_stack([np.zeros(4), np.full((4, 4), 0.5)])
    assert lowest_of(rates, 0, 2, fixed=True) == pytest.approx(0.6**4)
    assert lowest_of(rates, 0, 2) == pytest.approx(0.2**4)
    assert make_table(rates, 2).fixed.tolist() == [True, False, False, False, False]


def test_a_deterministic_reference_that_fails_nothing_may_be_lucky() -> None:
    """In ten cases 5 of 6 trials pass. A sign-flip test gives 2⁻¹⁰; a reference with the same rate fails none of ten
    with a probability of (8/9)¹⁰."""
    ours, theirs = np.full(10, 5 / 6), np.ones(10)
    assert lower_than_fixed(ours, theirs) == pytest.approx((8 / 9) ** 10, rel=0.01)
    assert worse_than_one(make_table(np.column_stack([ours, theirs]), 6), 0, 1) > 0.3


@pytest.mark.parametrize("fixed", ["reference", "candidate"])
def test_healthy_providers_of_unlike_kind_are_not_accused_beyond_the_level(fixed: str) -> None:
    """400 fleets in which one side is deterministic, all with a rate of 97%: at most 5% at level 5%."""
    rng, accused = np.random.default_rng(3), 0
    for _ in range(400):
        rates = rng.binomial(6, 0.97, (60, 5)) / 6
        rates[:, 0 if fixed == "reference" else 1] = rng.random(60) < 0.97
        table = make_table(rates, 6)
        alone = worse_than_one(table, 1, 0)
        accused += worse_than_reference(alone, table, 1, agreed=agrees(table, 0)) <= 0.05
    assert accused / 400 <= 0.05
