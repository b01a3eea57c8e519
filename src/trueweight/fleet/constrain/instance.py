"""Build a value for a schema, validate it, and try again a bounded number of times."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from trueweight.fleet.constrain.build import Builder
from trueweight.fleet.constrain.merge import ContradictionError
from trueweight.fleet.constrain.sampler import Sampler

_ATTEMPTS = 24


class UnsatisfiableError(Exception):
    """No instance was found: the schema is invalid, unsatisfiable, or uses a keyword that is not supported."""

    def __init__(self, message: str, keyword: str = "") -> None:
        super().__init__(message)
        self.keyword = keyword


def validator_of(schema: Any) -> Draft202012Validator:
    """A validator that never fetches anything; the same schemas come with many requests, so the last ones are kept.

    Raises:
        UnsatisfiableError: if it is not a JSON Schema.
    """
    return _validator_of(json.dumps(schema))


@lru_cache(maxsize=512)
def _validator_of(text: str) -> Draft202012Validator:
    schema = json.loads(text)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise UnsatisfiableError(f"not a valid JSON Schema: {error.message}", str(error.validator)) from error
    registry: Registry[Any] = Registry()
    return Draft202012Validator(schema, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


def make_instance(schema: Any, sampler: Sampler) -> Any:
    """A JSON value that the schema accepts.

    Raises:
        UnsatisfiableError: if none was found; names the keyword that could not be satisfied.
    """
    validator = validator_of(schema)
    keyword = ""
    for attempt in range(_ATTEMPTS):
        try:
            value = Builder(schema, sampler.hotter(0.25 * attempt), plain=attempt > 0).build()
            error: ValidationError | None = next(iter(validator.iter_errors(value)), None)
        except Unresolvable as problem:
            raise UnsatisfiableError("$ref leads out of the schema", "$ref") from problem
        except LookupError as problem:
            raise UnsatisfiableError(f"$ref leads out of the schema: {problem}", "$ref") from problem
        except ContradictionError as problem:
            keyword = problem.keyword
            continue
        except ValueError as problem:
            raise UnsatisfiableError(f"the pattern is not supported: {problem}", "pattern") from problem
        if error is None:
            return value
        keyword = str(error.validator)
    raise UnsatisfiableError(f"no instance found that satisfies {keyword!r}", keyword)
