"""Reads the tables of a profile's file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from trueweight.config.body_table import read_sampling
from trueweight.config.spot import Spot
from trueweight.config.table import read_table
from trueweight.core import (
    PROTOCOLS,
    Habit,
    HistoryRule,
    Profile,
    ProfileHistory,
    ProfileLimits,
    ProfileSampling,
    ProfileThinking,
    ThinkingSwitch,
    Thinks,
    ZeroTemperature,
    near_miss,
)
from trueweight.core.thinking import MESSAGE, words_problem

THINK_TAGS = "think-tags"
"""The place of a thought that is in the content; the other places are those of the protocols."""
_SET_BY_US = frozenset({"model", "messages", "stream", "stream_options", "tools", "tool_choice", "response_format"})
_PATTERN = re.compile(r"[a-z0-9*?\[\]-]+")

_Text = Annotated[str, Meta(min_length=1, description="text", examples=['"…"'])]
_Strings = Annotated[list[str], Meta(description='a list of strings, e.g. ["…"]', examples=['["…"]'])]
_Tokens = Annotated[int, Meta(ge=1, le=10**8, description="a number of tokens from 1")]
_Fields = Annotated[dict[str, Any], Meta(description="fields of a request, e.g. { temperature = 1.0 }")]


class _SwitchTable(Struct):
    on: _Fields | None = None
    off: _Fields | None = None


class _ThinkingTable(Struct):
    thinks: Thinks | None = None
    places: _Strings | None = None
    switches: Annotated[dict[str, Any], Meta(description="a table for each way, each with on and off")] | None = None
    allowance: _Tokens | None = None


class _SamplingTable(Struct):
    zero: ZeroTemperature = ZeroTemperature.UNKNOWN
    thinking: _Fields | None = None
    direct: _Fields | None = None
    fixed: _Strings | None = None


class _HistoryTable(Struct):
    reasoning: HistoryRule | None = None
    field: _Text | None = None
    call_ids: _Text | None = None


class _LimitsTable(Struct):
    context: _Tokens | None = None
    output: _Tokens | None = None


class _HabitTable(Struct):
    says: _Text
    source: _Text
    checks: _Strings | None = None
    fields: _Strings | None = None
    value: float | None = None
    calls: Annotated[int, Meta(ge=1, description="a whole number from 1")] | None = None


class _ProfileTable(Struct):
    """The top level of a file, and a ``[[variant]]`` without its name."""

    title: _Text
    models: _Strings
    sources: _Strings
    not_models: _Strings | None = None
    thinking: _ThinkingTable | None = None
    sampling: _SamplingTable | None = None
    history: _HistoryTable | None = None
    limits: _LimitsTable | None = None
    markers: _Strings | None = None
    call_id: _Text | None = None
    bar: _Text | None = None
    habit: Annotated[list[Any], Meta(description="[[habit]] tables")] | None = None


def read_profile(
    spot: Spot, entry: Mapping[str, Any], *, name: str, variant: str, base: Mapping[str, Any] | None = None
) -> Profile:
    """The profile of a file's top level, or of a variant.

    Args:
        base: the top level, for a variant: what the variant does not state holds there too.

    Raises:
        ConfigError: for the first thing that is wrong in ``entry``.
    """
    label = "this [[variant]]" if variant else "this profile"
    if "models" not in entry and base is not None:
        spot.refuse(f"{label} has no models", code="profile-missing-key", hint='Valid: models = ["…*"].')
    merged = dict(entry) if base is None else _over(base, entry)
    table = read_table(spot, merged, _ProfileTable, area="profile", name=label)
    if not table.models:
        spot.at("models").refuse_value(
            [], "no pattern", valid='at least one, e.g. ["*my-model*"]', code="profile-value"
        )
    _check_models(spot.at("models"), table.models)
    _check_models(spot.at("not_models"), table.not_models or [])
    _check_call_id(spot.at("call_id"), table.call_id)
    return Profile(
        name=name,
        variant=variant,
        title=table.title,
        models=tuple(table.models),
        not_models=tuple(table.not_models or ()),
        sources=_sources(spot.at("sources"), table.sources),
        thinking=_thinking(spot.at("thinking"), table.thinking or _ThinkingTable()),
        sampling=_sampling(spot.at("sampling"), table.sampling or _SamplingTable()),
        history=_history(spot.at("history"), table.history or _HistoryTable()),
        limits=_limits(table.limits or _LimitsTable()),
        markers=tuple(table.markers or ()),
        call_id=table.call_id or "",
        bar=table.bar or "",
        habits=_habits(spot, table.habit or []),
    )


def _over(base: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The family's values with the variant's over them. A table is merged key by key."""
    merged = dict(base)
    for key, value in entry.items():
        below = base.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = {**below, **value} if both and isinstance(below, dict) else value
    return merged


def _check_models(spot: Spot, patterns: list[str]) -> None:
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern) or not pattern.replace("*", ""):
            valid = "small letters, digits, dashes and *: ids are compared in lower case, other characters as dashes"
            spot.refuse_value(pattern, "not a pattern of model ids", valid=valid, code="profile-value")


