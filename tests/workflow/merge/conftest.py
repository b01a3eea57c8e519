"""Recorded runs that are closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from shards import write

from trueweight.store import RunDir


@pytest.fixture
def made() -> Iterator[Callable[..., RunDir]]:
    """As ``shards.write``."""
    with ExitStack() as stack:
        yield lambda *arguments, **more: stack.enter_context(write(*arguments, **more))
