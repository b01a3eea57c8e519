"""Output tokens per second."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric

quantile_metric(
    "output_speed",
    Quantity(
        "output_speed",
        "Tokens/s",
        "the output tokens per second between the first and the last token event, by the server's token count.",
        "https://docs.nvidia.com/nim/benchmarking/llm/latest/metrics.html (tokens per second, per user)",
        420,
    ),
    compared=True,
    column=True,
)
