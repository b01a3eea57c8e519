"""The promise about verdicts, on tables of passes: healthy fleets are not accused, faulty hosts are found. The whole
table is printed by ``python tests/bench/verdict``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special


def found(bench: Any, runs: int, seed: int, *fleet: object) -> tuple[int, int]:
    """Of so many runs, those in which any host is called worse, and those in which the last one is."""
    fleets, tables = bench.fleets, bench.tables
    rng, drawn = np.random.default_rng(seed), fleets.Fleet(*fleet)
    verdicts = [tables.verdict(drawn, fleets.draw(drawn, rng), rng).worse for _ in range(runs)]
    return sum(map(bool, verdicts)), sum(drawn.names()[-1] in worse for worse in verdicts)


@pytest.mark.slow
@pytest.mark.parametrize("reference", [True, False])
def test_healthy_fleets_are_not_accused(bench: Any, reference: bool) -> None:
    """Eight hosts, 60 cases, of each kind, at three rates: worse anywhere no more often than 5% explains."""
    fleets = bench.fleets
    runs = 10 if reference else 30
    cells = [(kind, rate) for kind in fleets.KINDS for rate in (0.6, 0.9, 0.97)]
    accused = sum(found(bench, runs, 1, 8, 60, 1, rate, kind, "even", reference)[0] for kind, rate in cells)
    assert special.bdtrc(accused - 1, runs * len(cells), 0.05) > 0.01


@pytest.mark.parametrize(
    ("kind", "reference"),
    [
        ("independent", True),
        ("alike", False),
        pytest.param("independent", False, marks=pytest.mark.slow),
        pytest.param("alike", True, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(("fault", "least"), [pytest.param(0.05, 0.5, marks=pytest.mark.slow), (0.1, 0.9)])
def test_a_faulty_host_is_found(bench: Any, kind: str, reference: bool, fault: float, least: float) -> None:
    """Eight hosts, 125 cases of mixed difficulty, three repeats of both modes, a rate of 90%: a host that is 5 points
    worse is found in half of the runs, one that is 10 points worse in nine of ten."""
    assert found(bench, 20, 2, 8, 125, 3, 0.9, kind, "uneven", reference, fault)[1] >= 20 * least


@pytest.mark.parametrize("reference", [True, False])
def test_a_deterministic_host_that_is_ten_points_worse_is_found(bench: Any, reference: bool) -> None:
    """Eight deterministic hosts, as above: 10 points are found in nine of ten runs, by the weights of the cases."""
    assert found(bench, 30, 2, 8, 125, 3, 0.9, "fixed", "uneven", reference, 0.1)[1] >= 27


@pytest.mark.parametrize("kind", ["alike", "fixed reference"])
@pytest.mark.parametrize("reference", [True, False])
def test_tables_and_summaries_are_decided_alike(bench: Any, kind: str, reference: bool) -> None:
    """The p-values of the pass rates, and of the metrics, are those that the assessment of a summary finds."""
    fleets, tables = bench.fleets, bench.tables
    fleet = fleets.Fleet(4, 40, 2, 0.85, kind, "uneven", reference, 0.15)
    rng = np.random.default_rng(3)
    drawn = fleets.draw(fleet, rng)
    summary = fleets.summary_of(fleet, drawn, rng)
    p_values = tables.p_values(fleet, drawn, rng, screen=False)
    tests = fleets.run_tests(summary, summary.run.reference)
    compared = 0
    for (name, test), p in p_values.items():
        if test == tables.CASES:
            assert tests[name].cases.p == pytest.approx(p)
        elif test in tables.FAULTS and p < 1:
            seen = summary.providers[name].versus_reference[test].p_worse
            assert max(seen, tests[name].cases.least) == pytest.approx(p)
            compared += 1
    assert compared >= 8 * reference
    screened = tables.p_values(fleet, drawn, rng)
    assert all(screened[key] in (1.0, pytest.approx(p)) for key, p in p_values.items() if key[1] not in tables.TIMES)
    assert all(screened[key] == pytest.approx(p) for key, p in p_values.items() if p <= 0.01 and key[1] == tables.CASES)
    assert fleets.accused(summary) == tables.verdict(fleet, drawn, rng).worse


@pytest.mark.parametrize("reference", [True, False])
def test_broken_hosts_hide_no_fault_and_take_no_power_from_the_others(bench: Any, reference: bool) -> None:
    """Two of nine hosts fail two in five cases. The others are judged as they are without the two: the p-values and the
    smallest fall that would be found are the same, and a host that is 10 points worse is found."""
    fleets = bench.fleets
    rng, fleet = np.random.default_rng(4), fleets.Fleet(9, 80, 1, 0.95, "fixed", "uneven", reference, 0.15)
    drawn, broken = fleets.draw(fleet, rng), {"host-1", "host-2"}
    for name in broken:
        drawn[name] &= rng.random((80, 1, 1)) >= 0.4
    tests, without = (
        fleets.run_tests(fleets.summary_of(fleet, passes, rng), fleets.REFERENCE if reference else None)
        for passes in (drawn, {name: one for name, one in drawn.items() if name not in broken})
    )
    assert broken == {name for name in tests if tests[name].cases_significant} - {"host-8"}
    assert tests["host-8"].cases_significant
    for name, found in without.items():
        if found.cases is not None and name != "host-8":
            assert tests[name].cases.p == pytest.approx(found.cases.p)
            assert tests[name].cases.power.smallest == found.cases.power.smallest
            assert tests[name].cases.n == found.cases.n
