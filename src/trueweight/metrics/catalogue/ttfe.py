"""Time to the first event, which can be empty."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

quantile_metric(
    "ttfe",
    Quantity(
        "ttfe",
        "First event",
        "the time from sending the request to the first event, even an empty one; streams only. Far below TTFT: the "
        "server sends an empty chunk early.",
        "Own definition: TTFT as tools measure it that do not look into the event.",
        410,
        streams,
    ),
)
