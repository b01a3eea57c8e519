"""Every test of this folder has the marker ``hostile``: it is left out of the default run, and run by .ci/run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = f"{HERE}{os.sep}"
    for item in items:
        if str(item.path).startswith(here):  # of thousands: `Path.parents` would take a second
            item.add_marker(pytest.mark.hostile)
