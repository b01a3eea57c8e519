"""What a probe found of a model's thinking, and which profile fits, in sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from trueweight.core import Profile, ThinkingMode, Thinks
from trueweight.core.probe import ProbeQuestion, ProviderProbe, Thinking
from trueweight.report.numbers import counted

_NAMED: Final = 3
"""Most switches without effect that a sentence names."""
_PLACES: Final = MappingProxyType({"usage": "counted in usage only", "content": "between tags in the content"})


def thinking_words(probe: ProviderProbe) -> str:
    """Whether, where and how long the model thinks, and what switches it; "" if no completion came."""
    if not probe.answered:
        return ""
    thought = probe.thinking
    if thought is None:
        return f"Thinking: none seen.{_switch_words(probe, ThinkingMode.ON)}"
    where = _PLACES.get(thought.place, f"in {thought.place}")
    cut_off = "; the probe's limit cut it" if thought.cut else ""
    when = _when(probe)
    return f"Thinking{when}: {where}, {length(thought)}{cut_off}.{_switch_words(probe, ThinkingMode.OFF)}"


def _when(probe: ProviderProbe) -> str:
    """The question that alone got a thought, if the other one was answered without: ``, with a tool only``."""
    thinks = {one.question: one.thinking is not None for one in probe.answers if one.answered}
    plain, tool = thinks.get(ProbeQuestion.PLAIN), thinks.get(ProbeQuestion.TOOL)
    if plain is None or tool is None or plain is tool:
        return ""
    return ", with a tool only" if tool else ", without a tool only"


def length(thought: Thinking) -> str:
    """``160 tokens``; in characters if its tokens are not counted."""
    if thought.tokens:
        return counted(thought.tokens, "token")
    return counted(thought.characters, "character") if thought.characters else "of unknown length"


def _switch_words(probe: ProviderProbe, mode: ThinkingMode) -> str:
    """What switches the thinking to a mode, if that was tried."""
    found = probe.switch(mode)
    if found is not None:
        entry = f"thinking = {{ {mode.value} = {_toml(found)} }}"
        return f" {_json(found)} turns it {mode.value}. In providers.toml: {entry}."
    tried = [_json(one.fields) for one in probe.switches if one.mode is mode]
    if len(tried) > _NAMED:
        return f" It was not turned {mode.value}: none of {len(tried)} switches works."
    return f" It was not turned {mode.value} by {', '.join(tried)}." if tried else ""


def profile_words(profile: Profile | None, probe: ProviderProbe, *, by_id: bool) -> str:
    """Which profile holds for a provider, and what of it the probe contradicts.

    Args:
        by_id: whether the model id decides, and not the user.
    """
    if profile is None:
        rest = " `trueweight profiles list` has them; --profile NAME uses one." if by_id else ""
        return ("Profile: none fits the model id." if by_id else "Profile: none.") + rest
    reason = "fits the model id" if by_id else "by --profile"
    return f"Profile: {profile.label} ({profile.title}), {reason}.{_contradiction(profile, probe)}"


def _contradiction(profile: Profile, probe: ProviderProbe) -> str:
    says, seen = profile.thinking.thinks, probe.thinking
    if not probe.answered:
        return ""
    if seen is None and says in (Thinks.ALWAYS, Thinks.BY_DEFAULT):
        when = "always" if says is Thinks.ALWAYS else "by default"
        return f" It says that the model thinks {when}; no thought was seen."
    if seen is not None and says is Thinks.NEVER:
        return " It says that the model never thinks; a thought was seen."
    places = ["content" if place == "think-tags" else place for place in profile.thinking.places]
    if seen is not None and places and seen.place not in (*places, "usage"):
        return f" Its vendor's API has thoughts in {', '.join(profile.thinking.places)}."
    return ""


def _json(fields: Mapping[str, Any]) -> str:
    return json.dumps(dict(fields), ensure_ascii=False)


def _toml(value: Any) -> str:
    """The value as TOML has it on one line. Strings and numbers of JSON are those of TOML too."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
