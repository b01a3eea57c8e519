"""How a request is refused, and what names and schemas must be."""

from __future__ import annotations

import re
from typing import Any, NoReturn

from trueweight.fleet.constrain import UnsatisfiableError, validator_of
from trueweight.fleet.errors import RefusedError

_NAME = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def refuse(param: str, message: str) -> NoReturn:
    """Refuse a value that is there.

    Raises:
        RefusedError: always.
    """
    raise RefusedError(f"Invalid value for '{param}': {message}", param=param, code="invalid_value")


def refuse_missing(param: str) -> NoReturn:
    """Refuse a value that is not there.

    Raises:
        RefusedError: always.
    """
    message = f"Missing required parameter: '{param}'."
    raise RefusedError(message, param=param, code="missing_required_parameter")


def name_of(value: Any, param: str) -> str:
    """A function's or schema's name."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        refuse(param, "expected 1 to 64 letters, digits, '_', '.' or '-'.")
    return value


def check_schema(schema: Any, param: str) -> None:
    """See that a JSON Schema is one, and that its references lead somewhere."""
    try:
        validator_of(schema)
    except UnsatisfiableError as error:
        raise RefusedError(f"Invalid schema for '{param}': {error}", param=param, code="invalid_schema") from error
    for reference in _references(schema):
        if reference.startswith("#/") and not _leads(schema, reference):
            message = f"Invalid schema for '{param}': {reference!r} leads nowhere."
            raise RefusedError(message, param=param, code="invalid_schema")


def _references(schema: Any) -> list[str]:
    found: list[str] = []
    stack = [schema]
    while stack:
        one = stack.pop()
        if isinstance(one, dict):
            if isinstance(one.get("$ref"), str):
                found.append(one["$ref"])
            # The values of these keywords are data, not schemas.
            stack += [value for key, value in one.items() if key not in ("enum", "const", "default", "examples")]
        elif isinstance(one, list):
            stack += one
    return found


def _leads(schema: Any, reference: str) -> bool:
    at = schema
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(at, dict) and name in at:
            at = at[name]
        elif isinstance(at, list) and name.isdigit() and int(name) < len(at):
            at = at[int(name)]
        else:
            return False
    return True
