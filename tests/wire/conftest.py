"""The stage for every wire test."""

from __future__ import annotations

import pytest
from fault_servers import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()
