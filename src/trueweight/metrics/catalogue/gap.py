"""Time between the token events of a stream."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

_GAP = Quantity(
    "gap",
    "Gap",
    "the median time between two token events of a stream. Events that arrived in one chunk are 0 apart.",
    "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html (inter-token latency), by event",
    450,
    streams,
)

quantile_metric("gap", _GAP)
quantile_metric("gap_p95", _GAP, q=0.95, place=1)
