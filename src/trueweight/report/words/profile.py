"""A profile of a model family, in lines of text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from trueweight.core import HistoryRule, Profile, Thinks, ZeroTemperature

_THINKS: Final[Mapping[Thinks, str]] = {
    Thinks.ALWAYS: "always",
    Thinks.BY_DEFAULT: "by default; it can be turned off",
    Thinks.ON_REQUEST: "on request",
    Thinks.NEVER: "never",
}
_ZERO: Final[Mapping[ZeroTemperature, str]] = {
    ZeroTemperature.UNKNOWN: "nothing is published against it; requests are sent as they are written",
    ZeroTemperature.FINE: "fine; requests are sent as they are written",
    ZeroTemperature.NOT_ADVISED: "advised against; the recommended sampling is sent in its place",
    ZeroTemperature.IGNORED: "ignored; the recommended sampling is sent in its place",
    ZeroTemperature.REFUSED: "refused; the recommended sampling is sent in its place",
}
_HISTORY: Final[Mapping[HistoryRule, str]] = {
    HistoryRule.DROP: "not sent back",
    HistoryRule.KEEP: "sent back",
    HistoryRule.WITH_CALLS: "sent back; required beside tool calls since the last user message",
    HistoryRule.WITH_ALL_CALLS: "sent back; required in each turn with tool calls",
}


def profile_lines(profile: Profile) -> Iterator[str]:
    """A profile, one fact a line. What is not known has no line."""
    yield f"{profile.label}: {profile.title}"
    yield _fact("models", ", ".join(profile.models))
    if profile.not_models:
        yield _fact("not models", ", ".join(profile.not_models))
    yield from _thinking(profile)
    yield from _sampling(profile)
    if profile.history.reasoning is not None:
        rule = _HISTORY[profile.history.reasoning]
        field = f" (field {profile.history.field})" if profile.history.field else ""
        yield _fact("earlier thoughts", rule + field)
    if profile.history.call_ids:
        yield _fact("earlier call ids", profile.history.call_ids)
    for name, tokens in (("context", profile.limits.context), ("output", profile.limits.output)):
        if tokens is not None:
            yield _fact(name, f"{tokens:,} tokens")
    if profile.call_id:
        yield _fact("call ids", profile.call_id)
    if profile.markers:
        yield _fact("markers", " ".join(profile.markers))
    if profile.bar:
        yield _fact("bar", f"the vendor's thresholds: trueweight profiles show {profile.label} --bar")
    yield from (_fact("habit", f"{habit.says} ({habit.source})") for habit in profile.habits)
    yield from (_fact("source", source) for source in profile.sources)


def _thinking(profile: Profile) -> Iterator[str]:
    thinking = profile.thinking
    if thinking.thinks is not None:
        yield _fact("thinks", _THINKS[thinking.thinks])
    if thinking.places:
        yield _fact("thoughts in", ", ".join(thinking.places))
    for switch in thinking.switches:
        sides = (("on", switch.on), ("off", switch.off))
        yield _fact(f"switch ({switch.name})", "; ".join(f"{side} {_json(body)}" for side, body in sides if body))
    if thinking.allowance is not None:
        yield _fact("allowance", f"{thinking.allowance:,} tokens for a thought")


def _sampling(profile: Profile) -> Iterator[str]:
    sampling = profile.sampling
    yield _fact("temperature 0", _ZERO[sampling.zero])
    if sampling.thinking == sampling.direct:
        if sampling.direct:
            yield _fact("recommended", _json(sampling.direct))
    else:
        yield _fact("recommended", f"{_json(sampling.thinking)} with a thought, {_json(sampling.direct)} without")
    if sampling.fixed:
        yield _fact("fixed", f"{', '.join(sampling.fixed)}: the vendor's API does not let a request change them")


def _fact(name: str, words: str) -> str:
    return f"  {name:<16}  {words}"


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
