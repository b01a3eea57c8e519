"""Arguments that are one object too deep: inside ``{"arguments": …}``, ``{"parameters": …}`` or a whole call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
        if is_wrapped(case, one):
            words = f"the arguments are inside another object, under {quote(_key(one.value))}"
            return Fail(words, quote(_inner(one.value)), quote(one.value), spans_of([one.call.span]))
    return Pass() if reply.calls else None


def is_wrapped(case: Case, one: CallValidity) -> bool:
    """Whether the arguments of a call break the tool's schema, and an object inside them obeys it."""
    inner = _inner(one.value) if one.violations else None
    if inner is None:
        return False
    schemas = declared_tools(case.request).get(one.call.name or "", ())
    return any(validate(schema, inner).valid for schema in schemas)


def _key(value: Any) -> str:
    """The key of the only object in a value that may be a wrapper; "" if it is none."""
    if not isinstance(value, Mapping):
        return ""
    keys = [key for key in value if key not in _BESIDE]
    return keys[0] if len(keys) == 1 and keys[0] in _WRAPPERS else ""


def _inner(value: Any) -> Mapping[str, Any] | None:
    """The object in a wrapper, which may be JSON text."""
    inner = value[_key(value)] if _key(value) else None
    inner = parse_json(inner).value if isinstance(inner, str) else inner
    return inner if isinstance(inner, Mapping) else None
