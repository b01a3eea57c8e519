"""The embedded fleet: simulated providers that speak HTTP on real sockets, healthy or with a named fault."""

from trueweight.fleet.child import running_fleet
from trueweight.fleet.network import MODEL
from trueweight.fleet.roster import FleetMember, members_named, roster
from trueweight.fleet.serve import BASE_PORT, Endpoint, Fleet, providers_toml

__all__ = [
    "BASE_PORT",
    "MODEL",
    "Endpoint",
    "Fleet",
    "FleetMember",
    "members_named",
    "providers_toml",
    "roster",
    "running_fleet",
]
