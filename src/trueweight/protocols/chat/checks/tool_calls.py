"""Tool calls in chat completions: their type, and the fields by which clients join streamed fragments."""

from __future__ import annotations

from typing import Final

from trueweight.core import Case, Reply, Severity, ToolCall
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import anomalies, fail_on, quote, spans_of
from trueweight.core.example import SAMPLE_CALL, Example
from trueweight.core.request import declared_types
from trueweight.protocols import Kind
from trueweight.protocols.arguments import values_in_row
from trueweight.protocols.chat.sample import STREAMED_CALL, call, fragment, message, parts
from trueweight.protocols.sample import plain

_MOST_CALLS: Final = 32
"""Calls of one reply whose arguments are looked for in one text."""


@check(
    "tool-index-present",
    "Every streamed fragment of a call has its index.",
    failure="{cases} had a streamed fragment of a call without its index",
    protocol="chat",
    engine=True,
    row=16,
    source="https://github.com/sgl-project/sglang/issues/5661",
    why="Clients join fragments by index; SDKs raise without it.",
    fix="Send index with every fragment, from 0.",
    example=Example(parts(fragment(None, "now", "{}", id="a")), "now", STREAMED_CALL),
)
def tool_index_present(_: Case, reply: Reply) -> CheckResult | None:
    """Judges streams with calls."""
    return _streamed(reply, Kind.INDEX_MISSING, expected="index")


@check(
    "tool-index-unique",
    "Parallel streamed calls have an index each.",
    failure="{cases} had parallel calls with the same index in a stream",
    protocol="chat",
    engine=True,
    row=15,
    explains=(
        "call-after-empty-call",
        "tool-arguments-empty-object",
        "tool-arguments-json",
        "tool-arguments-once",
        "tool-arguments-required",
        "tool-call-matches",
    ),
    source="https://github.com/BerriAI/litellm/issues/21331",
    why="Clients that join by index make one broken call of two.",
    fix="Number the calls of a reply from 0.",
    example=Example(parts(fragment(0, "now", "{}", id="a"), fragment(0, "now", "{}", id="bb")), "bb", STREAMED_CALL),
)
def tool_index_unique(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on two calls under one index, and on a call that has the arguments of calls whose own are empty."""
    empty = [call for call in reply.calls if not call.arguments] if reply.streamed else []
    mixed = next((call for call in reply.calls if _has_arguments_of(call, 1 + len(empty))), None) if empty else None
    if mixed is not None:
        words = f"the arguments of {len(empty) + 1} calls have the index of one of them"
        return Fail(words, "one index for each call", quote(mixed.arguments), spans_of([mixed.span]))
    return _streamed(reply, Kind.INDEX_SHARED, expected="one index for each call")


def _has_arguments_of(call: ToolCall, count: int) -> bool:
    """Whether the arguments of a call are those of so many calls: JSON objects in a row."""
    values = values_in_row(call.arguments or "", count + 1) if count <= _MOST_CALLS else []
    return len(values) == count and all(isinstance(value, dict) for value in values)


@check(
    "tool-fragment-nulls",
    "Continuing fragments leave out id, type and name instead of sending null.",
    failure="{cases} had fragments that continue a call with a null id, type or name",
    protocol="chat",
    engine=True,
    severity=Severity.SHOULD,
    row=18,
    source="https://github.com/sgl-project/sglang/issues/35542",
    why="Clients that merge fragments overwrite earlier values with null.",
    fix="Omit fields that have no value.",
    example=Example(parts(fragment(0, "now", "{", id="a"), fragment(0, None, "}", id=None)), "null", STREAMED_CALL),
)
def tool_fragment_nulls(_: Case, reply: Reply) -> CheckResult | None:
    """Judges all fragments but the first of a call."""
    return _streamed(reply, Kind.NULL_IN_CONTINUATION, expected="absent fields")


@check(
    "tool-fragment-names",
    "A call's name is sent once, before its arguments, and each fragment belongs to a call.",
    failure="{cases} had a call's name twice, late or as null in text, or a fragment of no call",
    protocol="chat",
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Clients that join fragments double the name.",
    fix="Send the name with the first fragment only.",
    example=Example(parts(fragment(0, "now", "{", id="a"), fragment(0, "now", "}")), "now", STREAMED_CALL),
)
def tool_fragment_names(_: Case, reply: Reply) -> CheckResult | None:
    """Fails on repeated names, on one that comes after arguments, and on fragments that continue no call."""
    return _streamed(reply, Kind.NAME_REPEATED, Kind.NAME_LATE, Kind.FRAGMENT_ORPHAN, expected="the name once")


@check(
    "call-type",
    "Every call has a type: function, or the type of another tool of the request.",
    failure="{cases} had a call without a type, or of a type that the request does not have",
    protocol="chat",
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.openai.com/docs/guides/function-calling",
    why="Typed clients choose by it.",
    fix='Send "type": "function" with the call\'s name.',
    example=Example(plain(message(tool_calls=[call("now", type="tool")])), '"tool"', SAMPLE_CALL),
)
def call_type(case: Case, reply: Reply) -> CheckResult | None:
    """Custom tools have the type custom, and some model families have other types for tools that the server runs."""
    known = declared_types(case.request)
    wrong = [call for call in reply.calls if call.type not in known]
    if wrong:
        return Fail("a call has an unknown type", "function", quote(wrong[0].type), spans_of(c.span for c in wrong))
    return Pass() if reply.calls else None


def _streamed(reply: Reply, *kinds: Kind, expected: str) -> CheckResult | None:
    if not reply.streamed or not (reply.calls or anomalies(reply, *kinds)):
        return None
    return fail_on(reply, *kinds, expected=expected) or Pass()
