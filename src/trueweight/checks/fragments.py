"""Fragments of streamed calls: what clients join them by."""

from __future__ import annotations

from trueweight.checks.evidence import anomalies, fail_on, spans_of
from trueweight.checks.registry import Fail, Pass, Verdict, check
from trueweight.core import Case, Reply, Severity
from trueweight.protocols import Kind


@check(
    "tool-index-present",
    "Every streamed fragment of a call has its index.",
    engine=True,
    row=16,
    source="https://github.com/sgl-project/sglang/issues/5661",
    why="Clients join fragments by index; SDKs raise without it.",
    fix="Send index with every fragment, from 0.",
)
def tool_index_present(_: Case, reply: Reply) -> Verdict | None:
    """Streams with calls."""
    return _streamed(reply, Kind.INDEX_MISSING, expected="index")


@check(
    "tool-index-unique",
    "Parallel streamed calls have an index each.",
    engine=True,
    row=15,
    source="https://github.com/BerriAI/litellm/issues/21331",
    why="Clients that join by index make one broken call of two.",
    fix="Count the calls of a reply.",
)
def tool_index_unique(_: Case, reply: Reply) -> Verdict | None:
    """Two calls under one index."""
    return _streamed(reply, Kind.INDEX_SHARED, expected="one index for each call")


@check(
    "tool-fragment-nulls",
    "Continuing fragments leave out id, type and name instead of sending null.",
    engine=True,
    severity=Severity.SHOULD,
    row=18,
    source="https://github.com/sgl-project/sglang/issues/35542",
    why="Clients that merge fragments overwrite what they had with null.",
    fix="Omit fields that have no value.",
)
def tool_fragment_nulls(_: Case, reply: Reply) -> Verdict | None:
    """After a call's first fragment."""
    return _streamed(reply, Kind.NULL_IN_CONTINUATION, expected="absent fields")


@check(
    "tool-fragment-names",
    "A call's name is sent once, and each fragment belongs to a call.",
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Clients that join fragments double the name.",
    fix="Send the name with the first fragment only.",
)
def tool_fragment_names(_: Case, reply: Reply) -> Verdict | None:
    """Repeated names and fragments of no call."""
    return _streamed(reply, Kind.NAME_REPEATED, Kind.FRAGMENT_ORPHAN, expected="the name once")


@check(
    "arguments-streamed",
    "A call's arguments are streamed as they are made.",
    engine=True,
    severity=Severity.INFO,
    row=19,
    source="https://github.com/ai-dynamo/dynamo/issues/13975",
    why="Interfaces that show a call while it is written show nothing until the end.",
    fix="Let the tool parser pass arguments on as they come.",
)
def arguments_streamed(_: Case, reply: Reply) -> Verdict | None:
    """Long arguments in one chunk, after the name came alone. A call whole in one delta is a healthy style."""
    if not reply.streamed:
        return None
    long = [call for call in reply.tool_calls if call.arguments and len(call.arguments) >= 64]
    late = [call for call in long if call.fragments == 2]
    if late:
        return Fail(
            "the name came early and all arguments in one later chunk", "pieces", "one", spans_of([late[0].span])
        )
    return Pass() if long else None


def _streamed(reply: Reply, *kinds: Kind, expected: str) -> Verdict | None:
    if not reply.streamed or not (reply.tool_calls or anomalies(reply, *kinds)):
        return None
    return fail_on(reply, *kinds, expected=expected) or Pass()
