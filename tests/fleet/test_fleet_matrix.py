"""The matrix: every failure mode has a fault, every check has one that only it answers for, the healthy are left alone.

The whole matrix takes minutes: ``trueweight fleet matrix``, which ``.ci/run`` runs. Here every fault gets one case for
each of its checks in this process; some faults (all, among the slow tests) get a few over HTTP, and the healthy
providers a spread of all. ``.ci/run`` keeps its whole matrix, and the slow tests judge that one instead of recording
another.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import pytest
from click.testing import CliRunner

from trueweight.assess.observations import explaining
from trueweight.checks import all_checks
from trueweight.cli import _invoke, cli
from trueweight.core import SEVERE
from trueweight.core.fleet_matrix import ROWS, FaultResult, FleetMatrix
from trueweight.fleet.faults import FAULTS, Fault
from trueweight.fleet.known import KnownAnswers
from trueweight.report.fleet_matrix import matrix_json, matrix_text
from trueweight.store import RunDir
from trueweight.suites import find_suite, shipped_suites
from trueweight.workflow.judge import judge_exchanges
from trueweight.workflow.judge.blame import judged_cases
from trueweight.workflow.judge.findings import ReferenceCases, list_findings
from trueweight.workflow.matrix import (
    HEALTHY,
    Recorded,
    judge_matrix,
    matrix_faults,
    record_matrix,
)
from trueweight.workflow.matrix.run import matrix_cases
from trueweight.workflow.matrix.select import InProcess, entry_of, showing

KEPT = "TRUEWEIGHT_KEPT_MATRIX"
"""The variable with the folder of a whole matrix (``trueweight fleet matrix --keep``), for the slow tests."""
ONE_IN, ALL = 40, 1
EVERY = {ONE_IN: 40, ALL: 12}
"""One case in so many is asked of the healthy providers here, by the share of the faults."""
SLOW = frozenset({"silent", "slow-loris", "stalled"})
"""Faults that are found by waiting; the whole matrix waits for them."""
BY_THE_CLOCK = frozenset({"stream-buffered", "stream-burst"})
"""Faults of which a client that shares its cores with other tests can say nothing: it does not see when pieces came."""
Record = tuple[Recorded, tuple[str, ...]]
"""A matrix on record, and the names of its faults and of two healthy providers."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(ONE_IN, id="one-in-forty"), pytest.param(ALL, id="all", marks=pytest.mark.slow)],
)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Record:
    """One fault in so many over HTTP, with two healthy providers."""
    faults = [name for name in matrix_faults() if name not in SLOW | BY_THE_CLOCK][:: request.param]
    healthy = ("other-stack", "healthy-chatty")
    names = (*faults, *healthy)
    if request.param == ALL and KEPT in os.environ:
        with RunDir.open(Path(os.environ[KEPT])) as run:
            return _part(run, {"reference", *healthy, *map(provider_of, faults)}), names
    suites = [find_suite(name) for name in shipped_suites()]
    folder = tmp_path_factory.mktemp("matrix") / "run"
    with record_matrix(suites, folder, names, every=EVERY[request.param]) as run:
        return _part(run, {provider.name for provider in run.manifest.providers}), names


def _part(run: RunDir, providers: Collection[str]) -> Recorded:
    """What these providers of a matrix answered."""
    found = Recorded(run.manifest, run.cases(), [one for one in run.exchanges() if one.provider in providers])
    assert {one.provider for one in found.exchanges} == set(providers)
    return found


def faults_of(names: tuple[str, ...]) -> dict[str, Fault]:
    """Those of the matrix that are on record."""
    return {name: fault for name, fault in matrix_faults().items() if name in names}


@pytest.mark.slow
def test_every_fault_is_found_by_its_checks_in_this_process() -> None:
    """Each check that is named for a fault fails on a shipped case; one that compares replies has another reply."""
    suites = [find_suite(name) for name in shipped_suites()]
    cases = matrix_cases(suites)
    providers = InProcess(KnownAnswers(suites), cases)
    for name, fault in matrix_faults().items():
        for check in () if fault.failures else fault.checks:
            assert showing(name, check, cases, providers, 1), (name, check)


def test_every_failure_mode_has_a_fault_and_every_check_too() -> None:
    """All rows but 45, which drift finds; and no check is there for show."""
    faults = matrix_faults().values()
    assert {row for fault in faults for row in fault.rows} == set(range(1, ROWS + 1)) - {45}
    assert {check for fault in faults for check in fault.checks} == {info.id for info in all_checks()}


def test_the_faults_of_a_row_are_found_by_a_check_of_that_row() -> None:
    """Each failure mode is named by a check that says its number, or by the wire."""
    rows = defaultdict(set)
    for info in all_checks():
        rows[info.id].add(info.row)
    for row in set(range(1, ROWS + 1)) - {45, 46}:
        named = {check for fault in matrix_faults().values() if row in fault.rows for check in fault.checks}
        assert any(row in rows[check] for check in named), row


