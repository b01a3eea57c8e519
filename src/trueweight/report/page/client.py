"""Was it us? Whether this client kept up, said on the first screen, because it spoils times and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

_SOME: Final = 0.01


class ClientHealth(NamedTuple):
    """One sentence, and whether it is a warning."""

    text: str
    bad: bool


def client_health(summary: Mapping[str, Any]) -> ClientHealth:
    """From the counts of each provider: requests while this client was too busy for their times to be trusted."""
    counts = {name: provider.get("counts", {}) for name, provider in summary["providers"].items()}
    spoiled = {name: found.get("client_limited", 0) for name, found in counts.items() if found.get("client_limited")}
    recorded = sum(found.get("recorded", 0) for found in counts.values())
    total = sum(spoiled.values())
    if not total:
        return ClientHealth(
            "This client kept up: no request was marked CLIENT-LIMITED, so the times are theirs.", False
        )
    share = total / recorded if recorded else 1.0
    worst = ", ".join(
        f"{name} {count}" for name, count in sorted(spoiled.items(), key=lambda item: (-item[1], item[0]))
    )
    text = (
        f"CLIENT-LIMITED: during {total} of {recorded} requests this client, not the provider, was too busy ({worst}). "
        "Their times are left out of every latency; what they answered counts as ever."
    )
    return ClientHealth(text, share > _SOME)
