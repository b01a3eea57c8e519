"""Drift: evidence that a candidate is not the model that the reference is.

`Investigation` is the sequential procedure without I/O, `outcomes` what it came to, `Ladder` where known files stand.
"""

from trueweight.drift.investigate import Asking, Investigation
from trueweight.drift.ladder import Ladder, ladder_of, load_ladder
from trueweight.drift.outcome import outcomes
from trueweight.drift.script import SUITE, Script, write_script
from trueweight.drift.settings import DEFAULT_REQUESTS, DriftSettings
from trueweight.drift.thresholds import Thresholds, shipped_thresholds

__all__ = [
    "DEFAULT_REQUESTS",
    "SUITE",
    "Asking",
    "DriftSettings",
    "Investigation",
    "Ladder",
    "Script",
    "Thresholds",
    "ladder_of",
    "load_ladder",
    "outcomes",
    "shipped_thresholds",
    "write_script",
]
