"""How many tokens a thought takes."""

from __future__ import annotations

from trueweight.metrics.quantiles import Quantity, everything, quantile_metric

_TOKENS = Quantity(
    "thinking_tokens",
    "Thinking tokens",
    "the completion tokens of a thought, over the replies that have one: as the server counts them, or else its share "
    "of the reply's characters times the completion tokens.",
    "https://platform.openai.com/docs/guides/reasoning (reasoning_tokens)",
    426,
    everything,
)

quantile_metric("thinking_tokens", _TOKENS)
quantile_metric("thinking_tokens_p95", _TOKENS, q=0.95, place=1)
