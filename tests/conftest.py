"""For all tests: none depends on how fast the machine is, nor, unless asked to explore, on luck.

They run on several workers (pytest-xdist, set in pyproject.toml). Tests that share a server or a recorded run stay
together on one worker, so that it is started once; all others go to whichever worker is free.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from hypothesis import settings

settings.register_profile("same-every-time", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)  # TRUEWEIGHT_EXPLORE=1 pytest: other examples every time
settings.load_profile("explore" if os.environ.get("TRUEWEIGHT_EXPLORE") else "same-every-time")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Group the tests of one folder or file that use a fixture which outlives a test (``--dist loadgroup``)."""
    for item in items:
        fixtures = getattr(item, "_fixtureinfo", None)  # no public name tells a fixture's scope before it is set up
        places = [
            definition.baseid
            for definitions in (fixtures.name2fixturedefs.values() if fixtures else ())
            for definition in definitions
            if definition.scope != "function" and definition.baseid.startswith("tests/")
        ]
        if places:
            item.add_marker(pytest.mark.xdist_group(min(places, key=len)))
