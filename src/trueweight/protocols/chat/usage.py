"""Usage of chat completions: parsed from the ``usage`` object of a reply, or searched in raw bytes."""

from __future__ import annotations

from typing import Any

from trueweight.core import Span, TokenCount, Usage
from trueweight.core.json_value import JsonObject
from trueweight.core.price import billed_output
from trueweight.protocols.anomalies import Anomalies
from trueweight.protocols.body import ends_of, last_count
from trueweight.protocols.fields import as_count, as_object, stated_cost, stated_cost_in

_CACHED = ("cached_tokens", "prompt_cache_hit_tokens")
"""Names of the count of prompt tokens from a cache: in the details of the prompt, or beside its count."""
_CACHE_WRITE = ("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens")
"""Names of the count of prompt tokens that were written to a cache, in the same places."""
_QUOTED_CACHED, _QUOTED_CACHE_WRITE = (tuple(f'"{key}"'.encode() for key in names) for names in (_CACHED, _CACHE_WRITE))


def read_usage(value: Any, span: Span, anomalies: Anomalies) -> Usage | None:
    """The ``usage`` object; None if there is none."""
    usage = as_object(value, "usage", span, anomalies)
    if usage is None:
        return None
    prompt = as_object(usage.get("prompt_tokens_details"), "usage.prompt_tokens_details", span, anomalies) or {}
    output = as_object(usage.get("completion_tokens_details"), "usage.completion_tokens_details", span, anomalies) or {}

    def count(source: JsonObject, key: str) -> int | None:
        return as_count(source.get(key), f"usage…{key}", span, anomalies)

    def first(*counts: int | None) -> int | None:
        return next((number for number in counts if number is not None), None)

    return Usage(
        input=count(usage, "prompt_tokens"),
        output=count(usage, "completion_tokens"),
        total=count(usage, "total_tokens"),
        cached=first(count(prompt, _CACHED[0]), *(count(usage, key) for key in _CACHED)),
        reasoning=first(*(count(one, "reasoning_tokens") for one in (output, usage))),
        cost=stated_cost(usage),
        cache_write=first(*(count(one, key) for one in (prompt, usage) for key in _CACHE_WRITE)),
    )


def tokens_in(body: bytes) -> TokenCount | None:
    """The last token counts in a raw body, which need not be well-formed; None if it has no prompt count.

    Looked for in the last 64 KB and the first 16 KB: on the event loop, cost must not grow with the body.
    """
    for part in ends_of(body):
        prompt = last_count(part, b'"prompt_tokens"')
        if prompt is None:
            continue
        output = last_count(part, b'"completion_tokens"') or 0
        reasoning = last_count(part, b'"reasoning_tokens"')
        billed = billed_output(prompt, output, last_count(part, b'"total_tokens"'), reasoning)
        cached, to_cache = (
            next(filter(None, (last_count(part, key) for key in keys)), 0) if word in part else 0
            for word, keys in ((b"cache", _QUOTED_CACHED), (b"cache_", _QUOTED_CACHE_WRITE))
        )
        return TokenCount(prompt, billed or 0, cached, stated_cost_in(part), to_cache)
    return None
