"""One fleet in a child process for all tests of this folder."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping

import httpx
import pytest

from trueweight.fleet import roster, running_fleet


@pytest.fixture(scope="session")
def fleet_urls() -> Iterator[Mapping[str, str]]:
    """Base URL of every provider in the roster."""
    with running_fleet([entry.name for entry in roster()]) as path:
        providers = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
        yield {provider["name"]: provider["base_url"] for provider in providers}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A bare client, to see the bytes."""
    with httpx.Client(timeout=30) as client:
        yield client
