"""Arguments that are one object too deep: inside ``{"arguments": …}``, ``{"parameters": …}`` or a whole call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trueweight.checks.calls import CallValidity, validity
from trueweight.checks.json_schema import validate
from trueweight.core import Case, Reply
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import quote, spans_of
from trueweight.core.example import SAMPLE_CALL, Example, calls
from trueweight.core.request import declared_tools
from trueweight.protocols import parse_json

_WRAPPERS: Final = ("arguments", "parameters", "args", "input", "kwargs", "properties")
_BESIDE: Final = frozenset({"name", "type", "id", "function"})
"""Keys that may stand beside the arguments if the whole call is repeated inside them."""


@check(
    "tool-arguments-unwrapped",
    "Arguments are not wrapped in another object.",
    failure="Arguments are wrapped in another object in {cases}",
    row=10,
    explains=("tool-arguments-required", "tool-arguments-schema", "tool-arguments-types", "tool-call-matches"),
    source="https://github.com/sgl-project/sglang/issues/38924",
    why="The tool gets one argument that it does not know, and none that it needs.",
    fix="Take the arguments out of the form in which the model writes its calls.",
    example=Example(calls('{"parameters":{"city":"Oslo"}}'), "parameters", SAMPLE_CALL),
)
def tool_arguments_unwrapped(case: Case, reply: Reply) -> CheckResult | None:
    """Fails where the arguments break the tool's schema, and an object inside them obeys it."""
    for one in validity(case.request, reply):
        wrapped = unwrap(case, one)
        if wrapped is not None:
            words = f"the arguments are inside another object, under {quote(wrapped.key)}"
            return Fail(words, quote(wrapped.inner), quote(one.value), spans_of([one.call.span]))
    return Pass() if reply.calls else None


class Wrapped(NamedTuple):
    """An object that obeys the tool's schema, and its key in the object around it."""

    key: str
    inner: Mapping[str, Any]


def unwrap(case: Case, one: CallValidity) -> Wrapped | None:
    """What is in the arguments of a call that break the tool's schema, if it obeys that; None if it does not."""
    wrapped = _only_object(one.value) if one.value and one.violations else None
    if wrapped is None:
        return None
    schemas = declared_tools(case.request).get(one.call.name or "", ())
    return wrapped if any(validate(schema, wrapped.inner).valid for schema in schemas) else None


def _only_object(value: Mapping[str, Any]) -> Wrapped | None:
    """The object, which may be JSON text, under the only key of a value that may be a wrapper."""
    keys = [key for key in value if key not in _BESIDE]
    if len(keys) != 1 or keys[0] not in _WRAPPERS:
        return None
    inner = value[keys[0]]
    inner = parse_json(inner).value if isinstance(inner, str) else inner
    return Wrapped(keys[0], inner) if isinstance(inner, Mapping) else None
