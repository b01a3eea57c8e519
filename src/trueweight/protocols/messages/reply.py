"""Reads a message of the Messages API, plain or from the events of a stream, as a choice. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trueweight.core import Choice, Finish, Span
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.fields import as_array, as_index, as_object, as_text
from trueweight.protocols.messages.blocks import BlockBuilder, located_blocks
from trueweight.protocols.messages.usage import UsageCounts
from trueweight.protocols.reading import Assembler
from trueweight.protocols.sse import SseEvent

FINISHES: Final[Mapping[str, Finish]] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.CALLS,
    "refusal": Finish.FILTER,
    "pause_turn": Finish.OTHER,
    "compaction": Finish.OTHER,
}
"""The stop reasons of the API, and what each means."""
END: Final = "message_stop"
_SHORT: Final = 200
"""Characters of an event without a name that may be the last one of a stream."""


class MessageAssembler(Assembler):
    """Joins the message of one body."""

    end = END

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        super().__init__(anomalies, streamed=streamed)
        self._blocks = BlockBuilder(anomalies, streamed=streamed)
        self._counts = UsageCounts()
        self._message = False
        self._stop_reason: str | None = None

    def is_end(self, event: SseEvent) -> bool:
        """Whether it is ``message_stop``, by its name or, without one, by its type."""
        return event.name == END or (not event.name and len(event.data) < _SHORT and f'"{END}"' in event.data)

    def choices(self) -> tuple[Choice, ...]:
        """The one choice; none if no message began."""
        if not self._message:
            return ()
        reasoning, reason = self._blocks.reasoning(), self._stop_reason
        choice = Choice(
            content=self._blocks.content(),
            reasoning=reasoning,
            pieces=self._blocks.pieces(),
            calls=self._blocks.calls(),
            finish=None if reason is None else FINISHES.get(reason, Finish.OTHER),
            finish_text=reason,
            reasoning_field=None if reasoning is None else "thinking",
            reasoning_whole=not self._blocks.redacted(),
        )
        return (choice,)

    def add(self, document: JsonObject, span: Span, body: bytes | None) -> None:
        """Take one message or event."""
        self.take_error(document)
        if body is not None or document.get("type") == "message":
            self._take_plain(document, span, body)
            return
        index = as_index(document.get("index"))
        match document.get("type"):
            case "message_start":
                self._take_message(as_object(document.get("message"), "message", span, self.anomalies) or {}, span)
            case "content_block_start":
                self._message = True
                self._blocks.start(document.get("content_block"), index, span, ("content_block",))
            case "content_block_delta":
                self._message = True
                if self._blocks.add(document.get("delta"), index, span) and self._stop_reason is not None:
                    self.anomalies.add(Kind.TEXT_AFTER_FINISH, span=span)
            case "message_delta":
                delta = as_object(document.get("delta"), "delta", span, self.anomalies) or {}
                self._take_stop(delta, span)
                self._take_usage(document, span)

    def _take_plain(self, document: JsonObject, span: Span, body: bytes | None) -> None:
        if "content" not in document and document.get("type") != "message":
            return
        self._take_message(document, span)
        located = {} if body is None else located_blocks(body)
        content = as_array(document.get("content"), "content", span, self.anomalies)
        for at, block in enumerate(content):
            self._blocks.start(block, None, span, ("content", at), located=located.get(at))

    def _take_message(self, message: JsonObject, span: Span) -> None:
        self._message = True
        self.response_id = self.response_id or as_text(message.get("id"), "id", span, self.anomalies)
        self.model = self.model or as_text(message.get("model"), "model", span, self.anomalies)
        self._take_stop(message, span)
        self._take_usage(message, span)

    def _take_stop(self, holder: JsonObject, span: Span) -> None:
        reason = as_text(holder.get("stop_reason"), "stop_reason", span, self.anomalies)
        if reason == "":
            self.anomalies.add(Kind.FINISH_BLANK, span=span)
        elif reason is not None:
            if self._stop_reason is not None:
                self.anomalies.add(Kind.FINISH_TWICE, f"{self._stop_reason!r}, then {reason!r}", span)
            self._stop_reason = reason

    def _take_usage(self, holder: JsonObject, span: Span) -> None:
        self._counts.take(holder.get("usage"), span, self.anomalies)
        self.usage = self._counts.usage()
