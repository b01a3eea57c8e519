"""The modules of the bench of verdicts, for the tests that hold its promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def bench() -> Iterator[SimpleNamespace]:
    """``fleets``, ``judged``, ``nights`` and ``tables``. Their folder is on the path while one file's tests run, and no
    longer: it has a module ``coverage`` too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).with_name("verdict")))
        import fleets
        import judged
        import nights
        import tables

        yield SimpleNamespace(fleets=fleets, judged=judged, nights=nights, tables=tables)
