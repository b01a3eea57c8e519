"""How late this client sent requests."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric

quantile_metric(
    "schedule_lag_p95",
    Quantity(
        "lag",
        "Schedule lag",
        "the time from the scheduled start to sending: this client's queue, limits and pacing, not the provider.",
        "Tene, How NOT to Measure Latency (coordinated omission), 2015",
        460,
    ),
    q=0.95,
)
