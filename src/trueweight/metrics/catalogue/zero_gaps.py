"""How many token events arrive together with the one before."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric, streams

quantile_metric(
    "zero_gaps",
    Quantity(
        "zero_gaps",
        "Events without a gap",
        "the share of a stream's token events that arrived together with the one before.",
        "Own definition: high where a proxy or the server buffers a stream.",
        454,
        streams,
    ),
)
