"""JSON Schema validation that fetches nothing, does not raise, and reports what it cannot evaluate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema
from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from trueweight.checks.patterns import Unjudged, matches
from trueweight.core import canonical_json, value_path

_KEPT = 5
_UNIQUE_ITEMS = 2000
"""Longest array whose items are all compared with each other."""

_DIALECTS = {
    str(cls.META_SCHEMA.get("$id") or cls.META_SCHEMA.get("id")).rstrip("#"): cls
    for cls in (
        jsonschema.Draft3Validator,
        jsonschema.Draft4Validator,
        jsonschema.Draft6Validator,
        jsonschema.Draft7Validator,
        jsonschema.Draft201909Validator,
        Draft202012Validator,
    )
}


class Violation(NamedTuple):
    """One breach of a schema: the keyword, the place in the value, and the message."""

    keyword: str
    path: str
    message: str


class Validity(NamedTuple):
    """Whether a value is valid by a schema. ``valid`` is None if that cannot be judged; ``reason`` then says why."""

    valid: bool | None
    violations: tuple[Violation, ...] = ()
    reason: str = ""


def validate(schema: Any, value: Any, *, assert_format: bool = False) -> Validity:
    """Validate a value by a schema, in the dialect that its ``$schema`` names, else in 2020-12.

    References to other documents are not fetched. At most five violations are returned.
    """
    try:
        text = canonical_json(schema)
    except (ValueError, TypeError, RecursionError):
        return Validity(None, reason="the schema is not JSON")
    try:
        errors = list(_first(_compiled(text, assert_format).iter_errors(value)))
    except Unjudged as unjudged:
        return Validity(None, reason=str(unjudged))
    except Unresolvable as missing:
        return Validity(None, reason=f"the schema refers to {str(missing.ref)[:200]!r}, which is not in it")
    except RecursionError:
        return Validity(None, reason="the schema or the value is too deep to judge")
    found = tuple(Violation(str(e.validator), f"${value_path(e.absolute_path)}", e.message[:300]) for e in errors)
    return Validity(not found, found)


def _first(errors: Iterator[ValidationError]) -> Iterator[ValidationError]:
    for _, error in zip(range(_KEPT), errors, strict=False):
        yield error


@lru_cache(maxsize=1024)
def _compiled(text: str, assert_format: bool) -> Validator:
    schema = json.loads(text)
    if not isinstance(schema, dict | bool):
        raise Unjudged("the schema is neither an object nor a boolean")
    dialect = schema.get("$schema") if isinstance(schema, dict) else None
    base = _DIALECTS.get(str(dialect).rstrip("#"), Draft202012Validator)
    try:
        base.check_schema(schema, format_checker=FormatChecker(formats=()))
    except SchemaError as error:
        raise Unjudged(f"the schema is not valid: {error.message[:200]}") from None
    checker = FormatChecker() if assert_format else None
    made: Validator = _guarded(base)(schema, registry=REGISTRY, format_checker=checker)
    return made


@lru_cache(maxsize=len(_DIALECTS))
def _guarded(base: type[Validator]) -> type[Validator]:
    """The dialect, with a limit for each keyword that runs a pattern or compares all items with each other."""
    replaced: dict[str, Any] = {"pattern": _pattern}
    for keyword in ("patternProperties", "additionalProperties", "unevaluatedProperties"):
        if keyword in base.VALIDATORS:
            replaced[keyword] = _after_names(base.VALIDATORS[keyword])
    if "uniqueItems" in base.VALIDATORS:
        replaced["uniqueItems"] = _unique(base.VALIDATORS["uniqueItems"])
    made: type[Validator] = validators.extend(base, replaced)  # type: ignore[no-untyped-call]
    return made


def _pattern(validator: Validator, pattern: str, value: Any, _: Mapping[str, Any]) -> Iterator[ValidationError]:
    if validator.is_type(value, "string") and not matches(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _after_names(keyword: Any) -> Any:
    """The library's own keyword, after `matches` has accepted every pattern for every name."""

    def run(validator: Validator, arg: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        if isinstance(value, dict):
            for pattern in schema.get("patternProperties") or ():
                for name in value:
                    matches(pattern, name)
        yield from keyword(validator, arg, value, schema) or ()

    return run


def _unique(keyword: Any) -> Any:
    def run(validator: Validator, arg: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
        if arg and isinstance(value, list) and len(value) > _UNIQUE_ITEMS:
            raise Unjudged(f"uniqueItems is not judged over more than {_UNIQUE_ITEMS} items")
        yield from keyword(validator, arg, value, schema) or ()

    return run