def _check_call_id(spot: Spot, pattern: str | None) -> None:
    try:
        re.compile(pattern or "")
    except re.error as error:
        problem = f"not a regular expression ({error.msg})"
        spot.refuse_value(pattern, problem, valid=r"e.g. functions\.\w+:\d+", code="profile-value")


def _sources(spot: Spot, urls: list[str]) -> tuple[str, ...]:
    for url in urls:
        if not re.match(r"https?://[^\s/]+", url):
            spot.refuse_value(url, "not a URL", valid="https://…", code="profile-value")
    return tuple(urls)


def _thinking(spot: Spot, table: _ThinkingTable) -> ProfileThinking:
    known = [*(place for protocol in PROTOCOLS.all().values() for place in protocol.thoughts), THINK_TAGS]
    for place in table.places or ():
        if place not in known:
            message = f"places has {place!r}, which is not known"
            spot.at("places").refuse(message, code="profile-value", hint=near_miss(place, known))
    switches = table.switches or {}
    return ProfileThinking(
        thinks=table.thinks,
        places=tuple(table.places or ()),
        switches=tuple(_switch(spot.at("switches", name), name, one) for name, one in switches.items()),
        allowance=table.allowance,
    )


def _switch(spot: Spot, name: str, entry: Any) -> ThinkingSwitch:
    if not isinstance(entry, dict):
        spot.refuse_value(entry, "not a table", valid="on = { … } and off = { … }", code="profile-type")
    table = read_table(spot, entry, _SwitchTable, area="profile", name=f"the switch {name}")
    if table.on is None and table.off is None:
        spot.refuse(f"the switch {name} has neither on nor off", code="profile-value", hint="Valid: at least one.")
    for side in ("on", "off"):
        _refuse_own(spot.at(side), getattr(table, side) or {})
    return ThinkingSwitch(name=name, on=table.on, off=table.off)


def _refuse_own(spot: Spot, fields: Mapping[str, Any]) -> None:
    if MESSAGE in fields and (problem := words_problem(fields[MESSAGE])):
        valid = 'words for the last user message, e.g. "/no_think"'
        spot.at(MESSAGE).refuse_value(fields[MESSAGE], problem, valid=valid, code="profile-value")
    for key in fields:
        if key in _SET_BY_US:
            hint = f"Valid: any field but {', '.join(sorted(_SET_BY_US))}."
            spot.at(key).refuse(f"{key} may not be set by a profile", code="profile-value", hint=hint)


def _sampling(spot: Spot, table: _SamplingTable) -> ProfileSampling:
    for side in ("thinking", "direct"):
        read_sampling(spot.at(side), getattr(table, side) or {}, area="profile")
    if table.zero in (ZeroTemperature.NOT_ADVISED, ZeroTemperature.IGNORED, ZeroTemperature.REFUSED) and not (
        table.thinking or table.direct
    ):
        message = f"zero = {table.zero.value!r}, and nothing says what to send instead"
        spot.at("zero").refuse(message, code="profile-value", hint="Valid: thinking = { temperature = … } or direct.")
    return ProfileSampling(
        zero=table.zero,
        thinking=table.thinking or table.direct or {},
        direct=table.direct or table.thinking or {},
        fixed=tuple(table.fixed or ()),
    )


def _history(spot: Spot, table: _HistoryTable) -> ProfileHistory:
    form = table.call_ids or ""
    try:
        named = {name for _, name, _, _ in Formatter().parse(form) if name is not None}
    except ValueError:
        named = {""}
    if form and (not named or not named <= {"name", "index", "digest"}):
        valid = 'a text with {name}, {index} or {digest}, e.g. "functions.{name}:{index}"'
        spot.at("call_ids").refuse_value(form, "not a form of call ids", valid=valid, code="profile-value")
    field = {} if table.field is None else {"field": table.field}
    return ProfileHistory(reasoning=table.reasoning, call_ids=form, **field)


def _limits(table: _LimitsTable) -> ProfileLimits:
    return ProfileLimits(context=table.context, output=table.output)


def _habits(spot: Spot, entries: list[Any]) -> tuple[Habit, ...]:
    habits = []
    for index, entry in enumerate(entries):
        here = spot.at("habit", index)
        if not isinstance(entry, dict):
            here.refuse_value(entry, "not a table", valid="[[habit]] with says and source", code="profile-type")
        table = read_table(here, entry, _HabitTable, area="profile", name="this [[habit]]")
        habits.append(
            Habit(
                says=table.says,
                source=_sources(here.at("source"), [table.source])[0],
                checks=tuple(table.checks or ()),
                fields=tuple(table.fields or ()),
                value=table.value,
                calls=table.calls or 0,
            )
        )
    return tuple(habits)


def profile_from_json(value: Any) -> Profile:
    """The profile in a manifest.

    Raises:
        msgspec.ValidationError: it is not one.
    """
    return msgspec.convert(value, Profile)
