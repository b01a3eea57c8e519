"""Faults of what a server of the Messages API takes, reads and counts of a request."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from trueweight.core.json_value import JsonObject
from trueweight.fleet.apis.messages import MessagesServed
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript, Write
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.faults.prompt import counted, is_result_in_parts, reread

_API = "messages"


@fault("messages-chat-error", api=_API, checks=("messages-error-object",))
class ChatError(Fault):
    """A refusal has the error object of chat completions."""

    def refusal(self, response: ResponseScript) -> ResponseScript:
        """Pass the error on as it is."""
        body = json.loads(b"".join(step.data for step in response.steps if isinstance(step, Write)))
        message = body.get("error", {}).get("message", "")
        return RefusedError(message, status=response.status).response()


@fault("messages-first-system-block", api=_API, rows=(37,), checks=("system-messages-kept",))
class FirstSystemBlock(Fault):
    """Of several system blocks only the first is read."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the prompt without the others."""
        first, *others = chat.body["messages"]
        kept = [first, *(message for message in others if message["role"] != "system")]
        return counted(chat, completion, kept)


@fault("messages-result-parts-lost", api=_API, rows=(37,), checks=("prompt-tokens-same",))
class ResultPartsLost(Fault):
    """The result of a tool is read if it is a text, and is empty if it is a list of blocks."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the prompt without the blocks."""
        return reread(chat, completion, lambda m: {**m, "content": ""} if is_result_in_parts(m) else m)


@fault("messages-refuses-thoughts", api=_API, rows=(36,), checks=("request-accepted",))
class RefusesThoughts(Fault):
    """Thinking blocks in the history are refused."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 400."""
        return _objection("Input should be 'text' or 'tool_use'.") if "thinking" in _kinds(chat) else None


@fault("messages-refuses-cache-control", api=_API, checks=("request-accepted",))
class RefusesCacheControl(Fault):
    """Blocks with cache_control are refused."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 400."""
        return _objection("Invalid block.") if '"cache_control"' in json.dumps(chat.sent) else None


@fault("messages-refuses-system", api=_API, checks=("request-accepted",))
class RefusesSystem(Fault):
    """A system prompt is refused."""

    def refuse(self, chat: ChatRequest) -> ResponseScript | None:
        """Send a 400."""
        return _objection("Bad request.") if "system" in chat.sent else None


@fault("messages-forced-tool-as-text", api=_API, rows=(28,), checks=("tool-choice-required",))
class ForcedToolAsText(Fault):
    """The input of a tool that is forced by name comes as a text, under the stop reason end_turn."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Constrain the text by the tool's schema, and do not make a call of it."""
        if not isinstance(chat.body.get("tool_choice"), dict):
            return completion
        choices = tuple(
            replace(one, content=one.calls[0].arguments, calls=(), finish_reason="stop") if one.calls else one
            for one in completion.choices
        )
        return replace(completion, choices=choices)


def _objection(message: str) -> ResponseScript:
    return MessagesServed().refusal(RefusedError(message))


def _kinds(chat: ChatRequest) -> Iterable[str]:
    """The types of all blocks in the messages as they were sent."""
    contents = [message["content"] for message in chat.sent["messages"]]
    return {block["type"] for content in contents if isinstance(content, list) for block in content}


@fault("count-by-characters", api="count-tokens", rows=(24,), checks=("count-tokens-agree",))
class CountByCharacters(Fault):
    """The count of a prompt's tokens is a tenth of the bytes of the request."""

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Guess."""
        return {"input_tokens": max(1, len(json.dumps(chat.sent)) // 10)}


@fault("count-renamed", api="count-tokens", checks=("count-tokens-shape",))
class CountRenamed(Fault):
    """The count of a prompt's tokens has another name."""

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Use that of chat completions."""
        return {"prompt_tokens": body["input_tokens"]}
