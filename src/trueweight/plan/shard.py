"""One machine's part of a plan, and of the limits that all machines share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from trueweight.core import Provider, Shard
from trueweight.plan.order import Plan


def take_shard(plan: Plan, shard: Shard) -> Plan:
    """The trials of a shard, in the plan's order, each provider with its share of its limits."""
    limited: Mapping[str, Provider] = {trial.provider.name: limit(trial.provider, shard) for trial in plan.trials}
    mine = tuple(
        replace(trial, provider=limited[trial.provider.name]) for trial in plan.trials if shard.holds(trial.id)
    )
    return replace(plan, trials=mine)


def limit(provider: Provider, shard: Shard) -> Provider:
    """The provider with a shard's part of its rate limits. The ids of its trials stay the same.

    Each shard has at least one concurrent request, so more shards than ``concurrency`` together exceed that limit.
    """
    rate = provider.requests_per_minute
    return replace(
        provider,
        concurrency=None if provider.concurrency is None else max(1, shard.part_of(provider.concurrency)),
        requests_per_minute=None if rate is None else rate / shard.of,
    )


def say_limits(providers: Iterable[Provider], shard: Shard) -> tuple[str, ...]:
    """A sentence for each provider with a declared limit: the shard's part of it."""
    out = []
    for provider in providers:
        mine = limit(provider, shard)
        parts = []
        if provider.requests_per_minute is not None:
            parts.append(f"{mine.requests_per_minute:g} of {provider.requests_per_minute:g} requests a minute")
        if provider.concurrency is not None:
            parts.append(f"{mine.concurrency} of {provider.concurrency} concurrent requests")
            if shard.of > provider.concurrency:
                parts.append(f"{shard.of} shards together may exceed that")
        if parts:
            out.append(f"{provider.name}: {', '.join(parts)}")
    return tuple(out)
