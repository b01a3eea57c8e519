"""A stream of Responses as its events say it: what each item was at its beginning, its deltas, and its end.

For the checks of this API, which compare what a client may read in several places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trueweight.core import Event, Reply, Span
from trueweight.core.json_value import JsonObject
from trueweight.protocols.fields import as_index
from trueweight.protocols.reading import kept_for_reply
from trueweight.protocols.responses.items import CALL_TEXTS, TEXT_FIELDS
from trueweight.protocols.responses.reply import TERMINAL

ADDED: Final = "response.output_item.added"
DONE: Final = "response.output_item.done"
PART_ADDED: Final = "response.content_part.added"
PART_DONE: Final = "response.content_part.done"
CREATED: Final = "response.created"
ABOUT_THOUGHT: Final = "response.reasoning_text."
ABOUT_CONTENT: Final = (
    "response.content_part.", "response.output_text.delta", "response.output_text.done", "response.refusal.",
    ABOUT_THOUGHT,
)  # fmt: skip
ABOUT_SUMMARY: Final = ("response.reasoning_summary_",)
_CALLS: Final = ("response.function_call_arguments.", "response.custom_tool_call_input.")
ABOUT_ITEM: Final = (*ABOUT_CONTENT, *ABOUT_SUMMARY, *_CALLS)


class TypedEvent(NamedTuple):
    """An event whose data is an object, with its type; "" if it names none."""

    type: str
    data: JsonObject
    span: Span
    name: str


@kept_for_reply
def typed_events(reply: Reply) -> tuple[TypedEvent, ...]:
    """The events of a stream whose data is an object, in order."""
    return tuple(_typed(event, event.data) for event in reply.events if isinstance(event.data, dict))


def _typed(event: Event, data: JsonObject) -> TypedEvent:
    kind = data.get("type")
    return TypedEvent(kind if isinstance(kind, str) else "", data, event.span, event.name)


def final_response(reply: Reply) -> JsonObject | None:
    """The whole response: the body of a plain reply, or that in the last event of a stream; None without one."""
    if not reply.streamed:
        return reply.json if isinstance(reply.json, dict) and reply.error is None else None
    last = next((one for one in reversed(typed_events(reply)) if one.type in TERMINAL), None)
    found = None if last is None else last.data.get("response")
    return found if isinstance(found, dict) else None


def output_of(response: Mapping[str, Any]) -> list[JsonObject]:
    """The items of a response that are objects."""
    output = response.get("output")
    return [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []


def item_of(event: TypedEvent) -> Mapping[str, Any]:
    """The item that an event has whole; empty if it has none."""
    item = event.data.get("item")
    return item if isinstance(item, dict) else {}


@dataclass(slots=True)
class StreamedItem:
    """The events of one item.

    Attributes:
        key: its ``output_index``; its id if the server gives no index.
        deltas: (kind of text, place) → the deltas, in order.
        wholes: (kind of text, place) → the whole text that an event had at the end.
    """

    key: int | str
    done: TypedEvent | None = None
    events: list[TypedEvent] = field(default_factory=list)
    deltas: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    wholes: dict[tuple[str, int], str] = field(default_factory=dict)

    def take(self, event: TypedEvent) -> None:
        """Take one event about the item."""
        self.events.append(event)
        if event.type == DONE:
            self.done = event
        place = (_text_kind(event.type), _part_place(event.data))
        delta = event.data.get("delta")
        if event.type.endswith(".delta") and isinstance(delta, str):
            self.deltas.setdefault(place, []).append(delta)
        elif event.type.endswith(".done") and (text := _whole_of(event)) is not None:
            self.wholes[place] = text


def _text_kind(event: str) -> str:
    """The kind of text that an event is about: ``output_text``, ``arguments``, …."""
    if event.startswith(_CALLS):
        return "arguments"
    return event.removeprefix("response.").split(".", 1)[0].replace("reasoning_summary_text", "summary_text")


def _part_place(data: Mapping[str, Any]) -> int:
    """The position of the part that an event is about; 0 if it names none."""
    return as_index(data.get("content_index", data.get("summary_index"))) or 0


def _whole_of(event: TypedEvent) -> str | None:
    names = ("arguments", "input") if event.type.startswith(_CALLS) else ("text", "refusal")
    return next((event.data[name] for name in names if isinstance(event.data.get(name), str)), None)


@kept_for_reply
def streamed_items(reply: Reply) -> tuple[StreamedItem, ...]:
    """The items of a stream, in order of appearance."""
    found: dict[int | str, StreamedItem] = {}
    for event in typed_events(reply):
        if event.type in (ADDED, DONE) or event.type.startswith(ABOUT_ITEM):
            key = _key(event.data)
            if key is not None:
                found.setdefault(key, StreamedItem(key)).take(event)
    return tuple(found.values())


def _key(data: Mapping[str, Any]) -> int | str | None:
    index = as_index(data.get("output_index"))
    if index is not None:
        return index
    name = data.get("item_id")
    if isinstance(name, str):
        return name
    item = data.get("item")
    return item["id"] if isinstance(item, dict) and isinstance(item.get("id"), str) else None


def texts_of(item: Mapping[str, Any]) -> Iterator[tuple[tuple[str, int], str]]:
    """(kind of text, place) and text of each text of an item."""
    named = CALL_TEXTS.get(str(item.get("type")))
    if named is not None and isinstance(item.get(named), str):
        yield ("arguments", 0), item[named]
    for key in ("content", "summary"):
        parts = item.get(key)
        for at, part in enumerate(parts if isinstance(parts, list) else ()):
            kind = part.get("type") if isinstance(part, dict) else None
            if isinstance(kind, str) and kind in TEXT_FIELDS and isinstance(part.get(TEXT_FIELDS[kind]), str):
                yield (kind, at), part[TEXT_FIELDS[kind]]
