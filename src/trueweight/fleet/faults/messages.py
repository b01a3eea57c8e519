"""Faults of messages, plain and streamed, that clients of the Messages API cannot read."""

from __future__ import annotations

import copy
import json
from typing import ClassVar

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.documents import without
from trueweight.fleet.faults.fault import Fault, fault
from trueweight.fleet.faults.messages_stream import MessageEvents

_API = "messages"
_CHAT_WORDS = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length", "stop_sequence": "stop"}


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


@fault("messages-no-model", api=_API, checks=("messages-fields",))
class NoModel(MessageEvents):
    """Messages have neither id nor model."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave both out of message_start."""
        return event | {"message": without(event["message"], "id", "model")} if "message" in event else event

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Leave both out."""
        return without(body, "id", "model")


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


@fault("messages-cached-twice", api=_API, rows=(24,), checks=("usage-cached-once",))
class CachedTwice(MessageEvents):
    """Input tokens include those that were read from the cache, as those of chat completions do."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Count what a stream reads from the cache in both fields."""
        if "message" in event:
            return event | {"message": event["message"] | {"usage": _cached_twice(event["message"]["usage"])}}
        return event | {"usage": _cached_twice(event["usage"])} if "input_tokens" in event.get("usage", {}) else event


def _cached_twice(usage: JsonObject) -> JsonObject:
    return usage | {"cache_read_input_tokens": usage["input_tokens"] * 4 // 5}


@fault("messages-no-call-id", api=_API, checks=("call-id-present",))
class MessagesNoCallId(MessageEvents):
    """Calls have no id."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out of the start of the block."""
        block = event.get("content_block")
        return event if block is None else event | {"content_block": _without_call_id(block)}

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Leave it out of the block."""
        return body | {"content": [_without_call_id(block) for block in body["content"]]}


def _without_call_id(block: JsonObject) -> JsonObject:
    return without(block, "id") if block["type"] == "tool_use" else block


@fault("messages-unsigned", api=_API, checks=("messages-signature",))
class Unsigned(MessageEvents):
    """Thinking blocks have no signature."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out of the stream."""
        if event.get("delta", {}).get("type") == "signature_delta":
            return None
        block = event.get("content_block")
        return event if block is None else event | {"content_block": without(block, "signature")}

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Leave it out of the message."""
        return body | {"content": [without(block, "signature") for block in body["content"]]}


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


@fault("messages-sequence-invented", api=_API, checks=("messages-stop-sequence",))
class SequenceInvented(_Stops):
    """A message that ended by itself names the first stop sequence of its request."""

    def stop(self, chat: ChatRequest, holder: JsonObject) -> None:
        """Name it under end_turn."""
        sequences = chat.sent.get("stop_sequences")
        if sequences and holder["stop_reason"] == "end_turn":
            holder["stop_sequence"] = sequences[0]


@fault("messages-usage-missing", api=_API, checks=("messages-usage",))
class MessagesUsageMissing(MessageEvents):
    """Messages report no usage, plain or streamed."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out of both events."""
        event = without(event, "usage")
        return event | {"message": without(event["message"], "usage")} if "message" in event else event

    def body(self, chat: ChatRequest, body: JsonObject) -> JsonObject:
        """Leave it out."""
        return without(body, "usage")
