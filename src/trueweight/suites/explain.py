"""Explains what is wrong with a suite file: the value as written, and what its schema or its checks allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema.exceptions import ValidationError

from trueweight.core import ConfigError, near_miss
from trueweight.suites.request_lines import shown
from trueweight.suites.strict_yaml import Path


class Objection(NamedTuple):
    """A mistake in a suite file: its place, a code, what is wrong, and what would be valid."""

    path: Path
    code: str
    message: str
    hint: str = ""


_TYPES = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number", "null": "null"}


def objections(error: ValidationError) -> list[Objection]:
    """The objections for one validation error: one for each unknown key, else one in all."""
    path: Path = tuple(error.absolute_path)
    explain = _EXPLAIN.get(str(error.validator))
    if explain is not None:
        return explain(error, path)
    return [Objection(path, "suite-invalid", f"{_key(path)}: {error.message}")]


def objections_to_checks(checks: Mapping[str, Any], path: Path) -> Iterator[Objection]:
    """An objection for each check of a case that does not exist or does not accept its parameters.

    Args:
        path: the place of ``checks`` in the file.
    """
    # Imported here, so that only files that name checks load all checks.
    from trueweight.core.check import validate_params

    for check_id, params in checks.items():
        if not isinstance(params, dict):
            continue  # the schema of suites objects to it
        try:
            validate_params(check_id, params)
        except ConfigError as problem:
            yield Objection((*path, check_id), problem.code, problem.message, problem.hint)


def _key(path: Path) -> str:
    named = [part for part in path if isinstance(part, str)]
    return repr(named[-1]) if named else "the file"


def _unknown(error: ValidationError, path: Path) -> list[Objection]:
    schema: Any = error.schema
    instance: Any = error.instance
    valid = list(schema.get("properties", ()))
    unknown = [key for key in instance if key not in valid]
    return [
        Objection((*path, key), "suite-unknown-key", f"unknown key {key!r}", near_miss(key, valid)) for key in unknown
    ]


def _missing(error: ValidationError, path: Path) -> list[Objection]:
    # jsonschema reports each missing key as a separate error, and names it only in the message.
    required: Any = error.validator_value
    key = next(key for key in required if error.message.startswith(repr(key)))
    return [Objection(path, "suite-missing-key", f"key {key!r} is missing")]


def _type(error: ValidationError, path: Path) -> list[Objection]:
    valid: Any = error.validator_value
    wanted = " or ".join(_TYPES.get(name, name) for name in ([valid] if isinstance(valid, str) else valid))
    return [Objection(path, "suite-type", f"{_key(path)} must be {wanted}, not {shown(error.instance)}")]


def _enum(error: ValidationError, path: Path) -> list[Objection]:
    valid: Any = error.validator_value
    hint = near_miss(str(error.instance), [str(value) for value in valid])
    return [Objection(path, "suite-value", f"{_key(path)} is {shown(error.instance)}", hint)]


def _pattern(error: ValidationError, path: Path) -> list[Objection]:
    hint = "A link that starts with https:// or http://."
    if not str(error.validator_value).startswith("^https"):
        hint = "Lower-case letters, digits, '.', '_' and '-', starting with a letter or digit."
    return [Objection(path, "suite-value", f"{_key(path)} is {shown(error.instance)}", hint)]


def _empty(_: ValidationError, path: Path) -> list[Objection]:
    return [Objection(path, "suite-empty", f"{_key(path)} is empty")]


def _forbidden(_: ValidationError, path: Path) -> list[Objection]:
    hint = "An answer is either json, or calls and content."
    if path[-1] in ("request", "modes", "answer"):
        hint = "The list of models is fetched as it is."
    elif "request" in path:
        hint = "The plan adds stream to each request, and model and stream_options, which a case may set."
    return [Objection(path, "suite-forbidden-key", f"key {_key(path)} does not belong here", hint)]


_EXPLAIN: dict[str, Callable[[ValidationError, Path], list[Objection]]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "not": _forbidden,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
}
