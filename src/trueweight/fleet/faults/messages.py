"""Faults of the Messages API: plain messages and events that its clients cannot read."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest, Completion, ResponseScript, Write
from trueweight.fleet.errors import RefusedError
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.template import prompt_tokens

_API = "messages"
_CHAT_WORDS = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length", "stop_sequence": "stop"}


class _Events(Fault):
    """Changes every event of a stream. Override ``event``; an event for which it returns None is left out."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """The event that is sent in place of one."""
        return event

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Change every event."""
        return [sent for event in copy.deepcopy(chunks) if (sent := self.event(event)) is not None]


class _Stops(Fault):
    """Changes the object that has the stop reason: the plain message, or the delta at the end of a stream."""

    def stop(self, chat: ChatRequest, holder: JsonObject) -> None:
        """Change it in place."""

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Change the message."""
        body = copy.deepcopy(body)
        self.stop(chat, body)
        return body

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Change the delta."""
        chunks = copy.deepcopy(chunks)
        for event in chunks:
            if event["type"] == "message_delta":
                self.stop(chat, event["delta"])
        return chunks


@fault("messages-events-unnamed", api=_API, checks=("messages-event-names",))
class EventsUnnamed(Fault):
    """Events have data and no name, as those of chat completions."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Leave the names out."""
        return [b"\n".join(line for line in frame.split(b"\n") if not line.startswith(b"event:")) for frame in frames]


@fault("messages-deltas-without-index", api=_API, rows=(42,), checks=("messages-event-shape",))
class DeltasWithoutIndex(_Events):
    """Deltas have no index."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out."""
        return {key: event[key] for key in event if key != "index" or event["type"] != "content_block_delta"}


@fault("messages-no-start", api=_API, checks=("messages-event-order",))
class NoStart(_Events):
    """A stream begins with its first block, without message_start."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave the first event out."""
        return None if event["type"] == "message_start" else event


@fault("messages-no-stop", api=_API, rows=(21,), checks=("messages-stream-end",))
class NoStop(_Events):
    """A stream ends without message_stop."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave the last event out."""
        return None if event["type"] == "message_stop" else event


@fault("messages-done-mark", api=_API, rows=(21,), checks=("messages-stream-end",))
class DoneMark(Fault):
    """A stream ends with [DONE] after message_stop, as those of chat completions do."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Add it."""
        return [*frames, b"data: [DONE]\n\n"]


@fault("messages-blocks-unstopped", api=_API, checks=("messages-blocks",))
class BlocksUnstopped(_Events):
    """Blocks start and never stop."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave the stops out."""
        return None if event["type"] == "content_block_stop" else event


@fault("messages-one-index", api=_API, rows=(15,), checks=("messages-blocks",))
class OneIndex(_Events):
    """Every block of a stream has the index 0."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Do not count."""
        return event | {"index": 0} if "index" in event else event


@fault("messages-blocks-overlap", api=_API, checks=("messages-blocks-apart",))
class BlocksOverlap(Fault):
    """All blocks of a stream stop together at its end."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Hold the stops back."""
        stops = [event for event in chunks if event["type"] == "content_block_stop"]
        others = [event for event in chunks if event["type"] != "content_block_stop"]
        return [*others[:-2], *stops, *others[-2:]]


@fault("messages-thought-in-text-block", api=_API, rows=(34,), checks=("messages-delta-type",))
class ThoughtInTextBlock(_Events):
    """The deltas of a thought come in a text block."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Start a text block for the thought; a text block has no signature."""
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "thinking":
            return event | {"content_block": {"type": "text", "text": ""}}
        return None if event.get("delta", {}).get("type") == "signature_delta" else event


