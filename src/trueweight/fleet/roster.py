"""The providers of the fleet: name, real precision, style and faults of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Literal

from trueweight.core import ConfigError, Price, Role, near_miss
from trueweight.fleet.faults import FAULTS
from trueweight.fleet.network import Precision
from trueweight.fleet.styles import HEALTHY_STYLES, OTHER, PLAIN, Style

_PRICE = Price(0.10, 0.40)


@dataclass(frozen=True, slots=True)
class FleetMember:
    """One provider of the fleet.

    Attributes:
        precision: the real precision of its weights; all of them claim ``fp32``.
        faults: names of faults, in the order in which they are applied.
        listed: whether it is served by default.
        server: uvicorn, or a bare socket for faults below HTTP.
    """

    name: str
    summary: str
    precision: Precision = "fp32"
    style: Style = PLAIN
    faults: tuple[str, ...] = ()
    role: Role = Role.CANDIDATE
    price: Price = _PRICE
    listed: bool = True
    server: Literal["asgi", "raw"] = "asgi"


_ROSTER = (
    FleetMember("reference", "the model as its authors serve it", role=Role.REFERENCE, price=Price(0.60, 2.50)),
    FleetMember("twin", "the same again: healthy"),
    FleetMember("other-stack", "healthy, from another engine: other ids, chunks, line ends, fields", style=OTHER),
    FleetMember("leaky-parser", "tool calls often stay in the text as markup", faults=("leak-tool-markers",)),
    FleetMember("no-strict", "schemas and enums are accepted and not enforced", faults=("ignore-strict",)),
    FleetMember("int4", "weights rounded to 4 bits", precision="int4", price=Price(0.04, 0.15)),
    FleetMember("slow", "late first token, slow ones after it", faults=("slow",)),
    FleetMember("flaky", "three requests in ten fail", faults=("flaky",)),
    FleetMember("int8", "weights rounded to 8 bits", precision="int8", listed=False),
    FleetMember("twin-2", "a second twin, for null experiments", listed=False),
)


@cache
def roster() -> tuple[FleetMember, ...]:
    """Every provider: those served by default, further healthy ones, and one for each fault, with its name."""
    habits = (
        FleetMember(f"healthy-{name}", f"healthy: {summary}", style=style, listed=False)
        for name, (summary, style) in HEALTHY_STYLES.items()
    )
    taken = {member.name for member in _ROSTER}
    faulty = (
        FleetMember(name, fault.summary, faults=(name,), listed=False, server="raw" if fault.raw else "asgi")
        for name, fault in FAULTS.all().items()
        if name not in taken
    )
    return (*_ROSTER, *habits, *faulty)


def members_named(names: Iterable[str] | None = None) -> tuple[FleetMember, ...]:
    """The members of these names, in the roster's order; the default ones for None.

    Raises:
        ConfigError: with the near miss, for a name that is not in the roster.
    """
    if names is None:
        return tuple(member for member in roster() if member.listed)
    wanted = set(names)
    known = {member.name for member in roster()}
    for name in sorted(wanted - known):
        hint = near_miss(name, known)
        raise ConfigError(f"the fleet has no provider {name!r}", code="unknown-fleet-provider", hint=hint)
    return tuple(member for member in roster() if member.name in wanted)
