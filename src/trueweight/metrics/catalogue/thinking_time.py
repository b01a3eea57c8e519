"""How long a model thinks before its answer."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

quantile_metric(
    "thinking_time",
    Quantity(
        "thinking",
        "Thinking",
        "the time from the first event of the thought to the first event of the answer; streamed thoughts only.",
        "Own definition: time to first output less time to first token, where the first token is a thought's.",
        412,
        streams,
    ),
    column=True,
    beside="ttfo",
    beside_words="answer at {}",
)
