"""The field under which reasoning comes."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, check
from trueweight.core.evidence import fail_on
from trueweight.core.example import Example, says
from trueweight.protocols import IN_CONTENT, Kind, locate_field
from trueweight.protocols.chat.sample import message
from trueweight.protocols.sample import plain


@check(
    "reasoning-field",
    "Reasoning comes as reasoning_content, once.",
    failure="{cases} had reasoning in another field than reasoning_content, or twice",
    protocol="chat",
    engine=True,
    severity=Severity.INFO,
    row=35,
    source="https://github.com/vercel/ai/issues/7866",
    why="Clients that read one of the two names see no reasoning under the other.",
    fix="Send reasoning_content, as the models' own APIs do.",
    example=Example(plain(message(content="x", reasoning="hm")), "reasoning", says("x", reasoning="hm")),
)
def reasoning_field(_: Case, reply: Reply) -> CheckResult | None:
    """INFO only: several names are in use. A thought in the content is for `think-tags-in-content`."""
    if not reply.choice.thinks or reply.reasoning_field in (None, IN_CONTENT):
        return None
    if reply.reasoning_field != "reasoning_content":
        spans = locate_field(reply, str(reply.reasoning_field))
        return Fail(
            "reasoning comes under another name than reasoning_content",
            "reasoning_content",
            str(reply.reasoning_field),
            spans,
        )
    return fail_on(reply, Kind.REASONING_TWO_FIELDS, expected="reasoning_content") or Pass()
