"""Time to first token."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, cold, quantile_metric, streams, warm

_TTFT = Quantity(
    "ttft",
    "TTFT",
    "the time to first token: from sending the request to the first token event on any channel, a "
    "thought's included; streams only.",
    "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html",
    400,
    streams,
)

quantile_metric("ttft", _TTFT, compared=True, column=True, beside="ttft_p95", beside_words="p95 {}")
quantile_metric("ttft_p90", _TTFT, q=0.90, place=1)
quantile_metric("ttft_p95", _TTFT, q=0.95, place=2)
quantile_metric("ttft_p99", _TTFT, q=0.99, place=3)
quantile_metric("ttft_warm", _TTFT, only=warm, words="kept", place=4)
quantile_metric("ttft_cold", _TTFT, only=cold, words="new", place=5)
