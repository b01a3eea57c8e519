"""Reads the keys of a ``[[provider]]`` that change the bodies of its requests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from trueweight.config.spot import Spot
from trueweight.core import PROTOCOLS, BodyChanges, misspelt, near_miss

OWN_BODY_KEYS: Final = frozenset({"model", "messages", "stream", "stream_options"})
"""These define the trial. With other values, the provider would not get the same request as the others."""
_KEPT: Final = frozenset({"model", "messages", "stream"})
"""No request can do without these, and every host has them under this name."""
SAMPLING_FIELDS: Final = (
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "presence_penalty",
    "frequency_penalty",
    "repetition_penalty",
)


def read_changes(spot: Spot, drop: Sequence[str], rename: Mapping[str, Any], put: Mapping[str, Any]) -> BodyChanges:
    """The changes that ``drop``, ``rename`` and ``set`` describe.

    Raises:
        ConfigError: for a field that may not change, a name that is none, and a field that two of the keys name.
    """
    for path in drop:
        _check_field(spot.at("drop"), path, "drop", _KEPT)
        refuse_misspelt(spot.at("drop"), path.split(".")[0])
        if not all(path.split(".")):
            spot.at("drop").refuse_value(path, "not a field", valid='e.g. "seed" or "tools.function.strict"')
    for name, other in rename.items():
        here = spot.at("rename", name)
        _check_field(here, name, "rename", OWN_BODY_KEYS)
        refuse_misspelt(here, name)
        if not isinstance(other, str) or not other or other in OWN_BODY_KEYS or other == name:
            here.refuse_value(other, "not another name", valid='a name, e.g. max_tokens = "max_completion_tokens"')
    for name, value in put.items():
        here = spot.at("set", name)
        _check_field(here, name, "set", OWN_BODY_KEYS)
        refuse_misspelt(here, name)
        if not is_json(value):
            here.refuse_value(value, "not a JSON value", valid="strings, finite numbers, booleans, lists, tables")
    _refuse_both(spot, "rename", rename, drop)
    _refuse_both(spot, "set", put, drop)
    return BodyChanges(tuple(drop), dict(rename), dict(put))


def _check_field(spot: Spot, name: str, key: str, refused: frozenset[str]) -> None:
    if name in refused:
        spot.refuse(
            f"{key} may not name {name!r}: providers would get different requests",
            code="config-value",
            hint=f"Valid: any field but {', '.join(sorted(refused))}.",
        )


def refuse_misspelt(spot: Spot, name: str) -> None:
    """Refuse the name of a field of a body that is a field of an API, or of sampling, but for a slip of the keyboard.

    Fields that no entry may change are not meant: OpenRouter has ``models`` beside ``model``.

    Raises:
        ConfigError: with the name of the field.
    """
    fields = {*SAMPLING_FIELDS, *(one for protocol in PROTOCOLS.all().values() for one in protocol.fields)}
    if meant := misspelt(name, fields - _KEPT):
        spot.refuse(f"unknown field {name!r}", code="config-value", hint=f"Did you mean {meant!r}?")


def _refuse_both(spot: Spot, key: str, table: Mapping[str, Any], drop: Sequence[str]) -> None:
    for name in table:
        if name in drop:
            spot.at(key, name).refuse(
                f"{key} names {name!r}, which drop leaves out", code="config-value", hint="Valid: one of the two."
            )


def read_sampling(spot: Spot, table: Mapping[str, Any], *, area: str = "config") -> dict[str, float]:
    """Fields of recommended sampling.

    Args:
        area: the first part of the codes of errors.

    Raises:
        ConfigError: for an unknown field, with the near miss, and for a value that is not a number.
    """
    for name, value in table.items():
        here = spot.at(name)
        if name not in SAMPLING_FIELDS:
            hint = near_miss(name, SAMPLING_FIELDS)
            here.refuse(f"unknown field {name!r} of sampling", code=f"{area}-value", hint=hint)
        if isinstance(value, bool) or not isinstance(value, int | float) or not -100 <= value <= 10**6:
            here.refuse_value(value, "not a number", valid="a number, e.g. 1.0", code=f"{area}-value")
    return dict(table)


def is_json(value: Any) -> bool:
    """Whether a TOML value is a JSON value: no date, no NaN."""
    if isinstance(value, dict):
        return all(is_json(inner) for inner in value.values())
    if isinstance(value, list):
        return all(is_json(inner) for inner in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int)
