"""A fleet to ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trueweight.fleet import running_fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Path]:
    """``providers.toml`` of a running reference, twin and one that ignores schemas."""
    with running_fleet(["reference", "twin", "no-strict"]) as providers:
        yield providers
