"""What 1,000 replies with valid tool calls cost."""

from __future__ import annotations

from trueweight.metrics.cost import cost_metric

cost_metric(
    "cost_per_1000_valid_calls",
    "USD / 1,000 valid calls",
    "Cost of all trials, with or without tools, for each 1,000 replies whose tool calls are all valid.",
    lambda sample: sample.own.calls_valid == 1,
    "no reply had valid tool calls",
    place=601,
)
