"""A user's cache for the tests of workloads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def judgements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the cache."""
    return tmp_path_factory.mktemp("judgements")


@pytest.fixture(scope="module", autouse=True)
def kept_judgements(judgements: Path) -> Iterator[None]:
    """Many tests ask several commands about one run, or about a copy of it: it is judged once, as it is for a user, and
    again where it was changed. All other folders judge without a cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUEWEIGHT_CACHE", str(judgements))
        yield
