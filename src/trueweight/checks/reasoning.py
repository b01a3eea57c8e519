"""Reasoning: under its usual name, and never in place of the answer."""

from __future__ import annotations

from trueweight.checks.evidence import fail_on, quote
from trueweight.checks.registry import Fail, Pass, Verdict, check
from trueweight.core import Case, Reply, Severity
from trueweight.read import Kind, locate_field


@check(
    "answer-in-content",
    "A finished reply does not consist of reasoning alone.",
    engine=True,
    row=33,
    source="https://github.com/sgl-project/sglang/issues/37645",
    why="The client shows an empty answer.",
    fix="See whether the reasoning parser waits for an end tag that this model, or this mode, does not write.",
)
def answer_in_content(_: Case, reply: Reply) -> Verdict | None:
    """Where the reply stopped by itself."""
    if not reply.reasoning or reply.finish_reason != "stop":
        return None
    if not (reply.content or "").strip() and not reply.tool_calls and not reply.refusal:
        spans = locate_field(reply, reply.reasoning_field or "reasoning")
        return Fail("reasoning, and no answer", "content or a call", quote(reply.reasoning), spans)
    return Pass()


@check(
    "reasoning-field",
    "Reasoning comes as reasoning_content, once.",
    engine=True,
    severity=Severity.INFO,
    row=35,
    source="https://github.com/vercel/ai/issues/7866",
    why="Clients that know one of the two names see no reasoning under the other.",
    fix="Send reasoning_content, as the models' own APIs do.",
)
def reasoning_field(_: Case, reply: Reply) -> Verdict | None:
    """Both names are in use, so that this is only worth knowing."""
    if reply.reasoning_field is None:
        return None
    if reply.reasoning_field != "reasoning_content":
        spans = locate_field(reply, reply.reasoning_field)
        return Fail("reasoning comes under another name", "reasoning_content", reply.reasoning_field, spans)
    return fail_on(reply, Kind.REASONING_TWO_FIELDS, expected="reasoning_content") or Pass()
