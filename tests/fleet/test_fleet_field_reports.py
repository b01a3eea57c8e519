"""The page of field reports is true: each report has a fault, and its check fails on the case that the page names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from trueweight.core.check import CHECKS
from trueweight.fleet.faults import FAULTS
from trueweight.fleet.known import KnownAnswers
from trueweight.suites import find_suite
from trueweight.workflow.matrix.select import InProcess, entry_of

PAGE = Path(__file__).parents[2] / "docs" / "field-reports.md"


class Row(NamedTuple):
    """One line of the table."""

    report: str
    what: str
    check: str
    case: str
    fault: str


def rows() -> list[Row]:
    """The lines of the table that name a report."""
    found = re.findall(
        r"^\| ([^|*]+#\d+) \| ([^|]+) \| `([^`|]+)` \| `([^`|]+)` \| `([^`|]+)` \|$", PAGE.read_text(), re.M
    )
    return [Row(*one) for one in found]


@cache
def fleet() -> tuple[InProcess, dict[str, object]]:
    """The providers, and the cases that the page names."""
    suites = [find_suite(name) for name in sorted({row.case.partition("/")[0] for row in rows()})]
    cases = {case.key: case for suite in suites for case in suite.cases}
    return InProcess(KnownAnswers(suites), cases.values()), cases


def test_the_page_has_every_report_that_a_fault_reproduces() -> None:
    """And no other one."""
    declared = {(report, name) for name, fault in FAULTS.all().items() for report in fault.reports}
    assert {(row.report, row.fault) for row in rows()} == declared


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.report} {row.fault}")
def test_the_check_of_a_report_fails_on_its_case(row: Row) -> None:
    """The first check of the fault is the one that the page names, and it fails on the reply to the case.

    A check that compares several replies judges in the matrix; here the reply must differ from the healthy one.
    """
    providers, cases = fleet()
    fault = FAULTS.get(row.fault)
    assert fault.checks[0] == row.check
    assert fault.summary.replace("``", "") == row.what
    assert CHECKS.get(row.check).info.failure
    assert providers.finds(entry_of(row.fault), cases[row.case], row.check)
