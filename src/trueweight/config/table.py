"""Reads a TOML table into a class. Errors have the line, the value and the nearest valid one.

msgspec checks the values. Its errors have neither a line nor what is valid, so both are added here: a field's valid
values are the ``description`` of its `msgspec.Meta`, and the error for an unknown key or choice names the near miss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from trueweight.config.spot import Spot, quoted
from trueweight.core import near_miss

T = TypeVar("T", bound=msgspec.Struct)

_KINDS: Mapping[Any, str] = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list of strings",
    dict: "a table",
}


def read_table(spot: Spot, table: Mapping[str, Any], kind: type[T], *, area: str, name: str) -> T:
    """The object that a table describes.

    Args:
        kind: the class. A field that is None by default is optional; TOML has no null.
        area: the first part of the codes of errors.
        name: what the table is called in an error, such as ``this [[provider]]``.

    Raises:
        ConfigError: for the first key that is unknown or missing, and for the first value of a wrong type or range.
    """
    hints = get_type_hints(kind, include_extras=True)
    for key in table:
        if key not in hints:
            spot.at(key).refuse(
                f"unknown key {key!r} in {name}", code=f"{area}-unknown-key", hint=near_miss(key, hints)
            )
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        key = field.encode_name
        if key in table:
            values[field.name] = _value(spot.at(key), table[key], hints[field.name], area, key)
        elif field.required:
            example = _meta(hints[field.name]).examples
            hint = f"Valid: {key} = {example[0] if example else '…'}."
            spot.refuse(f"{name} has no {key}", code=f"{area}-missing-key", hint=hint)
    return kind(**values)


def _value(spot: Spot, value: Any, hint: Any, area: str, key: str) -> Any:
    hint, bare = _without_none(hint), _bare(hint)
    if choices := _choices(bare):
        if value not in choices:
            spot.refuse(
                f"{key} = {quoted(value)} is not known", code=f"{area}-value", hint=near_miss(str(value)[:200], choices)
            )
        return msgspec.convert(value, bare)
    kind = get_origin(bare) or bare
    is_table = isinstance(kind, type) and issubclass(kind, msgspec.Struct)
    word = _KINDS[dict if is_table else kind]
    valid = _meta(hint).description or word
    if not _is_a(value, dict[str, Any] if is_table else bare):
        spot.refuse_value(value, f"not {word}", valid=valid, code=f"{area}-type")
    if is_table:
        return read_table(spot, value, bare, area=area, name=key)
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError:
        problem = "not usable" if kind is str else "out of range"
        spot.refuse_value(value, problem, valid=valid, code=f"{area}-value")


def _is_a(value: Any, kind: Any) -> bool:
    """Whether a value has a type. Its range is not checked. Whole numbers are numbers; NaN is not."""
    if kind is float:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (isinstance(value, float) and not math.isnan(value))
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
    return hint


def _bare(hint: Any) -> Any:
    hint = _without_none(hint)
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _meta(hint: Any) -> msgspec.Meta:
    hint = _without_none(hint)
    return next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, msgspec.Meta)), msgspec.Meta())


def _choices(bare: Any) -> list[str]:
    if get_origin(bare) is Literal:
        return list(get_args(bare))
    return [one.value for one in bare] if isinstance(bare, type) and issubclass(bare, Enum) else []
