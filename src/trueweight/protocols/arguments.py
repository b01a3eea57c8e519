"""Reads the arguments text of a tool call: one JSON object, or the first problem with it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import NamedTuple

from trueweight.core import Reply, ToolCall
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Kind
from trueweight.protocols.fields import json_type
from trueweight.protocols.json_text import parse_json

_LONGEST_READ = 1024 * 1024
"""Longest text whose brackets are counted; of a longer one only the last character is looked at."""


class CallProblem(StrEnum):
    """The first problem with a tool call."""

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
    """The object in an arguments text; or None, the problem, and a message about it."""

    value: JsonObject | None
    problem: CallProblem | None = None
    message: str = ""


def read_arguments(reply: Reply, call: ToolCall) -> Arguments:
    """The object in a call's arguments, or the problem with them."""
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
    message = f"the arguments are JSON, but {json_type(parsed.value)}, not an object"
    return Arguments(None, CallProblem.ARGUMENTS_NOT_AN_OBJECT, message)


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
    """Whether a text is the beginning of a JSON object or array that is not closed."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    if len(text) > _LONGEST_READ:
        return not text.rstrip().endswith(("}", "]"))
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
