"""The providers of the fleet: name, real precision, style and faults of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from trueweight.core import ConfigError, Price, Role, near_miss
from trueweight.fleet.faults import FAULTS
from trueweight.fleet.handwriting import HANDWRITINGS, WITH_THOUGHTS
from trueweight.fleet.network import Precision
from trueweight.fleet.styles import HEALTHY_STYLES, OTHER, PLAIN, Style
from trueweight.fleet.thinking import WORD_OFF, Switch, Thinker, ThoughtForm

_PRICE = Price(0.10, 0.40)
WRITES: Final = "writes-"
"""The name of a healthy provider with a handwriting of `HANDWRITINGS` begins so."""


@dataclass(frozen=True, slots=True)
class FleetMember:
    """One provider of the fleet.

    Attributes:
        precision: the real precision of its weights; all of them claim ``fp32``.
        faults: names of faults, in the order in which they are applied.
        listed: whether it is served by default.
        thinker: how its model thinks before it answers; None if it does not.
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
    thinker: Thinker | None = None
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
    FleetMember(
        "thinker",
        "healthy, and thinks before it answers",
        style=Style(tokens_per_chunk=8),
        thinker=Thinker(160, Switch(("reasoning_effort",), "none")),
    ),
    FleetMember("int8", "weights rounded to 8 bits", precision="int8", listed=False),
    FleetMember("twin-2", "a second twin, for null experiments", listed=False),
)
_NONE = Switch(("reasoning_effort",), "none")


def _thinks(
    name: str, summary: str, thinker: Thinker, form: ThoughtForm = ThoughtForm.CONTENT_FIELD, *, counts: bool = True
) -> FleetMember:
    """A member whose name and style say how it thinks."""
    style = Style(tokens_per_chunk=8, thought=form, counts_thoughts=counts)
    return FleetMember(f"thinks-{name}", summary, style=style, thinker=thinker, listed=False)


_THINKERS = (
    _thinks("long", "thinks 600 tokens before each answer; reasoning_effort turns it off", Thinker(600, _NONE)),
    _thinks(
        "short",
        "thinks a sentence, and does not count it; thinking turns it off",
        Thinker(24, Switch(("thinking", "type"), "disabled")),
        counts=False,
    ),
    _thinks(
        "field",
        "sends the thought as reasoning; enable_thinking turns it off",
        Thinker(200, Switch(("enable_thinking",), value=False)),
        ThoughtForm.FIELD,
    ),
    _thinks(
        "details",
        "sends the thought as reasoning and as reasoning_details; reasoning turns it off",
        Thinker(200, Switch(("reasoning", "enabled"), value=False)),
        ThoughtForm.DETAILS,
    ),
    _thinks(
        "summary",
        "sends a summary of the thought; a budget of 0 turns it off",
        Thinker(200, Switch(("thinking_budget",), 0)),
        ThoughtForm.SUMMARY,
    ),
    _thinks("encrypted", "sends the thought encrypted", Thinker(200, _NONE), ThoughtForm.ENCRYPTED),
    _thinks("hidden", "keeps the thought, and counts it", Thinker(200, _NONE), ThoughtForm.HIDDEN),
    _thinks(
        "template",
        "an argument of the chat template turns the thought off",
        Thinker(200, Switch(("chat_template_kwargs", "enable_thinking"), value=False)),
    ),
    _thinks("word", "/no_think in a message turns the thought off", Thinker(200, Switch(word=WORD_OFF))),
    _thinks("at-one", "accepts no temperature but 1", Thinker(200, _NONE, temperature=1.0)),
    _thinks("tags", "leaves the thought in the content, between tags", Thinker(200), ThoughtForm.TAGS),
    _thinks("channels", "leaves the thought in the content, in gpt-oss's channel", Thinker(200), ThoughtForm.CHANNELS),
    _thinks(
        "on-request", "thinks only if thinking is enabled", Thinker(200, on=Switch(("thinking", "type"), "enabled"))
    ),
    _thinks("with-tools", "thinks only if the request has tools", Thinker(200, _NONE, with_tools_only=True)),
    _thinks("in-streams", "ignores the switch in streams", Thinker(200, _NONE, ignores_in_streams=True)),
    _thinks(
        "nothing",
        "leaves an empty thought between tags if thinking is turned off",
        Thinker(200, Switch(("enable_thinking",), value=False), leaves_empty=True),
        ThoughtForm.TAGS,
    ),
    _thinks("warmly", "samples at temperature 1 whatever is requested", Thinker(200, _NONE, samples_at=1.0)),
    _thinks("in-new-limits", "takes no max_tokens", Thinker(200, _NONE, limit="max_completion_tokens")),
    _thinks("always", "accepts every switch, and thinks", Thinker(200)),
    _thinks("endlessly", "thinks in circles until the limit of tokens", Thinker(200, endless=True)),
)


def _thinker_of(name: str) -> Thinker | None:
    """A short thought for a handwriting that is about thoughts."""
    return Thinker(24, _NONE) if name in WITH_THOUGHTS else None


@cache
def roster() -> tuple[FleetMember, ...]:
    """Every provider: those served by default, further healthy ones, and one for each fault, with its name."""
    habits = (
        FleetMember(f"healthy-{name}", f"healthy: {summary}", style=style, listed=False)
        for name, (summary, style) in HEALTHY_STYLES.items()
    )
    writers = (
        FleetMember(f"{WRITES}{name}", f"healthy: {summary}", style=style, listed=False, thinker=_thinker_of(name))
        for name, (summary, style) in HANDWRITINGS.items()
    )
    taken = {member.name for member in _ROSTER}
    faulty = (
        FleetMember(name, fault.summary, faults=(name,), listed=False, server="raw" if fault.raw else "asgi")
        for name, fault in FAULTS.all().items()
        if name not in taken
    )
    return (*_ROSTER, *habits, *writers, *_THINKERS, *faulty)


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
