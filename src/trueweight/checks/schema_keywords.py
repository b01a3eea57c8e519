"""Keywords of JSON Schema with a bound: each takes steps of a budget, prints no large value, and runs patterns by RE2.

They replace those of the ``jsonschema`` library that list all errors of all branches, compare every item with every
other, or run a pattern of the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from trueweight.checks.patterns import is_pattern, matches
from trueweight.core.steps import OutOfSteps, take_steps

Keyword = Callable[[Any, Any, Any, Any], Iterable[ValidationError] | None]

_PER_ERROR: Final = 10
_PER_REFERENCE: Final = 10
_REFERENCES: Final = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_OVER_MEMBERS: Final = frozenset(
    {
        "additionalItems", "additionalProperties", "contains", "items", "patternProperties", "propertyNames",
        "unevaluatedItems", "unevaluatedProperties",
    }
)  # fmt: skip
"""Keywords that visit every member of a value, though the schema may have nothing to say of one."""
_SHOWN: Final = 200
_SMALL: Final = 40
_COPIED_PER_STEP: Final = 2
_LONGEST_FORMATTED: Final = 10_000


class _Text(str):
    """A long text that is printed short."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self[:_SHOWN]!r}…"


class _Array(list[Any]):
    """A large array that is printed as its size."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"an array of {len(self)} items"


class _Object(dict[str, Any]):
    """A large object that is printed as its size."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"an object of {len(self)} members"


def printed_short(value: Any) -> Any:
    """An equal value whose large parts are printed short, so that no error message is as long as the reply."""
    return _shortened(value)[0]


