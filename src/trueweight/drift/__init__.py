"""Drift: evidence that a candidate's output distribution differs from the reference's.

`Investigation` is the sequential procedure without I/O, `drift_outcomes` its results, `Ladder` the recorded distances
of known files."""

from trueweight.drift.investigate import Batches, Investigation
from trueweight.drift.ladder import Ladder, ladder_of, load_ladder
from trueweight.drift.largest import largest
from trueweight.drift.outcome import drift_outcomes
from trueweight.drift.script import SUITE, Script, write_script
from trueweight.drift.settings import DEFAULT_REQUESTS, DriftSettings
from trueweight.drift.thresholds import Thresholds, shipped_thresholds
from trueweight.drift.tolerances import Tolerances, load_tolerances, tolerances_of

__all__ = [
    "DEFAULT_REQUESTS",
    "SUITE",
    "Batches",
    "DriftSettings",
    "Investigation",
    "Ladder",
    "Script",
    "Thresholds",
    "Tolerances",
    "drift_outcomes",
    "ladder_of",
    "largest",
    "load_ladder",
    "load_tolerances",
    "shipped_thresholds",
    "tolerances_of",
    "write_script",
]
