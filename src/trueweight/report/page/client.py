"""Whether this client kept up: a busy client spoils times, so the first screen reports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from trueweight.core.summary import ClientSession, Summary

_NAMED: Final = 3


class ClientHealth(NamedTuple):
    """A label, empty if no time was spoiled, and a sentence."""

    label: str
    text: str


def client_health(summary: Summary) -> ClientHealth:
    """The requests of a run during which this client was too busy for exact times, counted over all providers."""
    counts = {name: provider.counts for name, provider in summary.providers.items()}
    spoiled = {name: found.client_limited for name, found in counts.items() if found.client_limited}
    recorded = sum(found.recorded for found in counts.values())
    total = sum(spoiled.values())
    measured = _measured(summary.client)
    if not total and not measured:
        return ClientHealth("", "Whether this client kept up was not measured: times may include its own delays.")
    if not total:
        return ClientHealth("", f"This client kept up ({measured}): the times are the providers' own.")
    ranked = sorted(spoiled, key=lambda name: (-spoiled[name], name))
    worst = ", ".join(f"{name} {spoiled[name]}" for name in ranked[:_NAMED])
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    text = (
        f"during {total} of {recorded} requests this client, not the provider, was too busy ({worst}{more}). Their "
        f"times are left out; their replies are counted.{f' Client: {measured}.' if measured else ''}"
    )
    return ClientHealth("CLIENT-LIMITED:", text)


def _measured(sessions: Sequence[ClientSession]) -> str:
    """The worst of all sessions in a few words; empty if nothing is known."""
    lags = [session.lag_p99_ms for session in sessions if session.lag_p99_ms is not None]
    tests = [session.self_test_p99_ms for session in sessions if session.self_test_p99_ms is not None]
    parts = [f"event loop late by {max(lags):.1f} ms at p99"] if lags else []
    if tests:
        parts.append(f"a request to itself within {max(tests):.1f} ms at p99")
    return ", ".join(parts)