def _shortened(value: Any) -> tuple[Any, int]:
    """The value, and its size in values."""
    if isinstance(value, list | dict):
        take_steps(1 + len(value) // _COPIED_PER_STEP)
    if isinstance(value, str):
        return (_Text(value) if len(value) > _SHOWN else value), 1 + len(value) // _SMALL
    if isinstance(value, list):
        items = [_shortened(item) for item in value]
        size = 1 + sum(size for _, size in items)
        return (_Array(item for item, _ in items) if size > _SMALL else value), size
    if isinstance(value, dict):
        members = {name: _shortened(member) for name, member in value.items()}
        size = 1 + sum(size + len(name) // _SMALL for name, (_, size) in members.items())
        return (_Object((name, item) for name, (item, _) in members.items()) if size > _SMALL else value), size
    return value, 1


def bounded(name: str, keyword: Keyword) -> Keyword:
    """The keyword, which takes steps for each use, each member that it visits and each error."""
    cost = _PER_REFERENCE if name in _REFERENCES else 1

    def run(validator: Validator, arg: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
        visits = len(value) if name in _OVER_MEMBERS and isinstance(value, list | dict) else 0
        take_steps(cost + visits)
        for error in keyword(validator, arg, value, schema) or ():
            take_steps(_PER_ERROR)
            yield error

    return run


def pattern(validator: Validator, arg: str, value: Any, _: Any) -> Iterator[ValidationError]:
    """``pattern``, by RE2."""
    if validator.is_type(value, "string") and not matches(arg, value):
        yield ValidationError(f"{value!r} does not match {arg!r}")


def pattern_properties(validator: Any, arg: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    """``patternProperties``, by RE2."""
    if not isinstance(value, dict):
        return
    for regex, subschema in arg.items():
        for name, member in value.items():
            if matches(regex, name):
                yield from validator.descend(member, subschema, path=name, schema_path=regex)


def additional_properties(validator: Any, arg: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """``additionalProperties``: one error for all that are not allowed."""
    if not isinstance(value, dict):
        return
    named, regexes = schema.get("properties") or (), tuple(schema.get("patternProperties") or ())
    extras = [name for name in value if name not in named and not any(matches(regex, name) for regex in regexes)]
    if isinstance(arg, dict):
        for name in extras:
            yield from validator.descend(value[name], arg, path=name)
    elif arg is False and extras:
        yield ValidationError(f"Additional properties are not allowed ({_listed(extras)} unexpected)")


def _listed(names: list[str]) -> str:
    shown = ", ".join(repr(name[:_SHOWN]) for name in sorted(names[:100])[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{shown}{more} {'was' if len(names) == 1 else 'were'}"


def any_of(validator: Any, arg: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    """``anyOf``: a branch is left at its first error."""
    if not any(_valid(validator, value, branch) for branch in arg):
        yield ValidationError(f"{value!r} is not valid under any of the given schemas")


def one_of(validator: Any, arg: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    """``oneOf``: a branch is left at its first error."""
    valid = sum(_valid(validator, value, branch) for branch in arg)
    if valid == 0:
        yield ValidationError(f"{value!r} is not valid under any of the given schemas")
    elif valid > 1:
        yield ValidationError(f"{value!r} is valid under {valid} of the given schemas, not under exactly one")


def _valid(validator: Any, value: Any, schema: Any) -> bool:
    return next(iter(validator.descend(value, schema)), None) is None


def unique_items(_: Validator, arg: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    """``uniqueItems``, by a set of the items' values: 1 is 1.0 and is not true."""
    if not arg or not isinstance(value, list):
        return
    seen: set[Any] = set()
    for item in value:
        known = _hashable(item)
        if known in seen:
            yield ValidationError(f"{value!r} has non-unique elements")
            return
        seen.add(known)


def _hashable(value: Any) -> Any:
    take_steps()
    if isinstance(value, list):
        return ("array", *map(_hashable, value))
    if isinstance(value, dict):
        return ("object", frozenset((name, _hashable(member)) for name, member in value.items()))
    return ("boolean", value) if isinstance(value, bool) else value


def multiple_of(_: Validator, arg: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    """``multipleOf``, exactly in decimals, as the numbers are written: 19.99 is a multiple of 0.01."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124 - NaN
        yield ValidationError(f"a number beyond the largest double is not known to be a multiple of {arg}")
    elif (_exact(value) / _exact(arg)).denominator != 1:
        yield ValidationError(f"{_digits(value)} is not a multiple of {arg}")


def _exact(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(Decimal(repr(number)))


def _digits(number: float) -> str:
    text = repr(number)
    return text if len(text) <= _SMALL else f"{text[:_SMALL]}… ({len(text)} digits)"


class Formats(FormatChecker):
    """The formats of the library; ``regex`` is a pattern of ECMA-262. A long text is not judged."""

    def check(self, instance: object, format: str) -> None:  # noqa: A002 - the library's name
        """Check one value.

        Raises:
            FormatError: if it has not the format.
            OutOfSteps: if it is too long to judge.
        """
        if isinstance(instance, str) and len(instance) > _LONGEST_FORMATTED and format in self.checkers:
            raise OutOfSteps(f"the format {format} is not judged over more than {_LONGEST_FORMATTED} characters")
        super().check(instance, format)


FORMATS: Final = Formats()
FORMATS.checkers = {
    **FormatChecker.checkers,
    "regex": (lambda value: not isinstance(value, str) or is_pattern(value), ()),
}


def replaced(keywords: Mapping[str, Keyword]) -> dict[str, Keyword]:
    """The keywords of a dialect, all of them bounded."""
    from trueweight.checks.schema_unevaluated import unevaluated_items, unevaluated_properties

    own: dict[str, Keyword] = {
        "pattern": pattern,
        "patternProperties": pattern_properties,
        "additionalProperties": additional_properties,
        "anyOf": any_of,
        "oneOf": one_of,
        "uniqueItems": unique_items,
        "multipleOf": multiple_of,
        "divisibleBy": multiple_of,
        "unevaluatedProperties": unevaluated_properties,
        "unevaluatedItems": unevaluated_items,
    }
    return {name: bounded(name, own.get(name, keyword)) for name, keyword in keywords.items()}
