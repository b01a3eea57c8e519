"""Who is in the fleet: one line a provider. Name, real precision, style, faults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from trueweight.core import ConfigError, Price, Role, near_miss
from trueweight.fleet.network import Precision
from trueweight.fleet.styles import OTHER, PLAIN, Style

MODEL = "trueweight-tiny"
"""The model that every provider says it serves."""


_PRICE = Price(0.10, 0.40)


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider of the fleet.

    Attributes:
        precision: of its weights in truth; all of them claim ``fp32``.
        faults: names of faults, in the order in which they bite.
        listed: whether it is served when nobody asks for particular names.
        server: what stands at its port. ``asgi`` is uvicorn; a fault below HTTP can bring a kind of its own.
    """

    name: str
    says: str
    precision: Precision = "fp32"
    style: Style = PLAIN
    faults: tuple[str, ...] = ()
    role: Role = Role.CANDIDATE
    price: Price = _PRICE
    listed: bool = True
    server: Literal["asgi"] = "asgi"


_ROSTER = (
    Entry("reference", "the model as its authors serve it", role=Role.REFERENCE, price=Price(0.60, 2.50)),
    Entry("twin", "the same again: healthy"),
    Entry("other-stack", "healthy, from another engine: other ids, chunks, line ends, fields", style=OTHER),
    Entry("leaky-parser", "tool calls often stay in the text as markup", faults=("leak-tool-markers",)),
    Entry("no-strict", "schemas and enums are accepted and not enforced", faults=("ignore-strict",)),
    Entry("int4", "weights rounded to 4 bits", precision="int4", price=Price(0.04, 0.15)),
    Entry("slow", "late first token, slow ones after it", faults=("slow",)),
    Entry("flaky", "three requests in ten fail", faults=("flaky",)),
    Entry("int8", "weights rounded to 8 bits", precision="int8", listed=False),
    Entry("twin-2", "a second twin, for null experiments", listed=False),
    *(
        Entry(name, says, faults=(name,), listed=False)
        for name, says in (
            ("marker-cuts-argument", "an argument ends at marker text inside it"),
            ("coerce-types", "text that looks like a number becomes one"),
            ("strip-whitespace", "indentation and edges of text arguments are lost"),
            ("double-arguments", "streamed arguments come twice"),
            ("broken-fragments", "streamed arguments lose or gain a character"),
            ("empty-arguments-dropped", "a call without arguments has an empty text for them"),
            ("call-after-empty-loses-arguments", "a call after an empty call is empty too"),
            ("split-code-points", "streamed characters of several tokens are torn"),
            ("violate-enum", "enums of tool arguments are not enforced"),
        )
    ),
)


def roster() -> tuple[Entry, ...]:
    """Every provider there is, the ones served by default first."""
    return _ROSTER


def chosen_entries(names: Iterable[str] | None = None) -> tuple[Entry, ...]:
    """The entries of these names, in the roster's order; the default ones for None.

    Raises:
        ConfigError: with the near miss, for a name that is not in the roster.
    """
    if names is None:
        return tuple(entry for entry in _ROSTER if entry.listed)
    wanted = set(names)
    known = {entry.name for entry in _ROSTER}
    for name in sorted(wanted - known):
        hint = near_miss(name, known)
        raise ConfigError(f"the fleet has no provider {name!r}", code="unknown-fleet-provider", hint=hint)
    return tuple(entry for entry in _ROSTER if entry.name in wanted)
