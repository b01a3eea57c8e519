"""For all tests: none depends on how fast the machine is, nor, unless asked to explore, on luck.

They run on several workers (pytest-xdist, set in pyproject.toml), a file at a time: tests that share a server or a
recorded run stand in one file, so that it is started once. Groups by mark are not used: pytest-xdist 3.8 loses them
silently under pytest 9.0.3.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same-every-time", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)  # TRUEWEIGHT_EXPLORE=1 pytest: other examples every time
settings.load_profile("explore" if os.environ.get("TRUEWEIGHT_EXPLORE") else "same-every-time")
