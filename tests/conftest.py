"""For all tests: none depends on how fast the machine is, nor, unless asked to explore, on luck."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same-every-time", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)  # TRUEWEIGHT_EXPLORE=1 pytest: other examples every time
settings.load_profile("explore" if os.environ.get("TRUEWEIGHT_EXPLORE") else "same-every-time")
