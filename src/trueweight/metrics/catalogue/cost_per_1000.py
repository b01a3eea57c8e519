"""What 1,000 requests cost."""

from __future__ import annotations

import numpy as np

from trueweight.metrics.cost import cost_metric

cost_metric(
    "cost_per_1000",
    "USD / 1,000",
    "Cost of 1,000 trials, every attempt counted, at the declared prices.",
    lambda sample: np.ones(len(sample.own), dtype=bool),
    "nothing was sent",
    place=600,
    column=True,
    beside="thinking_cost_per_1000",
    beside_words="{} for thoughts",
)
