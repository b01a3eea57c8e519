"""The part of the limits that a shard has, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from trueweight.core import Provider, Shard
from trueweight.plan import limit
from trueweight.wire import WireSettings


def division_words(
    whole: WireSettings, mine: WireSettings, shard: Shard, providers: Iterable[Provider]
) -> tuple[str, ...]:
    """A sentence on the limits of the run, and one for each provider whose configuration sets limits.

    Args:
        whole: the limits of the run, for all shards together.
        mine: those of this shard.
    """
    parts = [f"{mine.concurrency} of {whole.concurrency} concurrent requests for each provider"]
    if whole.rate is not None and mine.rate is not None:
        parts.append(f"{mine.rate:g} of {whole.rate:g} requests a second")
    if whole.budget_usd is not None:
        parts.append(f"{mine.budget_usd:g} of {whole.budget_usd:g} USD")
    if whole.max_requests is not None:
        parts.append(f"{mine.max_requests} of {whole.max_requests} requests")
    limited = (_provider(provider, shard) for provider in providers)
    return (f"Shard {shard}: {', '.join(parts)}.", *filter(None, limited))


def _provider(provider: Provider, shard: Shard) -> str:
    """The shard's part of a provider's own limits; empty if it has none."""
    mine, parts = limit(provider, shard), []
    if provider.requests_per_minute is not None:
        parts.append(f"{mine.requests_per_minute:g} of {provider.requests_per_minute:g} requests a minute")
    if provider.concurrency is not None:
        parts.append(f"{mine.concurrency} of {provider.concurrency} concurrent requests")
        if shard.of > provider.concurrency:
            parts.append(f"{shard.of} shards together may exceed that")
    return f"{provider.name}: {', '.join(parts)}" if parts else ""
