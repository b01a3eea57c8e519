"""Instances of a JSON Schema: the target of a prompt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from jsonschema import Draft202012Validator

from trueweight.core import canonical_json
from trueweight.core.json_value import JsonObject
from trueweight.suites.properties.documents import documents, scalars
from trueweight.suites.properties.texts import WORDS, integers, numbers, texts

_DEPTH = 6
"""Most references that are followed one inside another, because a schema may refer to itself."""

_FORMATS = {
    "date": ("2026-02-28", "1999-12-31"),
    "date-time": ("2026-02-28T09:30:00Z", "2025-07-01T23:59:59+02:00"),
    "time": ("09:30:00Z", "23:59:59Z"),
    "email": ("rosa@example.org", "o.hara+test@example.com"),
    "uuid": ("3f2504e0-4f89-41d3-9a0c-0305e82c3301",),
    "uri": ("https://example.org/a?b=1&c=%20", "urn:isbn:0451450523"),
    "ipv4": ("192.0.2.1", "198.51.100.255"),
    "ipv6": ("2001:db8::1",),
    "hostname": ("example.org",),
}
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "^[A-Z]{3}$": ("EUR", "XYZ"),
    "^[0-9]{5}$": ("02134", "99999"),
    "^[a-z][a-z0-9_]*$": ("a", "snake_case_9"),
    "^#[0-9a-f]{6}$": ("#00ff7f",),
}
"""Patterns with texts that match them. For other patterns Hypothesis makes the texts, which depend on its version."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-./#:@"


def arguments(schema: Mapping[str, Any] | bool) -> SearchStrategy[Any]:
    """Values that a schema accepts, hostile texts and edge numbers included.

    It knows the keywords of JSON Schema 2020-12, and ``$ref`` within the schema. Each drawn value is validated.
    Keywords that only validation knows (``not``, ``if``, ``contains``) make more draws fail, and no wrong value is
    returned. A schema that accepts nothing cannot be drawn from. Common values of ``format`` are obeyed.
    """
    return _compiled(canonical_json(schema))


@lru_cache(maxsize=512)
def _compiled(text: str) -> SearchStrategy[Any]:
    schema = json.loads(text)
    validator = Draft202012Validator(schema)
    return _Builder(schema).build(schema, _DEPTH).filter(validator.is_valid)


