"""The thinking of a run's providers before it begins: their switches, and the one allowance for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from trueweight.core import Profile, Provider, Suite, ThinkingSwitch, with_allowance
from trueweight.core.probe import Probe
from trueweight.core.thinking import enough_for
from trueweight.store import RunDir, RunFile

_PER_TOKEN: Final = 3
"""Characters of a thought for each token, where its server counts none: few, so that the allowance is not too small."""


_LONGEST: Final = 4096
"""Tokens of a probe's thought that count. Its answers end at a quarter of it, so a longer one ignores limits, and
one provider must not make the requests to all others longer than their models allow."""


def with_profile(
    providers: Iterable[Provider], profile: Profile | None, probe: Probe | None = None
) -> tuple[Provider, ...]:
    """The providers, with the profile's switches where their entries have none: of several ways to switch thinking,
    the one that the probe saw turn it off, or else the first, which is the vendor's own."""
    if profile is None:
        return tuple(providers)
    return tuple(_with_switch(provider, profile.thinking.switches, probe) for provider in providers)


def ways_off(providers: Iterable[Provider], profile: Profile | None) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """Provider name → the fields that may turn its thinking off: those of its entry, or else each of the profile's."""
    known = () if profile is None else tuple(one.off for one in profile.thinking.switches if one.off is not None)
    ways = {one.name: known if one.thinking.off is None else (one.thinking.off,) for one in providers}
    return {name: found for name, found in ways.items() if found}


def _with_switch(provider: Provider, switches: Sequence[ThinkingSwitch], probe: Probe | None) -> Provider:
    shown = _shown_off(provider, probe)
    ordered = sorted(switches, key=lambda switch: switch.off != shown) if shown is not None else switches
    on = next((switch.on for switch in ordered if switch.on is not None), None)
    off = next((switch.off for switch in ordered if switch.off is not None), None)
    return _with_switches(provider, on=on, off=off)


def _shown_off(provider: Provider, probe: Probe | None) -> Mapping[str, Any] | None:
    """The fields that the probe saw turn the provider's thinking off."""
    entries = () if probe is None else tuple(one for one in probe.providers if one.provider == provider.name)
    return next((one.thinking_off for one in entries if one.thinking_off is not None), None)


def _with_switches(provider: Provider, *, on: Mapping[str, Any] | None, off: Mapping[str, Any] | None) -> Provider:
    own = provider.thinking
    known = replace(own, on=on if own.on is None else own.on, off=off if own.off is None else own.off)
    return provider if known == own else replace(provider, thinking=known)


def allowance_for(providers: Sequence[Provider], profile: Profile | None, probe: Probe | None = None) -> int:
    """The tokens for thoughts that are added to the limits of all providers alike: the most that one of them needs.

    What an entry of ``providers.toml`` states counts for its provider. Else it is four times the longest thought of the
    probe, up to 16,384, and at least what the profile states.
    """
    stated = [one.thinking.allowance for one in providers if one.thinking.allowance is not None]
    others = {one.name for one in providers if one.thinking.allowance is None}
    probed = () if probe is None else tuple(one for one in probe.providers if one.provider in others)
    thoughts = [one.thinking for one in probed if one.thinking is not None]
    found = [enough_for(min(_LONGEST, one.tokens or -(-one.characters // _PER_TOKEN))) for one in thoughts]
    published = profile.thinking.allowance if profile is not None and others else None
    # A profile states what its model may need; a probe that found no thought in any answer shows that it does not.
    unthinking = bool(probed) and not thoughts and all(one.answered for one in probed)
    return max([*stated, *found, 0 if unthinking else published or 0], default=0)


def suite_with_allowance(suite: Suite, tokens: int) -> Suite:
    """The suite with room for a thought in each case that does not test its limit."""
    return replace(suite, cases=tuple(with_allowance(case, tokens) for case in suite.cases))


def recorded_allowance(directory: Path, *, fresh: bool) -> int | None:
    """The allowance of the run that a directory holds, which a resumed run keeps; None if it holds none."""
    if fresh or not RunFile.MANIFEST.is_in(directory):
        return None
    with RunDir.open(directory) as run:
        return run.manifest.thinking_allowance
