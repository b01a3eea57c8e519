"""``unevaluatedProperties`` and ``unevaluatedItems``: what the schemas that hold of the same value leave unevaluated.

Written from JSON Schema 2020-12, core, section 11 (and 2019-09, section 9.3.1), because the library's own runs patterns
of the schema in Python's ``re``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError
from referencing.jsonschema import lookup_recursive_ref

from trueweight.checks.patterns import matches
from trueweight.core.steps import take_steps

_ALL_NAMES = ("additionalProperties", "unevaluatedProperties")
_IN_PLACE = ("allOf", "anyOf", "oneOf")


def unevaluated_properties(validator: Any, arg: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """An error for all members that no other keyword evaluates and that the subschema refuses."""
    if not isinstance(value, dict):
        return
    evaluated: set[Any] = set()
    for _, where in _holding(validator, value, {**schema, "unevaluatedProperties": None}):
        evaluated |= _names(value, where)
    left = [name for name in value if name not in evaluated and not _valid(validator, value[name], arg)]
    if left:
        shown = ", ".join(repr(name[:200]) for name in left[:5])
        yield ValidationError(f"Unevaluated properties are not allowed ({shown} unexpected)")


def unevaluated_items(validator: Any, arg: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """An error for all items that no other keyword evaluates and that the subschema refuses."""
    if not isinstance(value, list):
        return
    first, contained = 0, set[int]()
    for one, where in _holding(validator, value, {**schema, "unevaluatedItems": None}):
        first = max(first, _first_items(value, where))
        if "contains" in where and "prefixItems" in validator.VALIDATORS:  # since 2020-12
            contained |= {at for at, item in enumerate(value) if _valid(one, item, where["contains"])}
    left = [at for at in range(first, len(value)) if at not in contained and not _valid(validator, value[at], arg)]
    if left:
        yield ValidationError(f"Unevaluated items are not allowed (item {left[0]} unexpected)")


def _holding(validator: Any, value: Any, schema: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """This schema and all that it applies in place and that hold of the value, each with its validator."""
    take_steps(2)
    if not isinstance(schema, dict):
        return
    yield validator, schema
    for reference in ("$ref", "$dynamicRef"):
        if reference in schema and reference in validator.VALIDATORS:
            resolved = validator._resolver.lookup(schema[reference])
            evolved = validator.evolve(schema=resolved.contents, _resolver=resolved.resolver)
            yield from _holding(evolved, value, resolved.contents)
    if "$recursiveRef" in schema and "$recursiveRef" in validator.VALIDATORS:
        resolved = lookup_recursive_ref(validator._resolver)
        evolved = validator.evolve(schema=resolved.contents, _resolver=resolved.resolver)
        yield from _holding(evolved, value, resolved.contents)
    for keyword in _IN_PLACE:
        for branch in schema.get(keyword) or ():
            if keyword == "allOf" or _valid(validator, value, branch):
                yield from _holding(validator, value, branch)
    if "if" in schema:
        holds = _valid(validator, value, schema["if"])
        if holds:
            yield from _holding(validator, value, schema["if"])
        yield from _holding(validator, value, schema.get("then" if holds else "else"))
    for name, dependent in (schema.get("dependentSchemas") or {}).items():
        if isinstance(value, dict) and name in value:
            yield from _holding(validator, value, dependent)


def _names(value: Mapping[str, Any], schema: Mapping[str, Any]) -> set[Any]:
    take_steps(len(value))
    if any(schema.get(keyword) is not None for keyword in _ALL_NAMES):
        return set(value)
    found = set(value) & set(schema.get("properties") or ())
    for regex in schema.get("patternProperties") or ():
        found |= {name for name in value if matches(regex, name)}
    return found


def _first_items(value: list[Any], schema: Mapping[str, Any]) -> int:
    """How many items from the first one on a schema evaluates."""
    items = schema.get("items")
    if isinstance(items, list):
        return len(value) if "additionalItems" in schema else len(items)
    if items is not None or schema.get("unevaluatedItems") is not None:
        return len(value)
    return len(schema.get("prefixItems") or ())


def _valid(validator: Any, value: Any, schema: Any) -> bool:
    return next(iter(validator.descend(value, schema)), None) is None
