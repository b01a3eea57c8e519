"""The embedded fleet: simulated providers that speak HTTP on real sockets, healthy or with a named fault."""

from trueweight.fleet.child import running_fleet
from trueweight.fleet.model import MODEL
from trueweight.fleet.roster import Entry, chosen_entries, roster
from trueweight.fleet.serve import BASE_PORT, Endpoint, Fleet, providers_toml

__all__ = [
    "BASE_PORT",
    "MODEL",
    "Endpoint",
    "Entry",
    "Fleet",
    "chosen_entries",
    "providers_toml",
    "roster",
    "running_fleet",
]
