"""For all tests: none depends on how fast the machine is, nor, unless asked to explore, on luck.

They run on several workers (pytest-xdist, set in pyproject.toml), a file at a time: tests that share a server or a
recorded run stand in one file, so that it is started once. Groups by mark are not used: pytest-xdist 3.8 loses them
silently under pytest 9.0.3. The longest files start first, so that no worker is left with one of them at the end.

Every worker imports every test file. pytest rewrites the assertions of a file once and keeps the result beside it: in
a fresh clone each worker begins at another folder, and finds most files already rewritten by the others. That holds
too where ``PYTHONDONTWRITEBYTECODE`` is set, as in many container images: it would cost each worker half its start.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same-every-time", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)  # TRUEWEIGHT_EXPLORE=1 pytest: other examples every time
settings.load_profile("explore" if os.environ.get("TRUEWEIGHT_EXPLORE") else "same-every-time")

os.environ["TRUEWEIGHT_CACHE"] = ""  # a test judges what it is about; tests of the cache name a folder
os.environ["TRUEWEIGHT_JUDGE_PROCESSES"] = "1"  # and they are several processes themselves
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of each worker, and before NumPy is imported: threads wait busily
gc.set_threshold(50_000, 20, 20)  # by default a seventh of the tests' time goes into searches for reference cycles

LONGEST = (
    "cli/test_cli_demo.py",
    "assess/test_assess_run.py",
    "api/test_api_pytest.py",
    "drift/test_drift_cli.py",
    "fleet/test_fleet_matrix.py",
    "fleet/test_fleet_handwritings.py",
    "report/test_report_recommendation.py",
    "workflow/probe/test_probe_switch.py",
    "workflow/merge/test_merge_cli.py",
    "workflow/judge/test_judge_summary.py",
    "fleet/test_fleet_roster.py",
    "workflow/probe/test_probe_run.py",
    "workflow/probe/test_probe_from.py",
    "fleet/test_fleet_server.py",
    "cli/test_cli_again.py",
    "cli/test_cli_init.py",
    "cli/test_cli_ping.py",
    "report/site/test_site_pages.py",
    "workflow/judge/test_judge_not_offered.py",
    "workflow/test_thinking_modes.py",
    "workflow/judge/test_judge_cache.py",
    "assess/test_assess_gate.py",
    "store/test_store_frames.py",
    "workflow/test_run_resume.py",
    "suites/properties/test_property_strategies.py",
    "bench/test_bench_verdict.py",
    "checks/test_checks_odd_replies.py",
    "workload/test_workload_compare.py",
)
"""Test files of more than four seconds of processor time on a slow machine, the longest first."""


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors, because tests wait for servers."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep what is compiled while the tests are collected, and only then."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, False
    try:
        return (yield)
    finally:
        sys.dont_write_bytecode = before


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Collect this folder's children beginning with another one in each worker."""
    report = yield
    worker = getattr(collector.config, "workerinput", None)
    if worker and report.passed and collector.path == Path(__file__).parent:
        first = len(report.result) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        report.result = [*report.result[first:], *report.result[:first]]
    return report


@pytest.hookimpl(
    tryfirst=True
)  # before pytest groups the tests by their fixtures: all workers must have the same order
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Move the longest files to the front; among several workers the others are in the order of their names."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in places), "LONGEST names a file that does not exist"
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path)
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Leave modules and collected tests out of all later searches for reference cycles.

    What a test leaves open in a cycle is still found, at the latest when pytest searches at the end.
    """
    gc.collect()
    gc.freeze()


class _Again:
    """After pytest has grouped the tests by fixtures of a session: among several workers, that would start all readers
    of one recorded run at once, and they would wait for the worker that makes it."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        if hasattr(config, "workerinput"):
            pytest_collection_modifyitems(config, items)


def pytest_configure(config: pytest.Config) -> None:
    """Sort the tests twice: see `_Again`."""
    config.pluginmanager.register(_Again())
