"""What the thoughts of 1,000 requests cost."""

from __future__ import annotations

import numpy as np

from trueweight.metrics.cost import cost_metric

cost_metric(
    "thinking_cost_per_1000",
    "USD / 1,000, thoughts",
    "The part of the cost of 1,000 trials that their thoughts take, at the declared price of output.",
    lambda sample: np.ones(len(sample.own), dtype=bool),
    "no reply has a thought",
    place=602,
    cost=lambda table: table.thinking_cost,
)
