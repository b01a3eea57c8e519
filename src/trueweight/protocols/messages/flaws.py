"""Deviations of a stream, or of a plain message, from the Messages API: each with its kind, its words and its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from trueweight.core import Event, Reply, Span
from trueweight.core.json_value import JsonObject
from trueweight.protocols.fields import json_type
from trueweight.protocols.messages.events import DELTAS
from trueweight.protocols.reading import kept_for_reply


class FlawKind(StrEnum):
    """What a deviation is about."""

    NAME = "name"
    SHAPE = "shape"
    ORDER = "order"
    END = "end"
    BLOCK = "block"
    APART = "apart"
    DELTA = "delta"


class Flaw(NamedTuple):
    """One deviation. ``span`` is the event, or the body."""

    kind: FlawKind
    words: str
    span: Span


_DELTAS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "text": ("text_delta", "citations_delta"),
    "thinking": ("thinking_delta", "signature_delta"),
    "redacted_thinking": (),
    "tool_use": ("input_json_delta",),
    "server_tool_use": ("input_json_delta",),
}
"""Type of a block → the types of deltas that it may have. Blocks of other types are not judged."""
_KNOWN_DELTAS: Final = frozenset({"ping", *(kind for kinds in _DELTAS_OF.values() for kind in kinds)})
"""Deltas of other types are new ones of the API, which clients leave out. A ping is an event and no delta."""
_FIELDS_OF_BLOCK: Final[Mapping[str, Mapping[str, type]]] = {
    "text": {"text": str},
    "thinking": {"thinking": str},
    "redacted_thinking": {"data": str},
    "tool_use": {"id": str, "name": str},
}
_OF_OTHER_APIS: Final = frozenset({"output_text", "input_text", "reasoning", "refusal", "function", "function_call"})
"""Types that the parts of a reply have in chat completions and in Responses. New types of blocks are not judged."""
_TEXT_OF_DELTA: Final[Mapping[str, str]] = {
    **{kind: name for kind, (name, _) in DELTAS.items()},
    "signature_delta": "signature",
}
_WITH_INDEX: Final = frozenset({"content_block_start", "content_block_delta", "content_block_stop"})
_HOLDERS: Final[Mapping[str, str]] = {
    "message_start": "message",
    "content_block_start": "content_block",
    "content_block_delta": "delta",
    "message_delta": "delta",
}
"""Type of an event → its field that is an object."""
_ANYWHERE: Final = frozenset({"ping", "error"})
DONE: Final = "[DONE]"
_NOWHERE: Final = Span(0, 0)


def flaws_of_block(block: Any, where: str) -> Iterator[str]:
    """What a content block lacks, in words. Of the types that this version does not know, only those of other APIs are
    judged."""
    if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
        yield f"{where} is not a content block with a type"
        return
    if block["type"] in _OF_OTHER_APIS:
        yield f"{where} is of the type {block['type']}, which another API has"
    for name, wanted in _FIELDS_OF_BLOCK.get(block["type"], {}).items():
        if name not in block:
            yield f"{where}, a {block['type']} block, has no {name}"
        elif not isinstance(block[name], wanted):
            yield f"{where}.{name} is {json_type(block[name])}"


@kept_for_reply
def flaws_of_stream(reply: Reply) -> tuple[Flaw, ...]:
    """The deviations of a stream, in order. A type of event that this version does not know is none."""
    walk = _Walk()
    for event in reply.events:
        walk.take(event)
    return tuple(walk.flaws)


@dataclass(slots=True)
class _Walk:
    """Follows the events of one stream.

    Attributes:
        open: index of each block that has started and not stopped → its type.
    """

    flaws: list[Flaw] = field(default_factory=list)
    started: bool = False
    closing: bool = False
    ended: bool = False
    blocks: int = 0
    open: dict[int, str] = field(default_factory=dict)
    span: Span = _NOWHERE

    def note(self, kind: FlawKind, words: str) -> None:
        """Keep one deviation of the event."""
        self.flaws.append(Flaw(kind, words, self.span))

    def take(self, event: Event) -> None:
        """Take the next event."""
        self.span = event.span
        data = event.data
        if self.ended:
            self.note(FlawKind.END, f"{event.name or event.text[:40]!r} came after message_stop")
            return
        if event.name == "ping" and data == {}:
            return  # SDKs leave a ping out by its name
        if not isinstance(data, dict) or not isinstance(data.get("type"), str):
            words = "is not a JSON object" if not isinstance(data, dict) else "has no type"
            kind = FlawKind.END if event.raw.strip() == DONE else FlawKind.SHAPE
            self.note(kind, f"an event {words}: {event.text[:60]!r}")
            return
        kind = data["type"]
        if event.name != kind:
            self.note(
                FlawKind.NAME,
                f"an event of the type {kind} is named {event.name!r}"
                if event.name
                else f"an event of the type {kind} has no name",
            )
        if kind not in _ANYWHERE and self._is_whole(kind, data):
            self._follow(kind, data)

    def _is_whole(self, kind: str, data: JsonObject) -> bool:
        """Whether the event has the fields by which it is followed; what it lacks is noted."""
        index = data.get("index")
        if kind in _WITH_INDEX and (not isinstance(index, int) or isinstance(index, bool)):
            self.note(FlawKind.SHAPE, f"{kind} has no index")
            return False
        holder = _HOLDERS.get(kind)
        if holder is not None and not isinstance(data.get(holder), dict):
            self.note(FlawKind.SHAPE, f"{kind} has no object {holder}")
            return False
        return True

    def _follow(self, kind: str, data: JsonObject) -> None:
        if kind != "message_start" and not self.started:
            self.note(FlawKind.ORDER, f"{kind} came before message_start")
            self.started = True  # one event is missing, not one for each that follows
        match kind:
            case "message_start":
                self._start(data["message"])
            case "content_block_start":
                self._start_block(data["index"], data["content_block"])
            case "content_block_delta":
                self._delta(data["index"], data["delta"])
            case "content_block_stop":
                if self.open.pop(data["index"], None) is None:
                    self.note(FlawKind.BLOCK, f"block {data['index']} stops, and is not open")
            case "message_delta":
                self._close("message_delta")
                self.closing = True
            case "message_stop":
                self._close("message_stop")
                if not self.closing:
                    self.note(FlawKind.ORDER, "message_stop came without message_delta")
                self.ended = True

    def _start(self, message: JsonObject) -> None:
        if self.started:
            self.note(FlawKind.ORDER, "message_start is not the first event")
        self.started = True
        if message.get("content") != []:
            self.note(
                FlawKind.SHAPE, f"the content of message_start is {json_type(message.get('content'))} that is not empty"
            )

    def _start_block(self, index: int, block: JsonObject) -> None:
        for words in flaws_of_block(block, "content_block"):
            self.note(FlawKind.SHAPE, words)
        if self.closing:
            self.note(FlawKind.ORDER, f"block {index} starts after message_delta")
        if self.open:
            self.note(FlawKind.APART, f"block {index} starts, and block {next(iter(self.open))} has not stopped")
        if index != self.blocks:
            self.note(FlawKind.BLOCK, f"block {index} starts where block {self.blocks} belongs")
        self.blocks = max(self.blocks, index) + 1
        self.open[index] = str(block.get("type"))

    def _delta(self, index: int, delta: JsonObject) -> None:
        kind = delta.get("type")
        name = _TEXT_OF_DELTA.get(str(kind))
        if name is not None and not isinstance(delta.get(name), str):
            self.note(FlawKind.SHAPE, f"delta.{name} of a {kind} is {json_type(delta.get(name))}")
        elif not isinstance(kind, str):
            self.note(FlawKind.SHAPE, "a delta has no type")
        block = self.open.get(index)
        if block is None:
            self.note(FlawKind.BLOCK, f"a delta is of block {index}, which is not open")
        elif isinstance(kind, str) and kind in _KNOWN_DELTAS and kind not in _DELTAS_OF.get(block, (kind,)):
            self.note(FlawKind.DELTA, f"a {kind} is in a {block} block")

    def _close(self, kind: str) -> None:
        if self.open:
            self.note(FlawKind.BLOCK, f"block {next(iter(self.open))} has not stopped at {kind}")
        self.open.clear()
