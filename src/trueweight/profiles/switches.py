"""The published ways to switch thinking, for a model that no profile fits: those of families, then those of hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from trueweight.core import Profile, Provider, SwitchWays, ThinkingSwitch
from trueweight.profiles.family import shipped_families

_OF_HOSTS: Final = (
    # https://platform.openai.com/docs/guides/reasoning
    ThinkingSwitch(name="openai", on={"reasoning_effort": "medium"}, off={"reasoning_effort": "none"}),
    # https://openrouter.ai/docs/use-cases/reasoning-tokens
    ThinkingSwitch(name="openrouter", on={"reasoning": {"enabled": True}}, off={"reasoning": {"enabled": False}}),
    # https://www.alibabacloud.com/help/en/model-studio/deep-thinking
    ThinkingSwitch(name="budget", off={"thinking_budget": 0}),
)


def published_switches() -> tuple[ThinkingSwitch, ...]:
    """The ways of the shipped profiles, in order of family, then those of hosts that serve many families."""
    profiles = (profile for family in shipped_families().values() for profile in family.all())
    return (*(switch for profile in profiles for switch in profile.thinking.switches), *_OF_HOSTS)


def ways_to_switch(provider: Provider, profile: Profile | None) -> SwitchWays:
    """The ways that may switch a provider's thinking, each once: its entry's own, or else the profile's, or without a
    profile the published ones."""
    switches = published_switches() if profile is None else profile.thinking.switches
    own = provider.thinking
    return SwitchWays(
        off=_once(one.off for one in switches) if own.off is None else (own.off,),
        on=_once(one.on for one in switches) if own.on is None else (own.on,),
    )


def _once(ways: Iterable[Mapping[str, Any] | None]) -> tuple[Mapping[str, Any], ...]:
    found: list[Mapping[str, Any]] = []
    for one in ways:
        if one is not None and one not in found:
            found.append(one)
    return tuple(found)
