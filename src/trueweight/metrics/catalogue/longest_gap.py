"""The longest pause of a stream."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

_LONGEST = Quantity(
    "gap_max",
    "Longest gap",
    "the longest time between two token events of a stream.",
    "Own definition: the stall that a user of a stream sees.",
    452,
    streams,
)

quantile_metric("longest_gap", _LONGEST)
quantile_metric("longest_gap_p95", _LONGEST, q=0.95, place=1)
