"""Faults of the events that the Messages API streams."""

from __future__ import annotations

import copy
import json

from trueweight.core.json_value import JsonObject
from trueweight.fleet.completion import ChatRequest
from trueweight.fleet.faults.documents import without
from trueweight.fleet.faults.fault import Fault, fault

_API = "messages"


class MessageEvents(Fault):
    """Changes every event of a stream. Override ``event``; an event for which it returns None is left out."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """The event that is sent in place of one."""
        return event

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Change every event."""
        return [sent for event in copy.deepcopy(chunks) if (sent := self.event(event)) is not None]


@fault("messages-events-unnamed", api=_API, checks=("messages-event-names",))
class EventsUnnamed(Fault):
    """Events have data and no name, as those of chat completions."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Leave the names out."""
        return [b"\n".join(line for line in frame.split(b"\n") if not line.startswith(b"event:")) for frame in frames]


@fault("messages-deltas-without-index", api=_API, rows=(42,), checks=("messages-event-shape",))
class DeltasWithoutIndex(MessageEvents):
    """Deltas have no index."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out."""
        return without(event, "index") if event["type"] == "content_block_delta" else event


@fault("messages-no-start", api=_API, checks=("messages-event-order",))
class NoStart(MessageEvents):
    """A stream begins with its first block, without message_start."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave the first event out."""
        return None if event["type"] == "message_start" else event


@fault("messages-no-stop", api=_API, rows=(21,), checks=("messages-stream-end",))
class NoStop(MessageEvents):
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
class BlocksUnstopped(MessageEvents):
    """Blocks start and never stop."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave the stops out."""
        return None if event["type"] == "content_block_stop" else event


@fault("messages-one-index", api=_API, rows=(15,), checks=("messages-blocks",))
class OneIndex(MessageEvents):
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


@fault("messages-text-cumulative", api=_API, rows=(10,), checks=("messages-text-once",))
class MessagesTextCumulative(Fault):
    """Each delta of a text has all text so far."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Send the text so far instead of what is new."""
        out, so_far = copy.deepcopy(chunks), ""
        for event in out:
            if event.get("delta", {}).get("type") == "text_delta":
                so_far += event["delta"]["text"]
                event["delta"]["text"] = so_far
        return out


@fault("messages-thought-in-text-block", api=_API, rows=(34,), checks=("messages-delta-type",))
class ThoughtInTextBlock(MessageEvents):
    """The deltas of a thought come in a text block."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Start a text block for the thought; a text block has no signature."""
        if event["type"] == "content_block_start" and event["content_block"]["type"] == "thinking":
            return event | {"content_block": {"type": "text", "text": ""}}
        return None if event.get("delta", {}).get("type") == "signature_delta" else event


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


@fault("messages-start-without-input", api=_API, checks=("messages-start-input",))
class StartWithoutInput(MessageEvents):
    """The start of a streamed call has no input."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out."""
        block = event.get("content_block")
        return event if block is None else event | {"content_block": without(block, "input")}


@fault("messages-usage-at-end-only", api=_API, rows=(23,), checks=("messages-usage",))
class UsageAtEndOnly(MessageEvents):
    """The message_start of a stream has no usage."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Leave it out."""
        return event | {"message": without(event["message"], "usage")} if "message" in event else event


@fault("messages-usage-zero-at-start", api=_API, rows=(23,), checks=("messages-usage-start",))
class UsageZeroAtStart(MessageEvents):
    """The message_start of a stream counts no input tokens."""

    def event(self, event: JsonObject) -> JsonObject | None:
        """Count nothing yet."""
        if "message" not in event:
            return event
        return event | {"message": event["message"] | {"usage": {"input_tokens": 0, "output_tokens": 0}}}


def _ping_at(chunks: list[JsonObject], delta: str) -> int:
    """The place behind the first delta of a type; -1 if the stream has none."""
    places = (at for at, event in enumerate(chunks) if event.get("delta", {}).get("type") == delta)
    return next(places, -2) + 1


@fault("messages-ping-as-delta", api=_API, checks=("messages-delta-type",))
class PingAsDelta(Fault):
    """A ping in the middle of a text is a delta of its block."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Send it after the first delta."""
        at = _ping_at(chunks, "text_delta")
        if at < 0:
            return chunks
        return [*chunks[:at], chunks[at - 1] | {"delta": {"type": "ping"}}, *chunks[at:]]


@fault("messages-ping-in-input", api=_API, rows=(19,), checks=("tool-arguments-json",))
class PingInInput(Fault):
    """A ping in the middle of a call is written into the JSON of its input."""

    def chunks(self, chat: ChatRequest, chunks: list[JsonObject]) -> list[JsonObject]:
        """Send it after the first delta."""
        at = _ping_at(chunks, "input_json_delta")
        if at < 0:
            return chunks
        ping = {"type": "input_json_delta", "partial_json": "\nevent: ping\n"}
        return [*chunks[:at], chunks[at - 1] | {"delta": ping}, *chunks[at:]]


@fault("messages-ping-splits-event", api=_API, rows=(42,), checks=("messages-event-shape",))
class PingSplitsEvent(Fault):
    """A ping is written while another event is half written."""

    def frames(self, chat: ChatRequest, frames: list[bytes]) -> list[bytes]:
        """Write it in the middle of the event after the first one."""
        if len(frames) < 3:
            return frames
        half = len(frames[1]) // 2 + len(frames[1]) // 4
        ping = b'event: ping\ndata: {"type": "ping"}\n\n'
        return [frames[0], frames[1][:half] + ping + frames[1][half:], *frames[2:]]


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