@fault("messages-no-model", api=_API, checks=("messages-fields",))
class NoModel(_Events):
    """Messages have neither id nor model."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave both out of message_start."""
        return event | {"message": _bare(event["message"])} if "message" in event else event

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Leave both out."""
        return _bare(body)


def _bare(message: JsonObject) -> JsonObject:
    return {key: message[key] for key in message if key not in ("id", "model")}


@fault("messages-content-as-text", api=_API, checks=("messages-shape",))
class ContentAsText(Fault):
    """The content of a plain message is a text."""

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Join the blocks."""
        return body | {"content": "".join(block.get("text", "") for block in body["content"])}


@fault("messages-input-as-text", api=_API, rows=(8,), checks=("messages-input",))
class InputAsText(Fault):
    """The input of a plain call is JSON text."""

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Pass the arguments of chat completions on."""
        blocks = [
            block | {"input": json.dumps(block["input"])} if block["type"] == "tool_use" else block
            for block in body["content"]
        ]
        return body | {"content": blocks}


@fault("messages-input-at-start", api=_API, rows=(19,), checks=("messages-input",))
class InputAtStart(Fault):
    """The whole input of a streamed call is in the start of its block, and no delta follows."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Join the deltas."""
        joined: dict[int, str] = {}
        for event in chunks:
            if event.get("delta", {}).get("type") == "input_json_delta":
                joined[event["index"]] = joined.get(event["index"], "") + event["delta"]["partial_json"]
        kept = [event for event in chunks if event.get("delta", {}).get("type") != "input_json_delta"]
        return [_with_input(event, joined.get(event.get("index", -1), "")) for event in kept]


def _with_input(event: JsonObject, text: str) -> JsonObject:
    if event["type"] != "content_block_start" or not text:
        return event
    try:
        return event | {"content_block": event["content_block"] | {"input": json.loads(text)}}
    except ValueError:
        return event


@fault("messages-unsigned", api=_API, checks=("messages-signature",))
class Unsigned(_Events):
    """Thinking blocks have no signature."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out of the stream."""
        if event.get("delta", {}).get("type") == "signature_delta":
            return None
        block = event.get("content_block")
        return event if block is None else event | {"content_block": _unsigned(block)}

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Leave it out of the message."""
        return body | {"content": [_unsigned(block) for block in body["content"]]}


def _unsigned(block: JsonObject) -> JsonObject:
    return {key: block[key] for key in block if key != "signature"}


@fault("messages-empty-text-first", api=_API, checks=("messages-empty-text",))
class EmptyTextFirst(Fault):
    """A message begins with a text block without text."""

    _EMPTY: ClassVar[JsonObject] = {"type": "text", "text": ""}

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Add the block."""
        return body | {"content": [self._EMPTY, *body["content"]]}

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Start and stop it, and count on."""
        at = next((n for n, event in enumerate(chunks) if "index" in event), len(chunks) - 2)
        moved = [event | {"index": event["index"] + 1} if "index" in event else event for event in chunks[at:]]
        start = {"type": "content_block_start", "index": 0, "content_block": self._EMPTY}
        return [*chunks[:at], start, {"type": "content_block_stop", "index": 0}, *moved]


@fault("messages-chat-reasons", api=_API, checks=("messages-stop-reason",))
class ChatReasons(_Stops):
    """Stop reasons are the finish reasons of chat completions."""

    def stop(self, chat: ChatRequest, holder: JsonObject) -> None:
        """Pass them on."""
        holder["stop_reason"] = _CHAT_WORDS.get(holder["stop_reason"], holder["stop_reason"])


@fault("messages-end-turn-with-calls", api=_API, rows=(25,), checks=("messages-stop-with-calls",))
class EndTurnWithCalls(_Stops):
    """A message with calls has the stop reason end_turn."""

    def stop(self, chat: ChatRequest, holder: JsonObject) -> None:
        """Write end_turn."""
        if holder["stop_reason"] == "tool_use":
            holder["stop_reason"] = "end_turn"


@fault("messages-start-without-input", api=_API, checks=("messages-start-input",))
class StartWithoutInput(_Events):
    """The start of a streamed call has no input."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out."""
        block = event.get("content_block")
        if block is None:
            return event
        return event | {"content_block": {key: block[key] for key in block if key != "input"}}


