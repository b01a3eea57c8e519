"""Repeats chosen by a reference's own variation: enough for the promised width, and no bias for healthy providers."""

from __future__ import annotations

import numpy as np
import pytest

from trueweight.statistics.power import HALF_WIDTH, MOST_REPEATS, repeats_for


def test_a_reference_that_never_disagrees_needs_one() -> None:
    """So does a run without a reference's pair; a coin that is tossed needs as many as there may be."""
    assert repeats_for(0, 200) == 1
    assert repeats_for(0, 0) == 1
    assert repeats_for(20, 40) == MOST_REPEATS
    assert repeats_for(20, 400) < repeats_for(20, 200) < MOST_REPEATS


@pytest.mark.parametrize("units", [100, 200])
@pytest.mark.parametrize("unsure", [0.1, 0.25])
def test_sampling_moves_a_difference_by_no_more_than_promised(units: int, unsure: float) -> None:
    """A share ``unsure`` of the units is a coin. Over 2,000 runs of healthy twins: the 95% half width from sampling is
    at most the promised one (a tenth more for the estimate of the rate), and the mean difference is 0, although the
    first pass both chooses the repeats and counts."""
    rng = np.random.default_rng(7)
    chances = np.where(np.arange(units) < unsure * units, 0.5, 1.0)
    differences, chosen = [], []
    for _ in range(2_000):
        first, second = rng.random((2, units)) < chances
        repeats = repeats_for(int((first != second).sum()), units)
        chosen.append(repeats)
        more = rng.random((2 * (repeats - 1), units)) < chances
        reference = np.concatenate([first[None], second[None], more]).mean()
        candidate = (rng.random((repeats, units)) < chances).mean()
        differences.append(candidate - reference)
    assert 1 < np.mean(chosen) < MOST_REPEATS
    assert 1.96 * np.std(differences) < 1.1 * HALF_WIDTH
    assert abs(np.mean(differences)) < 4 * np.std(differences) / 2_000**0.5
