"""The chat template: messages and tools as the tokens that the network reads, and that ``prompt_tokens`` counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from trueweight.fleet import tokenizer


def tools_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every tool of a valid request: those at its top first, then those that its messages declare."""
    inside = [tool for message in body["messages"] for tool in message.get("tools") or ()]
    return [*(body.get("tools") or ()), *inside]


def prompt_tokens(body: Mapping[str, Any]) -> list[int]:
    """The whole prompt, the generation prompt at its end included. Every part of every message counts."""
    tokens: list[int] = []
    if body.get("tools"):
        declared = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in body["tools"])
        tokens += [tokenizer.TOOLS, *_encoded(declared)]
    for message in body["messages"]:
        tokens += _message(message)
    return [*tokens, tokenizer.START, *_encoded("assistant"), tokenizer.SEPARATOR]


def message_text(message: Mapping[str, Any]) -> str:
    """The text of a message, parts joined."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(_part(part) for part in content or ())


def last_user_text(messages: Sequence[Mapping[str, Any]]) -> str:
    """The text of the last user message; empty if there is none."""
    spoken = [message for message in messages if message["role"] in {"user", "_input"}]
    return message_text(spoken[-1]) if spoken else ""


def _part(part: Mapping[str, Any]) -> str:
    return str(part.get("text", "")) if part["type"] == "text" else f"[{part['type']}]"


def _message(message: Mapping[str, Any]) -> list[int]:
    tokens = [tokenizer.START, *_encoded(message["role"])]
    for extra in ("name", "tool_call_id"):
        if message.get(extra):
            tokens += [tokenizer.SEPARATOR, *_encoded(str(message[extra]))]
    tokens.append(tokenizer.SEPARATOR)
    reasoning = message.get("reasoning_content")
    if reasoning:
        tokens += [tokenizer.TEXT, *_encoded(str(reasoning))]
    tokens += _encoded(message_text(message))
    for call in message.get("tool_calls") or ():
        tokens += [tokenizer.CALL, *_encoded(json.dumps(call.get("function", call), ensure_ascii=False))]
    if message.get("tools"):
        tokens += [tokenizer.TOOLS, *_encoded(json.dumps(message["tools"], ensure_ascii=False))]
    return [*tokens, tokenizer.END]


@lru_cache(maxsize=4096)
def _encoded(text: str) -> tuple[int, ...]:
    """Suites repeat their tools and system prompts in request after request."""
    return tuple(tokenizer.encode(text))