@fault("messages-sequence-at-end-turn", api=_API, checks=("messages-stop-sequence",))
class SequenceAtEndTurn(_Stops):
    """A message that a stop sequence ended names it, and has the stop reason end_turn."""

    def stop(self, chat: ChatRequest, holder: JsonObject) -> None:
        """Write end_turn."""
        if holder["stop_reason"] == "stop_sequence":
            holder["stop_reason"] = "end_turn"


@fault("messages-sequence-unreported", api=_API, checks=("messages-stop-reported",))
class SequenceUnreported(_Stops):
    """A message that a stop sequence ended has the stop reason end_turn."""

    def stop(self, chat: ChatRequest, holder: JsonObject) -> None:
        """Forget the sequence."""
        if holder["stop_reason"] == "stop_sequence":
            holder |= {"stop_reason": "end_turn", "stop_sequence": None}


@fault("messages-usage-at-end-only", api=_API, rows=(23,), checks=("messages-usage",))
class UsageAtEndOnly(_Events):
    """The message_start of a stream has no usage."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out."""
        if "message" not in event:
            return event
        return event | {"message": {key: event["message"][key] for key in event["message"] if key != "usage"}}


@fault("messages-usage-zero-at-start", api=_API, rows=(23,), checks=("messages-usage-start",))
class UsageZeroAtStart(_Events):
    """The message_start of a stream counts no input tokens."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Count nothing yet."""
        if "message" not in event:
            return event
        return event | {"message": event["message"] | {"usage": {"input_tokens": 0, "output_tokens": 0}}}


@fault("messages-chat-error", api=_API, checks=("messages-error-object",))
class ChatError(Fault):
    """A refusal has the error object of chat completions."""

    def refusal(self, response: ResponseScript) -> ResponseScript:
        """Pass the error on as it is."""
        body = json.loads(b"".join(step.data for step in response.steps if isinstance(step, Write)))
        message = body.get("error", {}).get("message", "")
        return RefusedError(message, status=response.status).response()


@fault("messages-error-unnamed", api=_API, rows=(22,), checks=("messages-error-event", "error-in-stream"))
class ErrorUnnamed(Fault):
    """The engine fails in the middle of a stream, and the error is an event without a name."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Send the error after half of the events."""
        return [*frames[: len(frames) // 2], b'data: {"error": {"message": "Worker died.", "code": 500}}\n\n']


@fault("messages-overloaded", api=_API, rows=(22,), checks=("error-in-stream",))
class Overloaded(Fault):
    """A stream ends in an overloaded_error, as the API has it, after status 200."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Send the error after half of the events."""
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        return [*chunks[: len(chunks) // 2], error]


@fault("messages-first-system-block", api=_API, rows=(37,), checks=("prompt-tokens-more",))
class FirstSystemBlock(Fault):
    """Of several system blocks only the first is read."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the prompt without the others."""
        first, *others = chat.body["messages"]
        kept = [first, *(message for message in others if message["role"] != "system")]
        return replace(completion, prompt_tokens=len(prompt_tokens({**chat.body, "messages": kept})))


@fault("messages-result-parts-lost", api=_API, rows=(37,), checks=("prompt-tokens-same",))
class ResultPartsLost(Fault):
    """The result of a tool is read if it is a text, and is empty if it is a list of blocks."""

    def completion(self, chat: ChatRequest, completion: Completion) -> Completion:
        """Read the prompt without the blocks."""
        read = [
            {**message, "content": ""}
            if message["role"] == "tool" and isinstance(message["content"], list)
            else message
            for message in chat.body["messages"]
        ]
        return replace(completion, prompt_tokens=len(prompt_tokens({**chat.body, "messages": read})))


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


def _objection(message: str) -> ResponseScript:
    body = json.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": message}}).encode()
    return ResponseScript(400, (("content-type", "application/json"),), (Write(body),))


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
