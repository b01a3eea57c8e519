"""Was it us? Whether this client kept up, said on the first screen, because it spoils times and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

_NAMED: Final = 3


class ClientHealth(NamedTuple):
    """A label, which is empty where all is well, and the sentence behind it."""

    label: str
    text: str


def client_health(summary: Mapping[str, Any]) -> ClientHealth:
    """From the counts of each provider: requests while this client was too busy for their times to be trusted."""
    counts = {name: provider.get("counts", {}) for name, provider in summary["providers"].items()}
    spoiled = {name: found.get("client_limited", 0) for name, found in counts.items() if found.get("client_limited")}
    recorded = sum(found.get("recorded", 0) for found in counts.values())
    total = sum(spoiled.values())
    measured = _measured(summary["run"].get("client") or ())
    if not total and not measured:
        return ClientHealth("", "Whether this client kept up was not measured: times may be partly its own.")
    if not total:
        return ClientHealth("", f"This client kept up ({measured}): the times are the providers' own.")
    ranked = sorted(spoiled, key=lambda name: (-spoiled[name], name))
    worst = ", ".join(f"{name} {spoiled[name]}" for name in ranked[:_NAMED])
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    text = (
        f"during {total} of {recorded} requests this client, not the provider, was too busy ({worst}{more}). Their "
        f"times are left out; what they answered counts.{f' Client: {measured}.' if measured else ''}"
    )
    return ClientHealth("CLIENT-LIMITED:", text)


def _measured(sessions: Sequence[Mapping[str, Any]]) -> str:
    """The worst of all sessions in a few words; empty if nothing is known."""
    lags = [float(session["lag_p99_ms"]) for session in sessions if session.get("lag_p99_ms") is not None]
    tests = [session["self_test"] for session in sessions if session.get("self_test")]
    parts = [f"event loop late by {max(lags):.1f} ms at p99"] if lags else []
    if tests:
        worst = max(float(test["p99_ms"]) for test in tests)
        parts.append(f"a request to itself within {worst:.1f} ms at p99")
    return ", ".join(parts)
