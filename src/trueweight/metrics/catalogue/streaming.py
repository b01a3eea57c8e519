"""How the tokens of a stream follow each other, what queued in front of a request, and what a new connection took."""

from __future__ import annotations

from trueweight.metrics.catalogue.latency import cold, streams, time_metric

_GAP = "the median time between two token events of a stream; those that came in one chunk are 0 apart."

time_metric("gap", "gap", _GAP, scope=streams)
time_metric("gap_p95", "gap", _GAP, q=0.95, scope=streams)
time_metric("longest_gap", "gap_max", "the longest time between two token events of a stream.", scope=streams)
time_metric(
    "longest_gap_p95", "gap_max", "the longest time between two token events of a stream.", q=0.95, scope=streams
)
time_metric(
    "zero_gaps",
    "zero_gaps",
    "the share of token events that came together with the one before, streams.",
    scope=streams,
)
time_metric(
    "chunk_tokens", "chunk_tokens", "completion tokens per token event, by the server's token count.", scope=streams
)
time_metric("tpot_p95", "tpot", "the time per output token after the first, streams.", q=0.95, scope=streams)
time_metric("schedule_lag_p95", "lag", "the time from the scheduled start to sending.", q=0.95)
time_metric("connect_time", "connect", "the time to open a connection: DNS, TCP and TLS.", only=cold)
