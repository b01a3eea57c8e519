"""One machine's part of a plan, and of the limits that all machines share."""

from __future__ import annotations

from collections.abc import Mapping
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
