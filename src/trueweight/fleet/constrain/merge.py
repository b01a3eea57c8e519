"""Two schemas as one that both would accept, as far as keywords can be merged; the rest is left to rejection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd
from typing import Any

from trueweight.core.json_value import JsonObject

Schema = Mapping[str, Any]


class ContradictionError(Exception):
    """No value can satisfy both."""

    def __init__(self, keyword: str) -> None:
        super().__init__(keyword)
        self.keyword = keyword


def merge(left: Schema | bool, right: Schema | bool) -> JsonObject:
    """A schema whose instances satisfy both, or nearly: callers validate in the end.

    Raises:
        ContradictionError: if it is plain that nothing satisfies both.
    """
    if left is False or right is False:
        raise ContradictionError("false")
    out: JsonObject = dict(left) if isinstance(left, Mapping) else {}
    if not isinstance(right, Mapping):
        return out
    for keyword, value in right.items():
        if keyword not in out or out[keyword] == value:
            out[keyword] = value
        elif keyword in {"anyOf", "oneOf", "allOf", "if", "not"}:
            out["allOf"] = [*_listed(out.get("allOf")), {keyword: value}]
        else:
            out[keyword] = _RULES.get(keyword, _last)(out[keyword], value)
    return out


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _last(_: Any, right: Any) -> Any:
    return right


def _types(left: Any, right: Any) -> list[str]:
    ours = [left] if isinstance(left, str) else list(left)
    theirs = [right] if isinstance(right, str) else list(right)
    both = [name for name in ours if name in theirs]
    if "integer" not in both and {"integer", "number"} <= {*ours, *theirs}:
        both.append("integer")
    if not both:
        raise ContradictionError("type")
    return both


def _common(left: list[Any], right: list[Any]) -> list[Any]:
    both = [value for value in left if value in right]
    if not both:
        raise ContradictionError("enum")
    return both


def _each(left: Mapping[str, Any], right: Mapping[str, Any]) -> JsonObject:
    out = dict(left)
    for name, schema in right.items():
        out[name] = merge(out[name], schema) if name in out else schema
    return out


def _both(left: Any, right: Any) -> Any:
    return False if left is False or right is False else merge(left, right)


def _multiple(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        return left * right // gcd(left, right)
    return max(left, right)


_RULES: dict[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _common,
    "required": lambda left, right: list(dict.fromkeys([*left, *right])),
    "properties": _each,
    "patternProperties": _each,
    "items": _both,
    "contains": _both,
    "additionalProperties": _both,
    "multipleOf": _multiple,
    "$defs": lambda left, right: {**left, **right},
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min),
}