def test_every_fault_is_found_and_the_healthy_are_left_alone(recorded: Record) -> None:
    """By every check that is named for it, over HTTP."""
    run, names = recorded
    matrix = judge_matrix(run, names, whole=False)
    assert matrix.right, matrix_text(matrix)


def test_the_cause_is_said_first(recorded: Record) -> None:
    """Of each fault the first sentence is that of a check that is named for it, and not that of a consequence."""
    run, recorded_names = recorded
    seen = defaultdict(list)
    for one in judge_exchanges(*run).observations:
        seen[one.provider].append(one)
    cases = judged_cases(seen["reference"])
    checks, reference = {info.id: info for info in all_checks()}, ReferenceCases(cases, cases)
    wrong = {}
    for name, fault in faults_of(recorded_names).items():
        found = list_findings(seen[provider_of(name)], checks, reference)
        first = explaining([one for one in found if one.severity in SEVERE and not one.shared])[:1]
        severe = {one.check for one in found if one.severity in SEVERE} & set(fault.checks)
        if severe and first[0].check not in fault.checks:
            wrong[name] = first[0].check
    assert wrong == {}


def test_without_its_check_a_fault_is_missed(recorded: Record) -> None:
    """Take any one check away, and the matrix of the same record shows the faults that it answers for as missed."""
    run, recorded_names = recorded
    exchanges = defaultdict(list)
    for exchange in run.exchanges:
        exchanges[exchange.provider].append(exchange)
    by_check = defaultdict(set)
    for name, fault in faults_of(recorded_names).items():
        for check in fault.checks:
            by_check[check].add(name)
    # Each fault's own exchanges, and the reference's, are judged again; a whole matrix for each check would be hours.
    for check, names in by_check.items():
        own = [exchange for name in map(provider_of, sorted(names)) for exchange in exchanges[name]]
        asked = {(exchange.suite, exchange.case) for exchange in own}
        own += [exchange for exchange in exchanges["reference"] if (exchange.suite, exchange.case) in asked]
        matrix = judge_matrix(Recorded(run.manifest, run.cases, own), sorted(names), whole=False, without={check})
        assert not any(one.right for one in matrix.found), check
        assert all(check in one.missing for one in matrix.found)


def test_faults_are_named_by_kebab_case_words_and_say_what_they_do() -> None:
    """What ``fleet matrix --only`` takes, and what the roster prints."""
    for name, fault in FAULTS.all().items():
        assert name == name.lower().replace("_", "-")
        assert fault.summary and not fault.summary.endswith(".")


def provider_of(fault: str) -> str:
    """The name of the provider that has this fault alone."""
    return entry_of(fault).name


def found(
    name: str, expected: tuple[str, ...], checks: dict[str, int], severe: dict[str, int] | None = None
) -> FaultResult:
    """One line of a matrix."""
    return FaultResult(name, "says", (1,) if expected else (), expected, checks, severe or {}, {}, 3)


def test_a_matrix_is_wrong_if_a_row_is_missed_or_a_healthy_provider_flagged() -> None:
    """Each way to be wrong is said, in text and in JSON."""
    good = FleetMatrix((found("f", ("c",), {"c": 2, "d": 1}), found("ok", (), {})), whole=False)
    missed = FleetMatrix((found("f", ("c", "e"), {"c": 2}),), whole=False)
    flagged = FleetMatrix((found("ok", (), {"c": 1}, {"c": 1}),), whole=False)
    assert [m.right for m in (good, missed, flagged)] == [True, False, False]
    assert missed.missed_rows == (1,)
    assert "e (MISSED)" in matrix_text(missed)
    assert "FLAGGED: c 1" in matrix_text(flagged)
    assert json.loads(matrix_json(missed))["faults"][0]["missing"] == ["e"]
    assert json.loads(matrix_json(flagged))["healthy"][0]["right"] is False
    assert 46 in FleetMatrix((found("f", ("c",), {"c": 2}),), whole=True).missed_rows


def test_the_command_prints_the_matrix(tmp_path: Path) -> None:
    """``--only`` one fault and one suite: exit code 0, and the JSON says that it is right."""
    result = CliRunner().invoke(
        cli, ["fleet", "matrix", "--only", "no-index", "--suite", "tool-calls", "--json"], standalone_mode=False
    )
    assert result.return_value == 0, result.output
    (fault,) = json.loads(result.stdout)["faults"]
    assert fault["detected"] and fault["checks"]["tool-index-present"] > 0


def test_an_unknown_fault_gets_a_near_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2."""
    assert _invoke(["fleet", "matrix", "--only", "no-indx"]) == 2
    assert "Did you mean 'no-index'" in capsys.readouterr().err


def test_the_healthy_ones_are_many() -> None:
    """As many habits as the list of oddities names."""
    assert len(HEALTHY) >= 8
