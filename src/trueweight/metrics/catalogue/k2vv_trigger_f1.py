"""The K2 Vendor Verifier's trigger F1, for comparison with its published numbers."""

from __future__ import annotations

import numpy as np

from trueweight.core import Finish
from trueweight.metrics.table import Table
from trueweight.metrics.triggers import trigger_metric
from trueweight.statistics import Array


def _finished_with_calls(table: Table) -> Array:
    return np.asarray(table.finish == Finish.CALLS)


trigger_metric(
    "k2vv_trigger_f1",
    "K2VV trigger F1",
    "f1",
    "Tool-call F1 as the K2 Vendor Verifier counts it: a reply counts as a call by its finish reason alone.",
    source="https://github.com/MoonshotAI/K2-Vendor-Verifier",
    place=123,
    signal=_finished_with_calls,
)
