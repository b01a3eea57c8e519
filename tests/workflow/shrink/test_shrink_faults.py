"""Generated cases alone find each fault of the fleet, and shrink to a fraction within a few requests."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import anyio
import pytest
from faulty_fleet import FAULTS

from trueweight.checks import all_checks
from trueweight.core import Outcome, Provider, Suite
from trueweight.store import RunDir
from trueweight.suites import find_suite
from trueweight.wire import WireSettings
from trueweight.workflow.judge import judge_run
from trueweight.workflow.send import RunOptions, open_to_send, prepare, send_pending
from trueweight.workflow.shrink import Budget, shrink_in_run

pytestmark = pytest.mark.slow  # many requests to simulated servers

CASES = 32
REQUESTS = 500
SHARE = 0.25
BUDGET = 60
AT_ONCE = {"coerce-types", "double-arguments", "violate-enum"}
SHRUNK = [fault if fault in AT_ONCE else pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS]
"""Faults whose shrinking is tested: a few by default, the others among the slow tests."""

Found = Mapping[str, tuple[int, str, str]]
"""Provider → requests until its fault showed, the case, the check."""


@pytest.fixture(scope="module")
def suite() -> Suite:
    """Drawn from their seed; no case in it was written by hand."""
    return find_suite("property-arguments", examples=CASES)


@pytest.fixture(scope="module")
def run_dir(fleet: Mapping[str, Provider], suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case asked of the reference and of every faulty provider."""
    directory = tmp_path_factory.mktemp("generated") / "run"
    prepared = prepare(tuple(fleet.values()), [suite], RunOptions(passes=1))
    run, _ = open_to_send(prepared, directory, fresh=False)
    with run:
        anyio.run(partial(send_pending, run, prepared.plan.trials, keys={}, settings=WireSettings()))
    return directory


@pytest.fixture(scope="module")
def found(run_dir: Path) -> Found:
    """The first failure of each provider's own failure mode, and how many requests it took to see it."""
    rows = {info.id: info.row for info in all_checks()}
    first: dict[str, tuple[int, str, str]] = {}
    asked: dict[str, int] = {}
    with RunDir.open(run_dir) as run:
        for seen in judge_run(run).observations:
            asked[seen.provider] = asked.get(seen.provider, 0) + 1
            for finding in seen.findings:
                if finding.outcome is Outcome.FAIL and rows.get(finding.check) == FAULTS.get(seen.provider, -1):
                    first.setdefault(seen.provider, (asked[seen.provider], seen.case, finding.check))
    return first


@pytest.mark.slow
def test_the_healthy_reference_answers_every_generated_case_rightly(run_dir: Path) -> None:
    """No MUST and no SHOULD fails: what the others fail is theirs."""
    with RunDir.open(run_dir) as run:
        seen = [one for one in judge_run(run).observations if one.provider == "reference"]
    failed = {(one.case, f.check) for one in seen for f in one.findings if f.outcome is Outcome.FAIL}
    assert (len(seen), failed) == (CASES * 2, set())


@pytest.mark.parametrize("fault", FAULTS)
def test_generated_cases_find_the_fault(fault: str, found: Found) -> None:
    """By its own row of the list of failure modes, within 500 requests."""
    assert found[fault][0] <= REQUESTS


@pytest.mark.parametrize("fault", SHRUNK)
def test_the_fault_shrinks_to_a_quarter_within_sixty_requests(
    fault: str, found: Found, run_dir: Path, suite: Suite, tmp_path: Path
) -> None:
    """The smallest request still fails the same check every time, the reference passes it, and it is written down."""
    _, case, check = found[fault]
    done = shrink_in_run(run_dir, case, fault, check=check, out=tmp_path / "attempts", budget=Budget(BUDGET))
    shrunk = done.shrunk
    assert shrunk.finding is not None
    assert (shrunk.finding.check, shrunk.failed, shrunk.sent, shrunk.reference) == (check, 3, 3, True)
    assert shrunk.requests <= BUDGET
    assert shrunk.after <= SHARE * shrunk.before, f"{shrunk.before} → {shrunk.after}"
    with RunDir.open(done.record) as record_dir:
        assert len(list(record_dir.exchanges())) == shrunk.requests
    assert done.case is not None
    (written,) = find_suite(str(done.case)).cases
    assert shrunk.case is not None
    assert written.request == shrunk.case.request
    assert check in written.checks
