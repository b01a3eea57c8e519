"""JSON Schema validation that fetches nothing, does not raise, is bounded, and reports what it cannot evaluate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema
from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from trueweight.checks.patterns import Unjudged
from trueweight.checks.schema_keywords import FORMATS, printed_short, replaced
from trueweight.core import canonical_json, value_path
from trueweight.core.judging import JudgingProblem
from trueweight.core.steps import PER_VALIDATION, OutOfSteps, budget, take_steps

_TOO_DEEP = "the schema or the value is too deep to judge"
_KEPT = 5
_LONGEST = 300
"""Characters of a path or a message that are kept."""

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
    """Whether a value is valid by a schema. ``valid`` is None if that cannot be judged; ``reason`` then says why.

    ``problem`` is its kind: the schema, or the limit of judging.
    """

    valid: bool | None
    violations: tuple[Violation, ...] = ()
    reason: str = ""
    problem: JudgingProblem | None = None


def validate(schema: Any, value: Any, *, assert_format: bool = False, text: str = "") -> Validity:
    """Validate a value by a schema, in the dialect that its ``$schema`` names, else in 2020-12.

    References to other documents are not fetched. At most five violations are returned. The time and the memory that it
    takes are bounded by steps, whatever the schema and the value.

    Args:
        text: the JSON text of the value, if it is at hand: many replies to a case have the same, which is validated
            once.
    """
    try:
        schema_text = _text_of(schema)
    except (ValueError, TypeError, RecursionError):
        return _not_judged(JudgingProblem.SCHEMA, "the schema is not JSON")
    key = (schema_text, text, assert_format) if 0 < len(text) <= _LONGEST_KEPT else None
    known = None if key is None else _known.get(key)
    if known is not None:
        try:
            if known.steps:  # so that a budget ends where it would if nothing were kept
                take_steps(known.steps)
        except OutOfSteps as limit:
            return _not_judged(JudgingProblem.LIMIT, str(limit))
        return known.validity
    with budget(PER_VALIDATION) as steps:
        validity = _validate(schema_text, value, assert_format=assert_format)
    if key is not None and validity.valid is not None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = _Known(validity, steps.taken)
    return validity


class _Known(NamedTuple):
    """What was found of a value, and the steps that it took."""

    validity: Validity
    steps: int


_LONGEST_KEPT = 1_000
"""Characters of the longest text whose validity is kept."""
_MOST_KNOWN = 4_000
_known: dict[tuple[str, str, bool], _Known] = {}


def _validate(schema: str, value: Any, *, assert_format: bool) -> Validity:
    try:
        errors = list(_first(_compiled(schema, assert_format).iter_errors(printed_short(value))))
    except Unjudged as unjudged:
        return _not_judged(JudgingProblem.SCHEMA, str(unjudged))
    except OutOfSteps as limit:
        return _not_judged(JudgingProblem.LIMIT, str(limit))
    except Unresolvable as missing:
        reason = f"the schema refers to {str(missing.ref)[:200]!r}, which is not in it"
        return _not_judged(JudgingProblem.SCHEMA, reason)
    except RecursionError:
        return _not_judged(JudgingProblem.LIMIT, _TOO_DEEP)
    except BaseException as panic:
        # The library's maps, written in Rust, raise this where the stack ends inside of one of them.
        if type(panic).__name__ != "PanicException":
            raise
        return _not_judged(JudgingProblem.LIMIT, _TOO_DEEP)
    found = tuple(map(_violation, errors))
    return Validity(not found, found)


_MOST_TEXTS = 1024
_texts: dict[int, tuple[Any, str]] = {}


def _text_of(schema: Any) -> str:
    """The canonical JSON of a schema, written once for all replies to a case, which share the schema."""
    # An entry holds its schema, so that no other one gets its identity.
    found = _texts.get(id(schema))
    if found is None:
        if len(_texts) >= _MOST_TEXTS:
            _texts.clear()
        found = _texts[id(schema)] = (schema, canonical_json(schema))
    return found[1]


def _not_judged(problem: JudgingProblem, reason: str) -> Validity:
    return Validity(None, reason=reason, problem=problem)


def _violation(error: ValidationError) -> Violation:
    return Violation(str(error.validator), f"${value_path(error.absolute_path)}"[:_LONGEST], error.message[:_LONGEST])


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
    checker = FORMATS if assert_format else None
    made: Validator = _bounded(base)(_in_one_dialect(schema), registry=REGISTRY, format_checker=checker)
    return made


def _in_one_dialect(schema: Any) -> Any:
    """The schema without ``$schema``: at each one the library would take that dialect itself, without bounds."""
    if isinstance(schema, list):
        return [_in_one_dialect(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: one if name in ("const", "enum", "default", "examples") else _in_one_dialect(one)
        for name, one in schema.items()
        if name != "$schema" or not isinstance(one, str)
    }


@lru_cache(maxsize=len(_DIALECTS))
def _bounded(base: type[Validator]) -> type[Validator]:
    made: type[Validator] = validators.extend(base, replaced(base.VALIDATORS))  # type: ignore[no-untyped-call]
    return made
