"""Output tokens have those of the thought in them, by the rule of each API."""

from __future__ import annotations

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import count_words
from trueweight.core.example import Example, says
from trueweight.core.price import billed_output
from trueweight.protocols import locate_noun

_SOME_WORDS = 30


@check(
    "usage-covers-thought",
    "A reply with a thought has at least as many completion tokens as words, those of the thought included.",
    failure="{cases} had completion tokens without those of the thought",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=24,
    source="https://github.com/vectorize-io/hindsight/issues/4641",
    why="Thoughts are most of what a thinking model generates: a bill, a budget and a speed lack them.",
    fix="Count the tokens of the thought as output tokens.",
    example=Example(
        says("So it is.", reasoning="it may be so " * 20, usage=(10, 5)),
        "5",
        says("So it is.", reasoning="it may be so " * 20, usage=(10, 90)),
    ),
)
def usage_covers_thought(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with one choice and the thought itself, not a summary of it; accepts a fifth less, for unusual
    tokenizers, and reasoning tokens counted beside the completion tokens where the total has them too."""
    usage = reply.usage
    if usage is None or not usage.output or len(reply.choices) != 1 or not reply.choice.reasoning_whole:
        return None
    thought = count_words(reply.thought)
    if thought < _SOME_WORDS:
        return None
    words = thought + count_words(reply.content or "")
    counted = billed_output(usage.input, usage.output, usage.total, usage.reasoning) or 0
    if counted < 0.8 * words:
        found = f"thought and answer have {words} words, and {counted} tokens are reported"
        return Fail(found, f">= {words}", str(counted), locate_noun(reply, "output"))
    return Pass()
