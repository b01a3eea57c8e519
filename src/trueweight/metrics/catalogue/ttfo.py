"""Time to the first output that a user sees."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

quantile_metric(
    "ttfo",
    Quantity(
        "ttfo",
        "First output (TTFO)",
        "the time from sending the request to the first event of the answer, content or a tool call; streams only. It "
        "is TTFT plus the time of the thought.",
        "Own definition: TTFT without the tokens of a thought.",
        411,
        streams,
    ),
    compared=True,
)
