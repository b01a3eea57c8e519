"""What a valid tool call is, and the name of each way not to be one. Used by checks and by measuring alike."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from trueweight.checks.json_schema import Violation, validate
from trueweight.core import Reply, ToolCall
from trueweight.core.request import declared_tools, declared_types
from trueweight.protocols import Kind, parse_json


class CallProblem(StrEnum):
    """The first thing wrong with a call."""

    NAME_MISSING = "name-missing"
    NAME_UNDECLARED = "name-undeclared"
    ARGUMENTS_ABSENT = "arguments-absent"
    ARGUMENTS_NULL = "arguments-null"
    ARGUMENTS_NOT_TEXT = "arguments-not-text"
    ARGUMENTS_EMPTY = "arguments-empty"
    ARGUMENTS_DOUBLED = "arguments-doubled"
    ARGUMENTS_CUT = "arguments-cut"
    ARGUMENTS_NOT_JSON = "arguments-not-json"
    ARGUMENTS_ENCODED_TWICE = "arguments-encoded-twice"
    ARGUMENTS_NOT_AN_OBJECT = "arguments-not-an-object"
    ARGUMENTS_INVALID = "arguments-invalid"


class Arguments(NamedTuple):
    """An arguments text as read: the object it says, or the problem with it and the words for that."""

    value: dict[str, Any] | None
    problem: CallProblem | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class CallValidity:
    """Whether one call is valid: a declared name, arguments that are one JSON object, valid by the tool's schema.

    Attributes:
        valid: None when the tool's own schema cannot be judged by; ``message`` then says why.
        value: the arguments object, where the text says one.
        arguments_problem: what is wrong with the arguments text, even where ``problem`` is about the name.
        violations: breaches of the tool's schema.
    """

    call: ToolCall
    valid: bool | None
    problem: CallProblem | None = None
    message: str = ""
    value: dict[str, Any] | None = None
    arguments_problem: CallProblem | None = None
    violations: tuple[Violation, ...] = ()


def is_custom(request: Mapping[str, Any], call: ToolCall) -> bool:
    """Whether a call is to one of the request's custom tools, which take free text instead of arguments."""
    return call.type == "custom" and "custom" in declared_types(request)


def validity(request: Mapping[str, Any], reply: Reply, *, assert_format: bool = False) -> tuple[CallValidity, ...]:
    """Judge every call of a reply that has arguments, whatever its finish reason says."""
    if not reply.tool_calls:
        return ()
    kept = _recent.get(assert_format)
    if kept is None or kept.request is not request or kept.reply is not reply:
        tools = declared_tools(request)
        calls = [call for call in reply.tool_calls if not is_custom(request, call)]
        judged = tuple(_judge(tools, reply, call, assert_format=assert_format) for call in calls)
        kept = _recent[assert_format] = _Kept(request, reply, judged)
    return kept.judged


class _Kept(NamedTuple):
    request: Mapping[str, Any]
    reply: Reply
    judged: tuple[CallValidity, ...]


# Ten checks ask the same of one reply, one after the other; only the last answer is kept, so nothing can grow.
_recent: dict[bool, _Kept] = {}


def _judge(tools: Mapping[str, Any], reply: Reply, call: ToolCall, *, assert_format: bool) -> CallValidity:
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
    judged = validate(tools[call.name or ""], read.value, assert_format=assert_format)
    if judged.valid is None:
        return CallValidity(call, None, None, judged.reason, read.value)
    if judged.violations:
        worst = judged.violations[0]
        words = f"{worst.path}: {worst.message}"
        return CallValidity(call, False, CallProblem.ARGUMENTS_INVALID, words, read.value, violations=judged.violations)
    return CallValidity(call, True, value=read.value)


def read_arguments(reply: Reply, call: ToolCall) -> Arguments:
    """The object that a call's arguments say, or the name of what they are instead."""
    text = call.arguments
    if text is None:
        return _no_text(reply, call)
    if not text.strip():
        return Arguments(None, CallProblem.ARGUMENTS_EMPTY, f"the arguments are {text[:40]!r} instead of '{{}}'")
    parsed = parse_json(text)
    if not parsed.ok or any(kind is Kind.JSON_NAN for kind, _ in parsed.oddities):
        return _not_json(text, parsed.error or "NaN or Infinity is not JSON")
    if isinstance(parsed.value, dict):
        return Arguments(parsed.value)
    if isinstance(parsed.value, str) and isinstance(parse_json(parsed.value).value, dict):
        return Arguments(None, CallProblem.ARGUMENTS_ENCODED_TWICE, "the arguments are JSON inside a JSON string")
    kind = "null" if parsed.value is None else type(parsed.value).__name__
    return Arguments(None, CallProblem.ARGUMENTS_NOT_AN_OBJECT, f"the arguments are JSON, but {kind}, not an object")


def _no_text(reply: Reply, call: ToolCall) -> Arguments:
    inside = {a.kind for a in reply.anomalies if a.span and call.span and _holds(call, a.span.start, a.span.end)}
    if Kind.ARGUMENTS_NOT_TEXT in inside:
        return Arguments(None, CallProblem.ARGUMENTS_NOT_TEXT, "the arguments are a JSON value instead of JSON text")
    if Kind.ARGUMENTS_NULL in inside:
        return Arguments(None, CallProblem.ARGUMENTS_NULL, "the arguments are null instead of '{}'")
    return Arguments(None, CallProblem.ARGUMENTS_ABSENT, "the arguments never came")


def _holds(call: ToolCall, start: int, end: int) -> bool:
    return call.span is not None and call.span.start <= start and end <= call.span.end


def _not_json(text: str, error: str) -> Arguments:
    if _is_doubled(text):
        return Arguments(None, CallProblem.ARGUMENTS_DOUBLED, "the arguments are two JSON documents in a row")
    if is_cut(text):
        return Arguments(None, CallProblem.ARGUMENTS_CUT, f"the arguments end in the middle, after {text[-40:]!r}")
    return Arguments(None, CallProblem.ARGUMENTS_NOT_JSON, f"the arguments are not JSON: {error}")


def _is_doubled(text: str) -> bool:
    decoder = json.JSONDecoder()
    rest = text.strip()
    count = 0
    while rest and count < 4:
        try:
            value, end = decoder.raw_decode(rest)
        except (ValueError, RecursionError):
            return False
        if not isinstance(value, dict):
            return False
        count += 1
        rest = rest[end:].lstrip()
    return count > 1


def is_cut(text: str) -> bool:
    """Whether a text is the beginning of a JSON object or array that was never closed."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    open_brackets: list[str] = []
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            in_string = True
        elif char in "{[":
            open_brackets.append("}" if char == "{" else "]")
        elif char in "}]" and (not open_brackets or open_brackets.pop() != char):
            return False
    return in_string or bool(open_brackets)
