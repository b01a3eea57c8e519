"""Caches that take one request for another, and caches whose answers go bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from trueweight.core import digest
from trueweight.fleet.completion import ChatRequest, Completion, CompletionChoice
from trueweight.fleet.faults.arguments import each_text
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import prompt_tokens

_BLOCK = 16
"""Tokens that a colliding cache compares."""


class _TakesForAnother(Fault):
    """Answers with the completion of the first earlier request that has the same key. Override ``key``."""

    wider: ClassVar[tuple[str, ...]] = ("response_format", "tools", "max_tokens", "n", "logprobs", "stop")
    """Fields in which the two must agree, so that the answer has the shape that was requested."""

    def key(self, body: Mapping[str, Any]) -> Any:
        """What of a request the cache compares; None if it takes no part."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take what is cached for the key."""
        key = self.key(chat.body)
        for earlier in chat.earlier if key is not None else ():
            if self.key(earlier.body) == key and self._alike(chat.body, earlier.body):
                return replace(earlier.completion, prompt_tokens=completion.prompt_tokens)
        return completion

    def _alike(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        return all(digest([one.get(name)]) == digest([other.get(name)]) for name in self.wider)


@fault("cache-collides", checks=("words-of-own-request",))
class CacheCollides(_TakesForAnother):
    """Requests whose first 16 tokens are equal get the answer of the first one."""

    def key(self, body: Mapping[str, Any]) -> Any:
        """The first block of the prompt."""
        return tuple(prompt_tokens(body)[:_BLOCK])


@fault("cache-of-last-message", checks=("words-of-own-request",))
class CacheOfLastMessage(_TakesForAnother):
    """Requests whose last message is equal get the answer of the first one."""

    def key(self, body: Mapping[str, Any]) -> Any:
        """The last message."""
        return digest([body["messages"][-1]])


@fault("cache-without-tools", checks=("words-of-own-request",), reports=("agno#10138",))
class CacheWithoutTools(_TakesForAnother):
    """Requests that differ in their tools alone get the answer of the first one."""

    wider = ("response_format", "max_tokens")

    def key(self, body: Mapping[str, Any]) -> Any:
        """The messages, of a request with tools."""
        return digest(body["messages"]) if body.get("tools") else None


@fault("cache-without-format", checks=("words-of-own-request",), reports=("monitor#233",))
class CacheWithoutFormat(_TakesForAnother):
    """Requests that differ in their response_format alone get the answer of the first one."""

    wider = ("tools", "max_tokens")

    def key(self, body: Mapping[str, Any]) -> Any:
        """The messages, of a request with a format."""
        return digest(body["messages"]) if body.get("response_format") else None


@fault("cache-without-choice", checks=("tool-choice-none",), reports=("autogen#7968",))
class CacheWithoutChoice(_TakesForAnother):
    """Requests that differ in their tool_choice alone get the answer of the first one."""

    def key(self, body: Mapping[str, Any]) -> Any:
        """The messages, of a request with a choice."""
        return digest(body["messages"]) if body.get("tool_choice") else None


@fault("cache-without-images", checks=("words-of-own-request",), reports=("vllm#20261",))
class CacheWithoutImages(_TakesForAnother):
    """Requests that differ in their images alone get the answer of the first one."""

    def key(self, body: Mapping[str, Any]) -> Any:
        """The messages with a placeholder for each image, of a request with one."""
        read = [_without_images(message) for message in body["messages"]]
        return digest(read) if read != list(body["messages"]) else None


def _without_images(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part if part.get("type") == "text" else {"type": "image"} for part in content]}


@fault("cache-overwritten", checks=("words-of-own-request",), reports=("mini-sglang#142",))
class CacheOverwritten(Fault):
    """A request that comes again gets the answer of the latest one that begins like it."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Take the latest answer, if this request was answered before."""
        start, own = _start(chat.body), _question(chat.body)
        alike = [one for one in chat.earlier if _start(one.body) == start]
        if not any(_question(one.body) == own for one in alike):
            return completion
        return replace(alike[-1].completion, prompt_tokens=completion.prompt_tokens)


@fault("cache-goes-bad", checks=("answer-after-others",), reports=("vllm#53912",))
class CacheGoesBad(Fault):
    """A request that comes again is computed from broken values, and its answer is nonsense."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Break what is said, and keep its form."""
        own = _question(chat.body)
        again = any(_question(one.body) == own for one in chat.earlier)
        return each_text(completion, _broken).each(_broken_text) if again else completion


def _broken(text: str) -> str:
    """The beginning, again and again."""
    return (text[:4] * len(text))[: len(text)]


def _broken_text(choice: CompletionChoice) -> CompletionChoice:
    return choice if choice.content is None else replace(choice, content=_broken(choice.content), logprobs=None)


def _start(body: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(prompt_tokens(body)[:_BLOCK])


def _question(body: Mapping[str, Any]) -> str:
    return digest({key: body[key] for key in body if key not in {"model", "stream", "stream_options"}})
