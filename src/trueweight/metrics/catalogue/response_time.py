"""Time to the whole reply, from when the request was scheduled."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, quantile_metric

_RESPONSE = Quantity(
    "response",
    "Response",
    "the response time: from the scheduled start to the last token event, or to the end of a plain reply. Includes the "
    "time in this client's queue.",
    "Tene, How NOT to Measure Latency (coordinated omission), 2015",
    440,
)

quantile_metric("response_time", _RESPONSE)
quantile_metric("response_time_p95", _RESPONSE, q=0.95, place=1)
