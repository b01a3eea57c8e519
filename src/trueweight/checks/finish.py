"""Finish reasons: known, and in agreement with what the reply carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.checks.calls import CallProblem, read_arguments
from trueweight.checks.evidence import fail_on, quote, spans_of, whole
from trueweight.checks.registry import Fail, Pass, Verdict, check
from trueweight.core import Case, Reply, Severity
from trueweight.protocols import Kind, locate_field

KNOWN = ("stop", "length", "tool_calls", "content_filter", "function_call")


@check(
    "finish-reason-known",
    "A reply has a finish reason that the API knows.",
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="Clients switch on it; absent or invented ones fall through.",
    fix="Map the engine's reasons to stop, length, tool_calls and content_filter.",
)
def finish_reason_known(_: Case, reply: Reply) -> Verdict | None:
    """A stream without any is for ``stream-complete``."""
    if reply.error is not None or reply.choices == 0 or (reply.streamed and reply.finish_reason is None):
        return None
    if reply.finish_reason in KNOWN:
        return fail_on(reply, Kind.FINISH_BLANK, expected="null until the end") or Pass()
    spans = locate_field(reply, "finish_reason") or whole(reply)
    return Fail("the finish reason is unknown or absent", " | ".join(KNOWN), quote(reply.finish_reason), spans)


@check(
    "finish-reason-agrees",
    "A finish reason of stop comes without tool calls.",
    engine=True,
    row=25,
    source="https://github.com/vllm-project/vllm/issues/25054",
    why="Agents look at the finish reason to know whether to run tools: the calls are never made.",
    fix="Set tool_calls as the reason whenever calls were parsed, in streams too.",
)
def finish_reason_agrees(case: Case, reply: Reply) -> Verdict | None:
    """A call forced by name may end with stop: the API itself does so."""
    if not reply.tool_calls or reply.finish_reason is None or isinstance(case.request.get("tool_choice"), Mapping):
        return None
    if reply.finish_reason == "stop":
        message = f"{len(reply.tool_calls)} tool call(s) under finish reason stop"
        return Fail(message, "tool_calls", "stop", locate_field(reply, "finish_reason"))
    return Pass()


@check(
    "finish-without-calls",
    "A finish reason of tool_calls comes with tool calls.",
    engine=True,
    row=26,
    source="https://github.com/vllm-project/vllm/issues/53255",
    why="Agents wait for a call that never comes, or crash on the empty list.",
    fix="Set the reason from the calls that were sent, not from those that were begun.",
)
def finish_without_calls(_: Case, reply: Reply) -> Verdict | None:
    """Also where the list is there and empty."""
    if reply.finish_reason != "tool_calls":
        return None
    if not reply.tool_calls:
        return Fail("finish reason tool_calls, and no call", "a call", "none", locate_field(reply, "finish_reason"))
    return Pass()


@check(
    "finish-reason-length",
    "A reply that was cut by max_tokens says length.",
    engine=True,
    row=27,
    source="https://github.com/vllm-project/vllm/issues/58228",
    why="Half a call is taken for a whole one and run.",
    fix="Let the length limit win over tool_calls.",
)
def finish_reason_length(case: Case, reply: Reply) -> Verdict | None:
    """Where the limit was reached exactly and the last call's arguments are incomplete."""
    limit, used = token_limit(case.request), reply.usage.completion_tokens if reply.usage else None
    if limit is None or used is None or used < limit or not reply.tool_calls or reply.finish_reason is None:
        return None
    cut = read_arguments(reply, reply.tool_calls[-1]).problem in (
        CallProblem.ARGUMENTS_CUT,
        CallProblem.ARGUMENTS_EMPTY,
    )
    if cut and reply.finish_reason != "length":
        spans = locate_field(reply, "finish_reason")
        return Fail(f"cut at {used} of {limit} tokens", "length", quote(reply.finish_reason), spans)
    return Pass()


@check(
    "finish-once",
    "Nothing follows the finish reason.",
    engine=True,
    severity=Severity.SHOULD,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Clients stop reading a choice there; what follows is lost.",
    fix="Send the finish reason with or after the last delta.",
)
def finish_once(_: Case, reply: Reply) -> Verdict | None:
    """No second reason, and no text or call after it. Usage may follow."""
    return (fail_on(reply, Kind.FINISH_TWICE, Kind.TEXT_AFTER_FINISH) or Pass()) if reply.streamed else None


@check(
    "finish-reason",
    "The finish reason is one that the case expects.",
    on_request=True,
    params={
        "type": "object",
        "properties": {"one_of": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
        "required": ["one_of"],
        "additionalProperties": False,
    },
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="The client's next step depends on it.",
    fix="See how the engine decides why generation ended.",
)
def finish_reason(_: Case, reply: Reply, params: Mapping[str, Any]) -> Verdict | None:
    """None at all is a failure too."""
    if reply.finish_reason in params["one_of"]:
        return Pass()
    spans = locate_field(reply, "finish_reason") or spans_of([reply.events[-1].span] if reply.events else [])
    expected = " | ".join(params["one_of"])
    return Fail("another finish reason than expected", expected, quote(reply.finish_reason), spans)


def token_limit(request: Mapping[str, Any]) -> int | None:
    """The request's limit of completion tokens."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = request.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
