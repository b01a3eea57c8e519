"""The thinking of a run's providers before it begins: their switches, and the one allowance for all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from trueweight.core import Profile, Provider, Suite, SwitchWays, ThinkingMode, ThinkingSwitch, with_allowance
from trueweight.core.probe import Probe, ProbeQuestion, ProviderProbe, Thinking
from trueweight.core.thinking import enough_for
from trueweight.profiles import ways_to_switch
from trueweight.store import RunDir, RunFile

_PER_TOKEN: Final = 3
"""Characters of a thought for each token, where its server counts none: few, so that the allowance is not too small."""


_LONGEST: Final = 4096
"""Tokens of a probe's thought that count. Its answers end at a quarter of it, so a longer one ignores limits, and
one provider must not make the requests to all others longer than their models allow."""
MOST_PROBED: Final = enough_for(_LONGEST)
"""The largest allowance that a probe can lead to, in tokens."""


def with_profile(
    providers: Iterable[Provider], profile: Profile | None, probe: Probe | None = None
) -> tuple[Provider, ...]:
    """The providers, with switches where their entries have none: of several ways to switch thinking, the one that
    the probe saw work, or else the first of the profile, which is the vendor's own."""
    switches = () if profile is None else profile.thinking.switches
    return tuple(_with_switch(provider, switches, probe) for provider in providers)


def ways_to_try(
    providers: Iterable[Provider], profile: Profile | None, modes: Collection[ThinkingMode]
) -> dict[str, SwitchWays]:
    """Provider name → the ways that may switch its thinking to one of the modes."""
    ways = {one.name: ways_to_switch(one, profile).only(modes) for one in providers}
    return {name: found for name, found in ways.items() if found.off or found.on}


def _with_switch(provider: Provider, switches: Sequence[ThinkingSwitch], probe: Probe | None) -> Provider:
    on, off = (_shown(provider, mode, probe) for mode in (ThinkingMode.ON, ThinkingMode.OFF))
    # The two sides of one way belong together, whichever side the probe saw.
    ordered = sorted(switches, key=lambda one: one.off != off if off is not None else on is not None and one.on != on)
    own = provider.thinking
    if on is None:
        on = next((switch.on for switch in ordered if switch.on is not None), None)
    if off is None:
        off = next((switch.off for switch in ordered if switch.off is not None), None)
    # A model that the probe saw think, or not, does so without a switch.
    on = {} if on is None and _thinks(provider, probe) is True else on
    off = {} if off is None and _thinks(provider, probe) is False else off
    known = replace(own, on=on if own.on is None else own.on, off=off if own.off is None else own.off)
    return provider if known == own else replace(provider, thinking=known)


def _thinks(provider: Provider, probe: Probe | None) -> bool | None:
    """Whether the probe saw the provider think as it is served; None if it has no answer, or its APIs differ."""
    entries = () if probe is None else tuple(one for one in probe.providers if one.provider == provider.name)
    found = {one.thinking is not None for one in entries}
    return found.pop() if len(found) == 1 and all(one.answered for one in entries) else None


def _shown(provider: Provider, mode: ThinkingMode, probe: Probe | None) -> Mapping[str, Any] | None:
    """The fields that the probe saw switch the provider's thinking to a mode."""
    entries = () if probe is None else tuple(one for one in probe.providers if one.provider == provider.name)
    return next((found for one in entries if (found := one.switch(mode)) is not None), None)


def allowance_for(providers: Sequence[Provider], profile: Profile | None, probe: Probe | None = None) -> int:
    """The tokens for thoughts that are added to the limits of all providers alike: the most that one of them needs.

    What an entry of ``providers.toml`` states counts for its provider. Else it is four times the longest thought of the
    probe, up to 16,384, and at least what the profile states.
    """
    stated = [one.thinking.allowance for one in providers if one.thinking.allowance is not None]
    others = {one.name for one in providers if one.thinking.allowance is None}
    probed = () if probe is None else tuple(one for one in probe.providers if one.provider in others)
    thoughts = [found for one in probed for found in _thoughts(one)]
    found = [enough_for(min(_LONGEST, one.tokens or -(-one.characters // _PER_TOKEN))) for one in thoughts]
    published = profile.thinking.allowance if profile is not None and others else None
    # A profile states what its model may need; a probe that found no thought in any answer shows that it does not.
    unthinking = bool(probed) and not thoughts and all(one.answered for one in probed)
    return max([*stated, *found, 0 if unthinking else published or 0], default=0)


def _thoughts(one: ProviderProbe) -> Iterator[Thinking]:
    """The longest thought as it is served, and those of the answers whose thinking was switched."""
    if one.thinking is not None:
        yield one.thinking
    for answer in one.answers:
        if answer.question is ProbeQuestion.SWITCH and answer.thinking is not None:
            yield answer.thinking


def suite_with_allowance(suite: Suite, tokens: int) -> Suite:
    """The suite with room for a thought in each case that does not test its limit."""
    return replace(suite, cases=tuple(with_allowance(case, tokens) for case in suite.cases))


def recorded_allowance(directory: Path, *, fresh: bool) -> int | None:
    """The allowance of the run that a directory holds, which a resumed run keeps; None if it holds none."""
    if fresh or not RunFile.MANIFEST.is_in(directory):
        return None
    with RunDir.open(directory) as run:
        return run.manifest.thinking_allowance
