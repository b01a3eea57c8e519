"""Time per output token."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

_TPOT = Quantity(
    "tpot",
    "Time per token",
    "the time per output token after the first, by the server's token count; streams only.",
    "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html (inter-token latency)",
    421,
    streams,
)

quantile_metric("tpot", _TPOT)
quantile_metric("tpot_p95", _TPOT, q=0.95, place=1)
