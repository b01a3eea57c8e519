"""For all tests: none depends on how fast the machine is, nor, unless asked to explore, on luck.

They run on several workers (pytest-xdist, set in pyproject.toml), a file at a time: tests that share a server or a
recorded run stand in one file, so that it is started once. Groups by mark are not used: pytest-xdist 3.8 loses them
silently under pytest 9.0.3. The longest files start first, so that no worker is left with one of them at the end.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same-every-time", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)  # TRUEWEIGHT_EXPLORE=1 pytest: other examples every time
settings.load_profile("explore" if os.environ.get("TRUEWEIGHT_EXPLORE") else "same-every-time")

LONGEST = (
    "cli/test_cli_demo.py",
    "fleet/test_fleet_matrix.py",
    "drift/test_drift_cli.py",
    "suites/properties/test_property_strategies.py",
    "workflow/test_run_keys.py",
    "report/site/test_site_pages.py",
)
"""Test files of more than five seconds, the longest first."""


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors, because tests wait for servers."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the longest files to the front; the others keep their order."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    assert all(path.is_file() for path in places), "LONGEST names a file that does not exist"
    items.sort(key=lambda item: places.get(item.path, len(places)))
