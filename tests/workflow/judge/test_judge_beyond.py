"""Failure rates beyond the reference's, or the other candidates': healthy fleets are left alone, faults are found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from summaries import make_finding
from trueweight.statistics.multiple_testing import tarone
from trueweight.workflow.judge.beyond import Rates, mark_beyond

CASES = [f"s/{i}" for i in range(60)]


def fleet(rng: np.random.Generator, hosts: int, rate: float, fault: float = 0.0) -> Mapping[str, Rates]:
    """How often six checks fail in 60 cases with two trials; one check of the last host fails more often."""
    out = {}
    for host in range(hosts):
        rates = {}
        for check in range(6):
            more = fault if host == hosts - 1 and check == 0 else 0.0
            fails = rng.binomial(2, rate + more, len(CASES))
            rates[f"check-{check}"] = {(case, "plain"): (int(n), 2) for case, n in zip(CASES, fails, strict=True)}
        out[f"host-{host}"] = rates
    return out


def flagged(rates: Mapping[str, Rates], reference: str | None) -> set[tuple[str, str]]:
    """Provider and check of each finding beyond chance."""
    findings = {
        name: [make_finding(check) for check, by_case in found.items() if any(n for n, _ in by_case.values())]
        for name, found in rates.items()
    }
    marked = mark_beyond(findings, rates, CASES, reference, 1)
    return {(name, one.check) for name, found in marked.items() for one in found if one.is_beyond(0.05)}


@pytest.mark.slow
@pytest.mark.parametrize("reference", ["host-0", None])
@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_healthy_fleets_are_within_and_a_fault_is_beyond(reference: str | None, rate: float) -> None:
    """12 fleets of 8 whose models fail checks at 1% and at 10%: at most 2 flagged; a check 25 points worse is found."""
    rng = np.random.default_rng(3)
    assert sum(bool(flagged(fleet(rng, 8, rate), reference)) for _ in range(12)) <= 2
    assert all(flagged(fleet(rng, 8, rate, 0.25), reference) >= {("host-7", "check-0")} for _ in range(2))


def test_a_check_that_fails_in_streams_only_is_beyond() -> None:
    """Of 60 cases 12 fail in streams and none in plain replies; the others fail none."""
    healthy = {(case, way): (0, 1) for case in CASES for way in ("plain", "stream")}
    faulty = healthy | {(case, "stream"): (1, 1) for case in CASES[:12]}
    for reference in ("host-0", None):
        rates = {f"host-{n}": {"check-0": faulty if n == 3 else healthy} for n in range(4)}
        assert flagged(rates, reference) == {("host-3", "check-0")}


@pytest.mark.parametrize("fixed", ["host-0", "host-3"])
def test_a_provider_whose_trials_vary_is_within_beside_a_deterministic_one(fixed: str) -> None:
    """40 fleets of four whose checks fail at 3%, six trials a case; one host gives the same answer each time."""
    rng, runs = np.random.default_rng(6), 0
    for _ in range(40):
        rates = {}
        for name in (f"host-{n}" for n in range(4)):
            fails = 6 * rng.binomial(1, 0.03, 60) if name == fixed else rng.binomial(6, 0.03, 60)
            counts = {(case, "plain"): (int(n), 6) for case, n in zip(CASES, fails, strict=True)}
            rates[name] = {"check-0": counts}
        runs += bool(flagged(rates, "host-0"))
    assert runs <= 5


def test_of_the_reference_nothing_is_beyond() -> None:
    """It is what the others are compared with."""
    findings = {name: [make_finding("check-0")] for name in ("host-0", "host-1")}
    marked = mark_beyond(findings, fleet(np.random.default_rng(1), 2, 0.5), CASES, "host-0", 1)
    assert marked["host-0"][0].beyond is None
    assert marked["host-1"][0].beyond is not None


def test_tarone_counts_only_tests_that_can_be_significant() -> None:
    """Of four tests two can reach 2.5%: their p-values double, the others are 1."""
    assert tarone([0.01, 0.02, 0.5, 0.25], [0.001, 0.002, 0.5, 0.25], 0.05) == (0.02, 0.04, 1.0, 1.0)
    assert tarone([], [], 0.05) == ()
