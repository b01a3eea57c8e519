"""Thinking: the modes in which a run asks for it, what a provider takes to switch it, and the tokens it may need."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Final, NamedTuple

from msgspec import Meta

from trueweight.core.case import Case, Mode

MOST_ALLOWANCE: Final = 1_000_000
"""Limit of a thinking allowance, in tokens."""
LIMITS: Final = ("max_completion_tokens", "max_tokens")
"""The fields of a request that limit its completion tokens."""
MESSAGE: Final = "message"
"""The key of a switch that is no field: its text is added at the end of the last user message (``/no_think``)."""


class ThinkingMode(StrEnum):
    """Whether a trial switches the model's thinking: not at all, off, or on."""

    AS_SERVED = "as-served"
    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class ThinkingControl:
    """What is known of a provider's thinking before a run, from ``providers.toml``, its profile or the probe.

    Attributes:
        on, off: fields that are merged over the body of each request to switch it, and with the key `MESSAGE` words
            for its last user message; None if no switch is known.
        allowance: tokens that its thoughts need; None if that is not known.
    """

    on: Mapping[str, Any] | None = None
    off: Mapping[str, Any] | None = None
    allowance: Annotated[int, Meta(ge=0, le=MOST_ALLOWANCE)] | None = None

    def fields(self, thinking: ThinkingMode) -> Mapping[str, Any] | None:
        """The fields that a trial in this mode adds; empty as served, None if the provider has no such switch."""
        return {ThinkingMode.AS_SERVED: {}, ThinkingMode.ON: self.on, ThinkingMode.OFF: self.off}[thinking]


class SwitchWays(NamedTuple):
    """Ways that may switch a provider's thinking, the likeliest first: fields of a request, see `ThinkingControl`."""

    off: tuple[Mapping[str, Any], ...] = ()
    on: tuple[Mapping[str, Any], ...] = ()

    def to(self, mode: ThinkingMode) -> tuple[Mapping[str, Any], ...]:
        """The ways to this mode; none as served."""
        return {ThinkingMode.AS_SERVED: (), ThinkingMode.OFF: self.off, ThinkingMode.ON: self.on}[mode]

    def only(self, modes: Collection[ThinkingMode]) -> SwitchWays:
        """The ways to these modes."""
        return SwitchWays(
            off=self.off if ThinkingMode.OFF in modes else (), on=self.on if ThinkingMode.ON in modes else ()
        )


def way(mode: Mode, thinking: ThinkingMode) -> str:
    """The name of a way to send a case: ``plain``, ``stream``, ``stream, thinking off``. Reports have it beside a case,
    and `summary.json` as a key."""
    return mode.value if thinking is ThinkingMode.AS_SERVED else f"{mode.value}, thinking {thinking.value}"


WAYS: Final[Mapping[str, tuple[Mode, ThinkingMode]]] = {
    way(mode, thinking): (mode, thinking) for mode in Mode for thinking in ThinkingMode
}
"""What each name of a way stands for."""


def merged(body: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two JSON objects as one: objects in both are merged, of other values the second counts."""
    out = dict(body)
    for key, value in over.items():
        own = out.get(key)
        out[key] = merged(own, value) if isinstance(own, Mapping) and isinstance(value, Mapping) else value
    return out


def with_allowance(case: Case, tokens: int) -> Case:
    """The case with its limit of tokens, which is what its answer needs, raised by those that a thought may need.

    A case keeps its limit if the limit is what it tests, or if its malformed request must be refused.
    """
    return _with_limits(case, tokens)


def without_allowance(case: Case, tokens: int) -> Case:
    """The case as its suite has it, before `with_allowance` raised its limit by so many tokens."""
    return _with_limits(case, -tokens)


def _with_limits(case: Case, added: int) -> Case:
    if not added or case.keeps_limit or case.must_be_refused:
        return case
    limits = {
        name: value + added
        for name in LIMITS
        if isinstance(value := case.request.get(name), int) and not isinstance(value, bool) and value > max(0, -added)
    }
    return replace(case, request={**case.request, **limits}) if limits else case


def words_problem(words: object) -> str:
    """What is wrong with the words of a switch; "" if nothing is."""
    if not isinstance(words, str) or not words.strip() or "\n" in words:
        return "not the words of a switch: they are one line of text"
    return ""


def main_mode(modes: Sequence[ThinkingMode]) -> ThinkingMode:
    """The mode that the metrics and the assessment of a run are about: as served, or else the first."""
    return ThinkingMode.AS_SERVED if ThinkingMode.AS_SERVED in modes else modes[0]


def enough_for(thought: int) -> int:
    """The allowance for a run in which a thought of so many tokens was seen: four times as much, because thoughts
    differ in length from case to case, rounded up to a power of two, at least 1,024 and at most `MOST_ALLOWANCE`."""
    return min(MOST_ALLOWANCE, 1 << max(10, (4 * thought - 1).bit_length()))


def sets_thinking(case: Case) -> bool:
    """Whether a case is about thinking or sampling itself, so that it is sent as served only: switches of thinking
    bring the sampling that is recommended with them."""
    about = "sampling" in case.tags or "reasoning_effort" in case.request
    return about or any(check.startswith("reasoning-") for check in case.checks)
