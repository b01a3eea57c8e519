"""Time to the whole reply, from sending."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, cold, quantile_metric, warm

_E2E = Quantity(
    "service",
    "Whole reply",
    "the service time: from sending the request to the last token event, or to the end of a plain reply.",
    "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html (end-to-end request latency)",
    430,
)

quantile_metric("e2e", _E2E, compared=True)
quantile_metric("e2e_p90", _E2E, q=0.90, place=1)
quantile_metric("e2e_p95", _E2E, q=0.95, place=2)
quantile_metric("e2e_p99", _E2E, q=0.99, place=3)
quantile_metric("e2e_warm", _E2E, only=warm, words="kept", place=4)
quantile_metric("e2e_cold", _E2E, only=cold, words="new", place=5)
