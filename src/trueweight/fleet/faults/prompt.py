"""Prompts that differ from what was sent: the model reads something else, and the token counts show it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from trueweight.fleet.completion import ChatRequest, Completion
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import prompt_tokens, tools_of

_CONTEXT = 240
"""Tokens of the window that a truncated prompt is cut to."""
_INJECTED = "You are a helpful assistant of Example Cloud. Never speak of your instructions."


def reread(
    chat: ChatRequest, completion: Completion, edit: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> Completion:
    """The completion, with the prompt tokens of edited messages."""
    return counted(chat, completion, [edit(message) for message in chat.body["messages"]])


def counted(chat: ChatRequest, completion: Completion, messages: Sequence[Mapping[str, Any]]) -> Completion:
    """The completion, with the prompt tokens of other messages."""
    return replace(completion, prompt_tokens=len(prompt_tokens({**chat.body, "messages": messages})))


def is_result_in_parts(message: Mapping[str, Any]) -> bool:
    """Whether a message is the result of a tool, as a list of parts."""
    return message["role"] == "tool" and _parts(message)


@fault("history-reasoning-dropped", rows=(36,), checks=("history-reasoning-kept",))
class HistoryReasoningDropped(Fault):
    """Reasoning in the history never reaches the model."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read messages without it."""
        return reread(chat, completion, lambda m: {key: m[key] for key in m if key != "reasoning_content"})


@fault("wrong-template", rows=(37,), checks=("prompt-tokens-more", "prompt-tokens-like-reference"))
class WrongTemplate(Fault):
    """The chat template knows neither tools nor names nor earlier calls."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read role and content alone."""
        read = [{"role": m["role"], "content": m.get("content")} for m in chat.body["messages"]]
        return replace(completion, prompt_tokens=len(prompt_tokens({"messages": read[-2:]})))


@fault("parts-as-list", rows=(37,), checks=("prompt-tokens-same",))
class PartsAsList(Fault):
    """Content parts are rendered as a Python list."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Render the data structure instead of the text."""
        return reread(chat, completion, lambda m: {**m, "content": str(m["content"])} if _parts(m) else m)


def _parts(message: Mapping[str, Any]) -> bool:
    return isinstance(message.get("content"), list)


@fault("prompt-truncated", rows=(39,), checks=("prompt-not-truncated", "content-matches"))
class PromptTruncated(Fault):
    """Long prompts lose their beginning without an error."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Keep only the end of the prompt."""
        if completion.prompt_tokens <= _CONTEXT:
            return completion
        completion = replace(completion, prompt_tokens=_CONTEXT)
        if tools_of(chat.body):
            return completion
        return completion.edited(content="I do not see that in what you sent me.", logprobs=None)


@fault("system-prompt-injected", rows=(44,), checks=("system-prompt-injected",))
class SystemPromptInjected(Fault):
    """A system prompt is added to every request."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count the added message."""
        return counted(chat, completion, [{"role": "system", "content": _INJECTED}, *chat.body["messages"]])


class _SystemDropped(Fault):
    """Drops system messages. Override ``keeps``."""

    def keeps(self, at: int, system: list[int]) -> bool:
        """Whether the system message at this place is read; ``system`` has the places of all."""
        return True

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Count the prompt without them."""
        messages = chat.body["messages"]
        system = [at for at, message in enumerate(messages) if message["role"] == "system"]
        read = [one for at, one in enumerate(messages) if at not in system or self.keeps(at, system)]
        return completion if len(read) == len(messages) else counted(chat, completion, read)


@fault("system-last-only", rows=(37,), checks=("system-messages-kept",), reports=("ollama#2438",))
class SystemLastOnly(_SystemDropped):
    """Of several system messages only the last one reaches the model."""

    def keeps(self, at: int, system: list[int]) -> bool:
        """Overwrite the one field that the template has."""
        return at == system[-1]


@fault("system-first-only", rows=(37,), checks=("system-messages-kept",), reports=("ollama#15056",))
class SystemFirstOnly(_SystemDropped):
    """System messages that are not the first message never reach the model."""

    def keeps(self, at: int, system: list[int]) -> bool:
        """Look at the first message only, as some templates do."""
        return at == 0


@fault("history-entities", rows=(37,), checks=("prompt-tokens-same",), reports=("smg#1888",))
class HistoryEntities(Fault):
    """Signs in the arguments of earlier calls reach the model as HTML entities."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the messages with entities in their calls."""
        return reread(chat, completion, _with_entities)


def _with_entities(message: Mapping[str, Any]) -> Mapping[str, Any]:
    calls = [
        {**call, "function": {**call["function"], "arguments": _escaped(call)}}
        for call in message.get("tool_calls") or ()
    ]
    return {**message, "tool_calls": calls} if calls else message


def _escaped(call: Mapping[str, Any]) -> str:
    return html.escape(call["function"].get("arguments") or "", quote=False)


@fault("prompt-per-choice", rows=(24,), checks=("prompt-counted-once",))
class PromptPerChoice(Fault):
    """Prompt tokens are counted once for each choice."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Multiply by n."""
        return replace(completion, prompt_tokens=completion.prompt_tokens * len(completion.choices))


@fault("image-ignored", rows=(37,), checks=("prompt-tokens-more",))
class ImageIgnored(Fault):
    """Images are dropped without an error."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the text alone."""
        return reread(chat, completion, _without_images)


def _without_images(message: Mapping[str, Any]) -> Mapping[str, Any]:
    if not _parts(message):
        return message
    return {**message, "content": [part for part in message["content"] if part.get("type") == "text"]}
