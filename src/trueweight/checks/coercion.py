"""Values that are right but for their type: a number as text, or a text of digits as a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from trueweight.checks.json_schema import Violation, validate
from trueweight.core import value_path
from trueweight.protocols import parse_json

_KEYWORDS: Final = frozenset({"type", "enum", "const"})


def is_coerced(schema: Any, value: Any, violations: Iterable[Violation]) -> bool:
    """Whether a value breaks a schema by the types of scalars alone: with them converted it is valid.

    Only scalars at the places of the violations are converted, so that a text of digits elsewhere stays text.
    """
    found = list(violations)
    if not found or any(one.keyword not in _KEYWORDS for one in found):
        return False
    places = {one.path for one in found}
    converted = _converted(value, (), places)
    return converted != value and validate(schema, converted).valid is True


def _converted(value: Any, path: tuple[str | int, ...], places: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _converted(one, (*path, key), places) for key, one in value.items()}
    if isinstance(value, list):
        return [_converted(one, (*path, at), places) for at, one in enumerate(value)]
    return _other_type(value) if f"${value_path(path)}" in places else value


def _other_type(value: Any) -> Any:
    if not isinstance(value, str):
        return str(value)
    text = value.strip()
    word = text.lower()
    parsed = parse_json(word if word in ("true", "false", "null") else text)
    return parsed.value if parsed.ok and not isinstance(parsed.value, Mapping | list | str) else value
