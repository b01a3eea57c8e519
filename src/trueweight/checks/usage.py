"""Token counts that one reply can show to be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.example import Example, sample_case, says
from trueweight.protocols import locate_noun

_ENOUGH_WORDS = 200


@check(
    "usage-adds-up",
    "Total tokens are prompt plus completion tokens.",
    failure="{cases} had a total that is not prompt plus completion tokens",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=24,
    source="https://github.com/vllm-project/vllm/issues/8625",
    why="A bill by the parts and a bill by the total differ.",
    fix="Count once, and derive the total.",
    example=Example(says("hello", usage=(1, 1), total=9), "9"),
)
def usage_adds_up(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts a total with reasoning tokens counted beside the completion tokens, as some servers count."""
    usage = reply.usage
    if usage is None or None in (usage.input, usage.output, usage.total):
        return None
    parts = (usage.input or 0) + (usage.output or 0)
    if usage.total not in (parts, parts + (usage.reasoning or 0)):
        return Fail(
            "total tokens are not prompt plus completion tokens",
            str(parts),
            str(usage.total),
            locate_noun(reply, "total"),
        )
    return Pass()


@check(
    "usage-not-zero",
    "A reply with text or calls reports at least one prompt token and one completion token.",
    failure="{cases} had text or calls and a count of zero tokens",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://github.com/sgl-project/sglang/issues/954",
    why="Reports show the reply as free and empty.",
    fix="Count what was generated, in streams too.",
    example=Example(says("x", usage=(3, 0)), "0"),
)
def usage_not_zero(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with usage and with text or calls."""
    usage = reply.usage
    if usage is None or not (reply.content or reply.reasoning or reply.calls):
        return None
    zero = [name for name in ("input", "output") if getattr(usage, name) == 0]
    return Fail(f"{' and '.join(zero)} tokens are 0", "> 0", "0", locate_noun(reply, zero[0])) if zero else Pass()


@check(
    "prompt-not-truncated",
    "A prompt has at least as many tokens as English words.",
    failure="The prompt is truncated in {cases}",
    scope=Scope.COMPLETION,
    obeys=True,
    engine=True,
    row=39,
    source="https://github.com/ollama/ollama/issues/4967",
    why="The server dropped the start of the conversation without an error: instructions and facts are lost.",
    fix="Raise the context length, or refuse prompts that do not fit.",
    example=Example(says("x", usage=(99, 1)), "99", says("x", usage=(310, 1)), sample_case(words="word " * 300)),
)
def prompt_not_truncated(case: Case, reply: Reply) -> CheckResult | None:
    """A tokenizer splits at spaces, so a word is at least one token; 20% fewer are accepted for unusual tokenizers."""
    tokens = reply.usage.input if reply.usage else None
    if tokens is None or reply.usage is None:
        return None
    words = _words(case.request.get("messages"))
    if words < _ENOUGH_WORDS:
        return None
    counted = tokens + (reply.usage.cached or 0)
    if counted < 0.8 * words:
        spans = locate_noun(reply, "input")
        return Fail(
            f"the prompt has {words} words, and {counted} tokens are reported", f">= {words}", str(counted), spans
        )
    return Pass()


def _words(messages: Any) -> int:
    """The number of words in the messages' texts that begin with an ASCII letter. Words end at white space."""
    found = 0
    for message in messages if isinstance(messages, list | tuple) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, str):
            found += sum(word[0].isascii() and word[0].isalpha() for word in content.split())
    return found
