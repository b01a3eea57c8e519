"""How many tokens an event carries."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

quantile_metric(
    "chunk_tokens",
    Quantity(
        "chunk_tokens",
        "Tokens per event",
        "the output tokens per token event of a stream, by the server's token count.",
        "Own definition: above 1 with multi-token prediction, speculative decoding or buffering.",
        455,
        streams,
    ),
)
