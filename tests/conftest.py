"""For all tests: none may depend on how fast the machine is, so Hypothesis has no deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
