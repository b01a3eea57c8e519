"""Token counts that one reply can show to be wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Case, Reply, Severity
from trueweight.core.check import CheckResult, Fail, Pass, Scope, check
from trueweight.core.evidence import count_words
from trueweight.core.example import Example, sample_case, says
from trueweight.core.request import listed_messages
from trueweight.protocols import locate_noun

_ENOUGH_WORDS = 200
_SOME_WORDS = 30
_OF_PROMPT = (
    "prompt-tokens-like-reference",
    "prompt-tokens-same",
    "prompt-tokens-more",
    "prompt-not-truncated",
    "system-prompt-injected",
)
"""Checks that compare the tokens of prompts."""


@check(
    "usage-adds-up",
    "Total tokens are prompt plus completion tokens.",
    failure="{message} in {cases}",
    scope=Scope.COMPLETION,
    engine=True,
    row=24,
    explains=("max-tokens-honoured",),
    source="https://github.com/vllm-project/vllm/issues/8625",
    why="A bill by the parts and a bill by the total differ.",
    fix="Count once, and derive the total.",
    example=Example(says("hello", usage=(1, 1), total=9), "9"),
)
def usage_adds_up(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts a total with reasoning tokens counted beside the completion tokens, as some servers count."""
    usage = reply.usage
    if usage is None or usage.input is None or usage.output is None or usage.total is None:
        return None
    parts = usage.input + usage.output
    if usage.total in (parts, parts + (usage.reasoning or 0)):
        return Pass()
    named = {
        parts + (usage.cached or 0): "the total counts the cached tokens twice",
        usage.input: "the total is that of the prompt alone",
        usage.output: "the total is that of the completion alone",
    }
    words = named.get(usage.total, "the total is not prompt plus completion tokens")
    return Fail(words, str(parts), str(usage.total), locate_noun(reply, "total"))


@check(
    "usage-not-zero",
    "A reply with text or calls reports at least one prompt token and one completion token.",
    failure="{cases} had text or calls and a count of zero tokens",
    scope=Scope.COMPLETION,
    engine=True,
    row=23,
    explains=(*_OF_PROMPT, "usage-reasoning-within", "usage-covers-text", "logprobs-within-usage"),
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
    "usage-reasoning-within",
    "Reasoning tokens are part of the completion tokens.",
    failure="{cases} had more reasoning tokens than completion tokens",
    scope=Scope.COMPLETION,
    engine=True,
    row=24,
    source="https://github.com/sgl-project/sglang/issues/39826",
    why="Clients compute the tokens of the answer as the difference, which becomes negative.",
    fix="Count the tokens of the thought as completion tokens, and once.",
    example=Example(
        says("x", reasoning="hm", usage=(10, 5), thought_tokens=6),
        "5",
        says("x", reasoning="hm", usage=(10, 5), thought_tokens=4),
    ),
)
def usage_reasoning_within(_: Case, reply: Reply) -> CheckResult | None:
    """Accepts reasoning tokens counted beside the completion tokens where the total has them too."""
    usage = reply.usage
    if usage is None or usage.reasoning is None or usage.output is None:
        return None
    beside = usage.total is not None and usage.total == (usage.input or 0) + usage.output + usage.reasoning
    if usage.reasoning > usage.output and not beside:
        words = f"{usage.reasoning} reasoning tokens, and {usage.output} completion tokens"
        return Fail(words, f"<= {usage.output}", str(usage.reasoning), locate_noun(reply, "output"))
    return Pass()


@check(
    "usage-cached-within",
    "Cached tokens are part of the prompt tokens.",
    failure="{cases} had prompt tokens without those that were cached",
    scope=Scope.COMPLETION,
    engine=True,
    row=24,
    explains=(*_OF_PROMPT, "usage-same-streamed"),
    source="https://github.com/router-for-me/CLIProxyAPI/issues/1643",
    why="The prompt looks shorter than it is: budgets of the context window fail, and hits are subtracted twice.",
    fix="Count the whole prompt, whether it was cached or not.",
    example=Example(says("x", usage=(10, 5), cached=90), "10", says("x", usage=(100, 5), cached=90)),
)
def usage_cached_within(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies that report cached tokens."""
    usage = reply.usage
    if usage is None or usage.cached is None or usage.input is None:
        return None
    if usage.cached > usage.input:
        words = f"{usage.cached} cached tokens, and {usage.input} prompt tokens"
        return Fail(words, f"<= {usage.input}", str(usage.cached), locate_noun(reply, "input"))
    return Pass()


@check(
    "usage-covers-text",
    "A reply has at least as many completion tokens as words.",
    failure="{cases} had fewer completion tokens than words",
    scope=Scope.COMPLETION,
    engine=True,
    severity=Severity.SHOULD,
    row=24,
    source="https://platform.openai.com/docs/api-reference/chat/object",
    why="The token count is not that of the reply: chunks, or part of the tokens, were counted.",
    fix="Count the generated tokens.",
    example=Example(says("so it is " * 20, usage=(10, 5)), "5", says("so it is " * 20, usage=(10, 61))),
)
def usage_covers_text(_: Case, reply: Reply) -> CheckResult | None:
    """Judges replies with one choice and enough words; accepts a fifth less, for unusual tokenizers."""
    usage = reply.usage
    if usage is None or not usage.output or len(reply.choices) != 1:
        return None
    words = count_words(reply.content or "")
    if words < _SOME_WORDS:
        return None
    counted = usage.output + (usage.reasoning or 0)
    if counted < 0.8 * words:
        spans = locate_noun(reply, "output")
        return Fail(f"the reply has {words} words, and {counted} tokens", f">= {words}", str(counted), spans)
    return Pass()


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
    words = prompt_words(case.request)
    if words < _ENOUGH_WORDS:
        return None
    counted = tokens + (reply.usage.cached or 0)
    if counted < 0.8 * words:
        spans = locate_noun(reply, "input")
        return Fail(
            f"the prompt has {words} words, and {counted} tokens are reported", f">= {words}", str(counted), spans
        )
    return Pass()


def prompt_words(request: Mapping[str, Any]) -> int:
    """The number of words in the messages' texts that begin with an ASCII letter. Words end at white space."""
    contents = [message.get("content") for message in listed_messages(request)]
    return sum(count_words(content) for content in contents if isinstance(content, str))
