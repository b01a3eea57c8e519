"""Time to open a connection."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, cold, quantile_metric

quantile_metric(
    "connect_time",
    Quantity(
        "connect",
        "Connect",
        "the time to open a connection: DNS, TCP and TLS.",
        "https://www.w3.org/TR/resource-timing/ (domainLookupStart to connectEnd)",
        461,
    ),
    only=cold,
    words="new",
)
