"""One attempt at a value for a schema. What keywords cannot promise, validation afterwards decides."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from trueweight.core.json_value import JsonObject
from trueweight.fleet.constrain.merge import ContradictionError, merge
from trueweight.fleet.constrain.patterns import string_matching
from trueweight.fleet.constrain.references import resolve
from trueweight.fleet.constrain.sampler import Sampler
from trueweight.fleet.constrain.strings import make_string

_SOFT, _HARD = 5, 40
"""Depth from which optional parts are left out, and depth at which the attempt is given up."""

_KINDS = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties", "propertyNames"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "contains", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"),
}
_ANY = ("string", "integer", "boolean", "null", "object", "array")


class Builder:
    """Builds one value. ``plain`` ignores defaults, which need not be valid themselves."""

    def __init__(self, root: Any, sampler: Sampler, *, plain: bool) -> None:
        self._root = root
        self._sampler = sampler
        self._plain = plain

    def build(self) -> Any:
        """A value for the whole schema.

        Raises:
            ContradictionError: if this attempt ran into a wall.
            LookupError: if a reference leads out of the schema.
            ValueError: if a pattern cannot be parsed.
        """
        return self._value(self._root, 0)

    def _value(self, schema: Any, depth: int) -> Any:
        if depth > _HARD:
            raise ContradictionError("$ref")
        flat = self._flat(schema, depth)
        if "const" in flat:
            return flat["const"]
        if "enum" in flat:
            options = flat["enum"]
            return options[self._sampler.pick([_shown(option) for option in options])]
        if "default" in flat and not self._plain and self._sampler.pick((" yes", " no")) == 0:
            return flat["default"]
        return self._of_kind(self._kind(flat, depth), flat, depth)

    def _of_kind(self, kind: str, flat: JsonObject, depth: int) -> Any:
        makers: Mapping[str, Callable[[], Any]] = {
            "object": lambda: self._object(flat, depth),
            "array": lambda: self._array(flat, depth),
            "string": lambda: make_string(flat, self._sampler),
            "integer": lambda: self._number(flat, whole=True),
            "number": lambda: self._number(flat, whole=False),
            "boolean": lambda: self._sampler.pick((" true", " false")) == 0,
            "null": lambda: None,
        }
        return makers[kind]()

    def _flat(self, schema: Any, depth: int) -> JsonObject:
        """The schema with references, allOf and one branch of each alternative merged into it."""
        flat = merge(schema, True)
        for _ in range(_HARD):
            if "$ref" in flat:
                flat = merge(resolve(self._root, flat.pop("$ref")), flat)
            elif flat.get("allOf"):
                parts = flat.pop("allOf")
                for part in parts:
                    flat = merge(flat, part)
            elif flat.get("anyOf"):
                flat = self._branch(flat, "anyOf", depth)
            elif flat.get("oneOf"):
                flat = self._branch(flat, "oneOf", depth)
            elif "if" in flat:
                flat = self._conditional(flat)
            else:
                return flat
        raise ContradictionError("$ref")

    def _branch(self, flat: JsonObject, keyword: str, depth: int) -> JsonObject:
        branches = flat.pop(keyword)
        possible = []
        for branch in branches:
            try:
                possible.append(merge(flat, branch))
            except ContradictionError:
                continue
        if not possible:
            raise ContradictionError(keyword)
        if depth >= _SOFT:  # the shortest way out of a recursion
            return min(possible, key=lambda branch: ("$ref" in json.dumps(branch), len(branch)))
        return possible[self._sampler.pick([json.dumps(branch)[:80] for branch in branches][: len(possible)])]

    def _conditional(self, flat: JsonObject) -> JsonObject:
        condition, then, other = flat.pop("if"), flat.pop("then", True), flat.pop("else", True)
        if self._sampler.pick((" then", " else")) == 0:
            return merge(merge(flat, condition), then)
        return merge(flat, other)

    def _kind(self, flat: Mapping[str, Any], depth: int) -> str:
        declared = flat.get("type")
        if isinstance(declared, str):
            return declared
        if isinstance(declared, list):
            simple = [kind for kind in declared if kind not in {"object", "array"}]
            kinds = simple if depth >= _SOFT and simple else declared
            return str(kinds[self._sampler.pick([" " + kind for kind in kinds])])
        implied = next((kind for kind, words in _KINDS.items() if any(word in flat for word in words)), "")
        if implied or not self._plain:
            return implied or "string"
        return _ANY[self._sampler.pick([" " + kind for kind in _ANY])]  # the first attempt, a string, was rejected

    def _object(self, flat: Mapping[str, Any], depth: int) -> JsonObject:
        properties: Mapping[str, Any] = flat.get("properties", {})
        required = list(flat.get("required", ()))
        rest = flat.get("additionalProperties", True)
        out: JsonObject = {}
        for name in dict.fromkeys([*properties, *required]):
            schema = properties.get(name, self._by_pattern(flat, name, rest))
            if name not in required and (schema is False or not self._wanted(name, depth)):
                continue
            out[name] = self._value(schema, depth + 1)
        for name, needed in flat.get("dependentRequired", {}).items():
            for other in needed if name in out else ():
                if other not in out:
                    out[other] = self._value(properties.get(other, rest), depth + 1)
        most = flat.get("maxProperties")
        if most is not None:
            for name in [name for name in out if name not in required][: max(0, len(out) - int(most))]:
                del out[name]
        self._fill(out, flat, depth)
        return out

    def _fill(self, out: JsonObject, flat: Mapping[str, Any], depth: int) -> None:
        """Reach minProperties: declared names first, then names by pattern, then any."""
        properties = flat.get("properties", {})
        patterns = list(flat.get("patternProperties", {}))
        rest = flat.get("additionalProperties", True)
        for tries in range(2 * int(flat.get("minProperties", 0))):
            if len(out) >= int(flat["minProperties"]):
                return
            spare = [name for name in properties if name not in out and properties[name] is not False]
            if spare:
                name = spare[0]
            elif patterns:
                name = string_matching(patterns[0], self._sampler.hotter(float(tries)))
                if name in out and not patterns[0].endswith("$"):
                    name += self._sampler.word()
            elif isinstance(flat.get("propertyNames"), Mapping):
                name = str(self._value({"type": "string", **flat["propertyNames"]}, depth + 1))
            else:
                name = self._sampler.hotter(float(tries)).word()
            schema = properties.get(name, self._by_pattern(flat, name, rest))
            if schema is False:
                raise ContradictionError("additionalProperties")
            out[name] = self._value(schema, depth + 1)

    def _by_pattern(self, flat: Mapping[str, Any], name: str, rest: Any) -> Any:
        found = [schema for pattern, schema in flat.get("patternProperties", {}).items() if re.search(pattern, name)]
        return found[0] if found else rest

    def _wanted(self, name: str, depth: int) -> bool:
        return depth < _SOFT and self._sampler.pick((" with " + name, " without")) == 0

    def _array(self, flat: Mapping[str, Any], depth: int) -> list[Any]:
        first = list(flat.get("prefixItems", ()))
        rest = flat.get("items", True)
        low = max(int(flat.get("minItems", 0)), int(flat.get("minContains", 1)) if "contains" in flat else 0)
        high = int(flat.get("maxItems", max(low, len(first)) + (0 if depth >= _SOFT or rest is True else 3)))
        if rest is False:
            high = min(high, len(first))
        size = min(high, max(low, len(first) if depth < _SOFT else low))
        while size < high and size < low + 6 and rest is not True and self._sampler.pick((" more", " end")) == 0:
            size += 1
        out: list[Any] = []
        for at in range(size):
            schema = first[at] if at < len(first) else rest
            if "contains" in flat and at >= size - int(flat.get("minContains", 1)):
                schema = merge(schema, flat["contains"])
            try:
                out.append(self._item(schema, out, depth, unique=bool(flat.get("uniqueItems"))))
            except ContradictionError:
                if at < low:
                    raise
                break  # there is no further distinct item, and the list is long enough
        return out

    def _item(self, schema: Any, before: list[Any], depth: int, *, unique: bool) -> Any:
        if not unique:
            return self._value(schema, depth + 1)
        flat = self._flat(schema, depth + 1)
        if "enum" in flat:
            flat["enum"] = [option for option in flat["enum"] if option not in before]
            if not flat["enum"]:
                raise ContradictionError("uniqueItems")
        for heat in range(12):
            value = Builder(self._root, self._sampler.hotter(heat / 2), plain=True)._value(flat, depth + 1)
            if value not in before:
                return value
        raise ContradictionError("uniqueItems")

    def _number(self, flat: Mapping[str, Any], *, whole: bool) -> int | float:
        step = flat.get("multipleOf", 1 if whole else 0.5)
        if whole and not float(step).is_integer():
            step = 1
        low, high = flat.get("minimum", -math.inf), flat.get("maximum", math.inf)
        above, under = flat.get("exclusiveMinimum", -math.inf), flat.get("exclusiveMaximum", math.inf)
        first = _ceil(max(low, above), step) if max(low, above) > -math.inf else None
        last = _floor(min(high, under), step) if min(high, under) < math.inf else None
        if first is not None and above >= low and first * step == above:
            first += 1
        if last is not None and under <= high and last * step == under:
            last -= 1
        if first is None:
            first = 0 if last is None or last >= 0 else last - 99
        if last is None:
            last = first + 99
        if first > last:
            if whole or "multipleOf" in flat:
                raise ContradictionError("multipleOf" if "multipleOf" in flat else "minimum")
            return float(max(low, above) + min(high, under)) / 2
        value = (first + self._sampler.below(last - first + 1)) * step
        return int(value) if whole or float(value).is_integer() else value


def _ceil(bound: float, step: float) -> int:
    return -((-bound) // step) if isinstance(bound, int) and isinstance(step, int) else math.ceil(bound / step)


def _floor(bound: float, step: float) -> int:
    return bound // step if isinstance(bound, int) and isinstance(step, int) else math.floor(bound / step)


def _shown(value: Any) -> str:
    """How a value looks at its start, for the network to like or not."""
    return " " + value if isinstance(value, str) else json.dumps(value)
