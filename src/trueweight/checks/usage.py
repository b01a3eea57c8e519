"""Token accounting, as far as one reply can show it wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.checks.evidence import fail_on, spans_of, whole
from trueweight.checks.registry import Fail, Pass, Verdict, check
from trueweight.core import Case, Reply, Severity
from trueweight.protocols import Kind, locate_field

_ENOUGH_WORDS = 200


@check(
    "usage-present",
    "A reply reports prompt, completion and total tokens; a stream does when asked by include_usage.",
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Nobody can bill, budget or measure speed without it.",
    fix="Honour stream_options.include_usage, and count in plain replies always.",
)
def usage_present(case: Case, reply: Reply) -> Verdict | None:
    """Every stream asks for usage, but where a case is about not asking."""
    if reply.error is not None or not _answered(reply) or (reply.streamed and not _asks(case)):
        return None
    usage = reply.usage
    if usage is None:
        return Fail("no usage was reported", "usage", "none", whole(reply))
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    missing = [name for name in names if getattr(usage, name) is None]
    if missing:
        return Fail(f"usage lacks {', '.join(missing)}", ", ".join(names), "", locate_field(reply, "usage"))
    return Pass()


@check(
    "usage-once",
    "In a stream usage stands on the last chunk only.",
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="Clients that add up usage count many times over.",
    fix="Send null, or nothing, before the last chunk.",
)
def usage_once(case: Case, reply: Reply) -> Verdict | None:
    """Not for requests that ask for continuous usage."""
    options = case.request.get("stream_options")
    asked = isinstance(options, Mapping) and options.get("continuous_usage_stats")
    if not reply.streamed or reply.usage is None or asked:
        return None
    return fail_on(reply, Kind.USAGE_EVERYWHERE, expected="usage once, at the end") or Pass()


@check(
    "usage-unasked",
    "A stream that did not ask for usage has no chunk for it alone.",
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://platform.openai.com/docs/api-reference/chat-streaming",
    why="The chunk has no choices, and clients that never asked for it read choices[0] of every chunk.",
    fix="Send the chunk with usage and empty choices only where stream_options.include_usage is true.",
)
def usage_unasked(case: Case, reply: Reply) -> Verdict | None:
    """Usage on a chunk that has choices harms nobody, and some servers always send it so."""
    if not reply.streamed or reply.error is not None or _asks(case):
        return None
    alone = [
        event.span
        for event in reply.events
        if isinstance(event.data, dict) and event.data.get("choices") == [] and event.data.get("usage") is not None
    ]
    if alone:
        return Fail("usage came in a chunk without choices, and was not asked for", "none", "usage", spans_of(alone))
    return Pass()


@check(
    "usage-adds-up",
    "Total tokens are prompt plus completion tokens.",
    engine=True,
    severity=Severity.SHOULD,
    row=24,
    source="https://github.com/vllm-project/vllm/issues/8625",
    why="Bills and budgets made of the parts and of the total differ.",
    fix="Count once, and derive the total.",
)
def usage_adds_up(_: Case, reply: Reply) -> Verdict | None:
    """Some count reasoning beside the completion: that total is accepted too."""
    usage = reply.usage
    if usage is None or None in (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens):
        return None
    parts = (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
    if usage.total_tokens not in (parts, parts + (usage.reasoning_tokens or 0)):
        return Fail("the parts do not add up", str(parts), str(usage.total_tokens), locate_field(reply, "total_tokens"))
    return Pass()


@check(
    "usage-not-zero",
    "A reply that says something counts at least one prompt and one completion token.",
    engine=True,
    severity=Severity.SHOULD,
    row=23,
    source="https://github.com/sgl-project/sglang/issues/954",
    why="Zero tokens look like a free, empty answer in every report.",
    fix="Count what was generated, in streams too.",
)
def usage_not_zero(_: Case, reply: Reply) -> Verdict | None:
    """Where usage came and the reply carries text or calls."""
    usage = reply.usage
    if usage is None or not (reply.content or reply.reasoning or reply.tool_calls):
        return None
    zero = [name for name in ("prompt_tokens", "completion_tokens") if getattr(usage, name) == 0]
    return Fail(f"{' and '.join(zero)} 0", "> 0", "0", locate_field(reply, zero[0])) if zero else Pass()


@check(
    "prompt-not-truncated",
    "A prompt has at least as many tokens as English words.",
    obeys=True,
    engine=True,
    row=39,
    source="https://github.com/ollama/ollama/issues/4967",
    why="The start of the conversation was thrown away in silence: instructions and facts are lost.",
    fix="Raise the context length, or refuse prompts that do not fit.",
)
def prompt_not_truncated(case: Case, reply: Reply) -> Verdict | None:
    """A tokenizer splits at spaces, so a word is never less than a token. A fifth is left for odd tokenizers."""
    tokens = reply.usage.prompt_tokens if reply.usage else None
    if tokens is None or reply.usage is None:
        return None
    words = _words(case.request.get("messages"))
    if words < _ENOUGH_WORDS:
        return None
    counted = tokens + (reply.usage.cached_tokens or 0)
    if counted < 0.8 * words:
        spans = locate_field(reply, "prompt_tokens")
        return Fail(f"{words} words were sent, {counted} tokens read", f">= {words}", str(counted), spans)
    return Pass()


def _asks(case: Case) -> bool:
    """Whether the case's streams ask for usage: they do unless it says otherwise."""
    if "stream_options" not in case.request:
        return True
    options = case.request["stream_options"]
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _answered(reply: Reply) -> bool:
    """Whether there is a reply at all, rather than something that is no chat completion."""
    return reply.choices > 0


def _words(messages: Any) -> int:
    """Words in the messages' texts, as spaces part them, that begin with a Latin letter."""
    found = 0
    for message in messages if isinstance(messages, list | tuple) else ():
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, str):
            found += sum(word[0].isascii() and word[0].isalpha() for word in content.split())
    return found
