"""One fleet in a child process for all tests of this folder, with a provider for each fault of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from faulty_fleet import FAULTS

from trueweight.config import load_providers
from trueweight.core import Provider
from trueweight.fleet import running_fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Mapping[str, Provider]]:
    """The providers by name."""
    with running_fleet(["reference", *FAULTS]) as path:
        yield {provider.name: provider for provider in load_providers(path, environ={})}
