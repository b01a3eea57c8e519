"""Usage of Responses: ``input_tokens`` include the cached ones, ``output_tokens`` those of the thought."""

from __future__ import annotations

from typing import Any

from trueweight.core import Span, TokenCount, Usage
from trueweight.protocols.anomalies import Anomalies
from trueweight.protocols.body import ends_of, last_count
from trueweight.protocols.fields import as_count, as_object, stated_cost, stated_cost_in


def read_usage(value: Any, span: Span, anomalies: Anomalies) -> Usage | None:
    """The ``usage`` object; None if there is none."""
    usage = as_object(value, "usage", span, anomalies)
    if usage is None:
        return None
    read = as_object(usage.get("input_tokens_details"), "usage.input_tokens_details", span, anomalies) or {}
    written = as_object(usage.get("output_tokens_details"), "usage.output_tokens_details", span, anomalies) or {}
    return Usage(
        input=as_count(usage.get("input_tokens"), "usage.input_tokens", span, anomalies),
        output=as_count(usage.get("output_tokens"), "usage.output_tokens", span, anomalies),
        total=as_count(usage.get("total_tokens"), "usage.total_tokens", span, anomalies),
        cached=as_count(read.get("cached_tokens"), "usage…cached_tokens", span, anomalies),
        reasoning=as_count(written.get("reasoning_tokens"), "usage…reasoning_tokens", span, anomalies),
        cost=stated_cost(usage),
        cache_write=as_count(read.get("cache_write_tokens"), "usage…cache_write_tokens", span, anomalies),
    )


def tokens_in(body: bytes) -> TokenCount | None:
    """The last token counts in a raw body, which need not be well-formed; None if it has none."""
    for part in ends_of(body):
        read = last_count(part, b'"input_tokens"')
        if read is not None:
            written = last_count(part, b'"output_tokens"') or 0
            cached, to_cache = (last_count(part, key) or 0 for key in (b'"cached_tokens"', b'"cache_write_tokens"'))
            return TokenCount(read, written, cached, stated_cost_in(part), to_cache)
    return None
