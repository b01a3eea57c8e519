"""The definition of a valid tool call, for checks and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from trueweight.checks.json_schema import Violation, validate
from trueweight.core import Reply, ToolCall
from trueweight.core.json_value import JsonObject
from trueweight.core.judging import JudgingProblem
from trueweight.core.request import declared_tools, declared_types
from trueweight.protocols.arguments import CallProblem, read_arguments


@dataclass(frozen=True, slots=True)
class CallValidity:
    """Whether one call is valid: a declared name, arguments that are one JSON object, valid by the tool's schema.

    Where several tools have the name, the arguments are valid if the schema of any of them accepts them.

    Attributes:
        valid: None if the tool's schema cannot be evaluated; ``message`` then says why.
        value: the arguments object; None if the text is not one JSON object.
        arguments_problem: what is wrong with the arguments text, also if ``problem`` is about the name.
        violations: breaches of the tool's schema.
        not_judged: why the schema cannot be evaluated.
    """

    call: ToolCall
    valid: bool | None
    problem: CallProblem | None = None
    message: str = ""
    value: JsonObject | None = None
    arguments_problem: CallProblem | None = None
    violations: tuple[Violation, ...] = ()
    not_judged: JudgingProblem | None = None


def is_custom(request: Mapping[str, Any], call: ToolCall) -> bool:
    """Whether a call is to one of the request's custom tools, which take free text instead of arguments."""
    return call.type == "custom" and "custom" in declared_types(request)


def validity(request: Mapping[str, Any], reply: Reply, *, assert_format: bool = False) -> tuple[CallValidity, ...]:
    """The validity of every call of a reply, whatever the finish reason. Calls to custom tools are left out."""
    if not reply.calls:
        return ()
    cached = _recent.get(assert_format)
    if cached is None or cached.request is not request or cached.reply is not reply:
        tools = declared_tools(request)
        calls = [call for call in reply.calls if not is_custom(request, call)]
        judged = tuple(_judge(tools, reply, call, assert_format=assert_format) for call in calls)
        cached = _recent[assert_format] = _Cached(request, reply, judged)
    return cached.judged


class _Cached(NamedTuple):
    request: Mapping[str, Any]
    reply: Reply
    judged: tuple[CallValidity, ...]


# Ten checks need the validity of the same reply, one after the other, so the last one is kept: one per assert_format.
_recent: dict[bool, _Cached] = {}


def _judge(tools: Mapping[str, tuple[Any, ...]], reply: Reply, call: ToolCall, *, assert_format: bool) -> CallValidity:
    read = read_arguments(reply, call)
    name_problem = None
    if not call.name:
        name_problem = CallProblem.NAME_MISSING
    elif call.name not in tools:
        name_problem = CallProblem.NAME_UNDECLARED
    if name_problem is not None:
        words = "the call has no name" if not call.name else f"{call.name[:120]!r} is not among the request's tools"
        return CallValidity(call, False, name_problem, words, read.value, read.problem)
    if read.problem is not None:
        return CallValidity(call, False, read.problem, read.message, None, read.problem)
    schemas, text = tools[call.name or ""], call.arguments or ""
    verdicts = [validate(schema, read.value, assert_format=assert_format, text=text) for schema in schemas]
    # Valid, else not judged, else by the schema that is broken least.
    judged = min(verdicts, key=lambda one: (one.valid is not True, one.valid is not None, len(one.violations)))
    if judged.valid is None:
        return CallValidity(call, None, None, judged.reason, read.value, not_judged=judged.problem)
    if judged.violations:
        worst = judged.violations[0]
        words = f"{worst.path}: {worst.message}"
        return CallValidity(call, False, CallProblem.ARGUMENTS_INVALID, words, read.value, violations=judged.violations)
    return CallValidity(call, True, value=read.value)
