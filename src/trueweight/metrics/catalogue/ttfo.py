"""Time to the first output that a user sees."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

quantile_metric(
    "ttfo",
    Quantity(
        "ttfo",
        "First output",
        "the time from sending the request to the first content or tool-call event, reasoning left out; streams only.",
        "Own definition: TTFT without reasoning tokens.",
        411,
        streams,
    ),
)