class _Builder:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._applicators: dict[str, Callable[[Mapping[str, Any], int], SearchStrategy[Any]]] = {
            "$ref": self._reference,
            "const": lambda schema, _: st.just(schema["const"]),
            "enum": lambda schema, _: st.sampled_from(schema["enum"]),
            "anyOf": lambda schema, depth: self._branches("anyOf", schema, depth),
            "oneOf": lambda schema, depth: self._branches("oneOf", schema, depth),
            "allOf": self._all_of,
        }

    def build(self, schema: Any, depth: int) -> SearchStrategy[Any]:
        """The strategy of a part of the schema."""
        if not isinstance(schema, dict) or depth < 0:
            return scalars() if schema is True and depth >= 0 else st.nothing()
        if not schema:
            return scalars()
        for keyword, build in self._applicators.items():
            if keyword in schema:
                return build(schema, depth)
        return self._typed(schema, depth)

    def _reference(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        target = self._resolve(schema["$ref"])
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        merged = {**target, **rest} if isinstance(target, dict) else target
        return st.deferred(lambda: self.build(merged, depth - 1))

    def _branches(self, keyword: str, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        rest = {key: value for key, value in schema.items() if key != keyword}
        return st.one_of([self.build(_merged(rest, branch), depth) for branch in schema[keyword]])

    def _all_of(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        merged: Any = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema["allOf"]:
            refers = isinstance(part, dict) and "$ref" in part
            merged = _merged(merged, self._resolve(part["$ref"]) if refers else part)
        return self.build(merged, depth)

    def _resolve(self, ref: str) -> Any:
        found = self._root
        for part in ref.lstrip("#").strip("/").split("/") if ref.strip("#/") else ():
            key = part.replace("~1", "/").replace("~0", "~")
            found = found[int(key)] if isinstance(found, list) else found.get(key, {})
        return found

    def _typed(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        kinds = schema.get("type", _guess(schema))
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return st.one_of([self._of_type(kind, schema, depth) for kind in kinds])

    def _of_type(self, kind: str, schema: Mapping[str, Any], depth: int) -> SearchStrategy[Any]:
        if kind in ("object", "array"):
            return self._object(schema, depth) if kind == "object" else self._array(schema, depth)
        return _SCALARS[kind](schema) if kind in _SCALARS else st.none()

    def _object(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[JsonObject]:
        properties = schema.get("properties", {})
        required = list(schema.get("required", ()))
        if not properties and not required and "additionalProperties" not in schema:
            return st.one_of(st.just({}), documents(1)) if schema.get("minProperties", 0) < 2 else documents(1)
        extra = schema.get("additionalProperties", True)
        known = {name: self.build(part, depth - 1) for name, part in properties.items()}
        known |= {name: self.build(extra, depth - 1) for name in required if name not in known}
        must = {name: known[name] for name in known if name in required}
        may = {name: part for name, part in known.items() if name not in required and not part.is_empty}
        fixed = _members(must, may)
        if isinstance(extra, dict) and extra:
            names = st.sampled_from([f"x_{word}" for word in WORDS[:6]])
            more = st.dictionaries(names, self.build(extra, depth - 1), max_size=2)
            return st.tuples(more, fixed).map(lambda both: {**both[0], **both[1]})
        return fixed

    def _array(self, schema: Mapping[str, Any], depth: int) -> SearchStrategy[list[Any]]:
        first = [self.build(part, depth - 1) for part in schema.get("prefixItems", ())]
        low = max(0, schema.get("minItems", 0) - len(first))
        high = schema.get("maxItems", len(first) + max(low, 4)) - len(first)
        item = self.build(schema.get("items", True), depth - 1)
        if item.is_empty or high <= 0:
            return st.tuples(*first).map(list)
        unique = canonical_json if schema.get("uniqueItems") else None
        rest = st.lists(item, min_size=low, max_size=max(low, high), unique_by=unique)
        if not first:
            return rest
        return st.tuples(st.tuples(*first), rest).map(lambda both: [*both[0], *both[1]])


@st.composite
def _members(
    draw: DrawFn, must: Mapping[str, SearchStrategy[Any]], may: Mapping[str, SearchStrategy[Any]]
) -> JsonObject:
    """An object with all of the first members and some of the others.

    Not ``fixed_dictionaries``: its way of choosing among optional members differs between versions of Hypothesis.
    """
    given = {name: draw(strategy) for name, strategy in must.items()}
    return given | {name: draw(strategy) for name, strategy in may.items() if draw(st.booleans())}


def _guess(schema: Mapping[str, Any]) -> list[str]:
    """Types that a schema without ``type`` is about."""
    if any(key in schema for key in ("properties", "required", "additionalProperties", "minProperties")):
        return ["object"]
    if any(key in schema for key in ("items", "prefixItems", "minItems", "maxItems")):
        return ["array"]
    if any(key in schema for key in ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")):
        return ["integer"]
    if any(key in schema for key in ("minLength", "maxLength", "pattern", "format")):
        return ["string"]
    return ["string", "integer", "boolean"]


def _merged(left: Mapping[str, Any], right: Any) -> Any:
    """A schema of the keywords of both. It may accept too much; validation refuses such values."""
    if not isinstance(right, dict):
        return dict(left) if right else False
    out = {**left, **right}
    if "properties" in left and "properties" in right:
        out["properties"] = {**left["properties"], **right["properties"]}
    if "required" in left and "required" in right:
        out["required"] = list(dict.fromkeys([*left["required"], *right["required"]]))
    return out


def _string(schema: Mapping[str, Any]) -> SearchStrategy[str]:
    if schema.get("pattern") in PATTERNS:
        return st.sampled_from(PATTERNS[schema["pattern"]])
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], alphabet=_ALPHABET).map(str.strip)
    if schema.get("format") in _FORMATS:
        return st.sampled_from(_FORMATS[schema["format"]])
    low, high = schema.get("minLength", 0), schema.get("maxLength", 10**6)
    fits = texts().map(lambda text: text[:high])
    if low:
        fits = fits.map(lambda text: text + "x" * (low - len(text)))
    return fits


def _bounds(schema: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Whole numbers between which every integer is within the schema's bounds."""
    lows = [-(-_number_of(schema["minimum"]) // 1)] if "minimum" in schema else []
    lows += [_number_of(schema["exclusiveMinimum"]) // 1 + 1] if "exclusiveMinimum" in schema else []
    highs = [_number_of(schema["maximum"]) // 1] if "maximum" in schema else []
    highs += [-(-_number_of(schema["exclusiveMaximum"]) // 1) - 1] if "exclusiveMaximum" in schema else []
    return (int(max(lows)) if lows else None, int(min(highs)) if highs else None)


def _number_of(bound: Any) -> Any:
    return bound if isinstance(bound, int | float) and not isinstance(bound, bool) else 0


def _integer(schema: Mapping[str, Any]) -> SearchStrategy[int]:
    low, high = _bounds(schema)
    step = schema.get("multipleOf")
    if step is not None and step == int(step) and step > 0:
        first = 0 if low is None else -(-low // int(step))
        last = first + 1000 if high is None else high // int(step)
        return st.integers(min(first, last), last).map(lambda times: times * int(step))
    if low is None and high is None:
        return integers()
    return st.integers(low if low is not None else (high or 0) - 1000, high if high is not None else (low or 0) + 1000)


def _number(schema: Mapping[str, Any]) -> SearchStrategy[int | float]:
    low, high = _bounds(schema)
    if low is None and high is None and "multipleOf" not in schema:
        return numbers()
    if low is not None and high is not None and low > high:
        # No whole number lies between the bounds.
        edges = [schema[key] for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if key in schema]
        return st.sampled_from([sum(edges) / len(edges), *edges])
    return _integer(schema)


_SCALARS: dict[str, Callable[[Mapping[str, Any]], SearchStrategy[Any]]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _: st.booleans(),
}
