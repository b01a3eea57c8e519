"""Reads a response, or the events of a stream, to one choice. Nothing is repaired."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from trueweight.core import Choice, Finish, Piece, Span
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.fields import as_array, as_index, as_object, as_text
from trueweight.protocols.locate import values_of_plain
from trueweight.protocols.reading import Assembler
from trueweight.protocols.responses import items
from trueweight.protocols.responses.items import ItemBuilder
from trueweight.protocols.responses.usage import read_usage
from trueweight.protocols.sse import SseEvent

TERMINAL: Final = ("response.completed", "response.incomplete", "response.failed")
"""The types of the events that end a stream."""
_ENDS: Final = re.compile(r'"type"\s*:\s*"response\.(?:completed|incomplete|failed)"')
_DELTAS: Final[Mapping[str, str]] = {
    "response.output_text.delta": items.OUTPUT,
    "response.refusal.delta": items.REFUSAL,
    "response.reasoning_text.delta": items.THOUGHT,
    "response.reasoning_summary_text.delta": items.SUMMARY,
}
_WHOLE: Final = {name.replace(".delta", ".done"): kind for name, kind in _DELTAS.items()}
_CALL_DELTAS: Final = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_CALL_WHOLE: Final = {
    "response.function_call_arguments.done": "arguments",
    "response.custom_tool_call_input.done": "input",
}
_PARTS: Final = ("response.content_part.added", "response.content_part.done")
_SUMMARIES: Final = ("response.reasoning_summary_part.added", "response.reasoning_summary_part.done")
_PIECES: Final = frozenset({*_DELTAS, *_WHOLE, *_CALL_DELTAS, *_CALL_WHOLE, *_PARTS, *_SUMMARIES})
"""The types of the events that have a part of an item."""
_ITEMS: Final = ("response.output_item.added", "response.output_item.done")
_REASONS: Final = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.FILTER}
_MOST_ITEMS: Final = 1000


def is_terminal(text: str) -> bool:
    """Whether the JSON text of an event says that it ends the stream."""
    # Inside a JSON string the quotes would be escaped, so this cannot match text that the model wrote.
    return _ENDS.search(text) is not None


def error_of_document(document: Any, *, named: bool = False) -> Any:
    """The error that a response, or an event, reports; None if it reports none.

    Args:
        named: whether the document is the data of an event named ``error``.
    """
    if not isinstance(document, Mapping):
        return document if named else None
    inner = document.get("response")
    if document.get("type") == "response.failed" and isinstance(inner, Mapping):
        return inner.get("error") or {"message": "the response failed"}
    if named or document.get("type") == "error" or document.get("object") == "error":
        return document.get("error") or document
    return document.get("error") or None


class ResponsesAssembler(Assembler):
    """Joins the response, or the events, of one body."""

    end = "response.completed, response.incomplete or response.failed"
    trailer = "[DONE]"

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        super().__init__(anomalies, streamed=streamed)
        self._own = anomalies.of_choice(0)
        self._items: list[ItemBuilder] = []
        self._by_id: dict[str, ItemBuilder] = {}
        self._by_index: dict[int, ItemBuilder] = {}
        self._response = False
        self._status: str | None = None
        self._reason: str | None = None

    def is_end(self, event: SseEvent) -> bool:
        """Whether the event is the last of a response."""
        return is_terminal(event.data)

    def add_event(self, event: SseEvent, document: Any) -> None:
        """Take the JSON of one event."""
        if event.name == "error":
            self._keep_error(error_of_document(document, named=True))
        else:
            self.add_value(document, event.span, None)

    def add(self, document: JsonObject, span: Span, body: bytes | None) -> None:
        """Take one response or one event."""
        self._keep_error(error_of_document(document))
        if body is not None:
            self._take_response(document, span, body)
        else:
            self._take_event(document, str(document.get("type")), span)

    def _take_response(self, response: JsonObject, span: Span, body: bytes) -> None:
        self._take_head(response, span, final=True)
        places = _item_spans(body)
        for at, item in enumerate(self._output(response, span)):
            place = places.get(at, span)
            builder = self._open(None, None, place)
            if builder is not None:
                builder.take(item, f"output[{at}]", place, () if at in places else ("output", at))

    def _output(self, response: JsonObject, span: Span) -> list[JsonObject]:
        given = as_array(response.get("output"), "output", span, self.anomalies)
        checked = (as_object(item, f"output[{at}]", span, self.anomalies) for at, item in enumerate(given))
        return [item for item in checked if item is not None]

    def _take_head(self, response: JsonObject, span: Span, *, final: bool) -> None:
        """Take the fields of a response beside its output."""
        self._response |= response.get("object") == "response" or isinstance(response.get("output"), list)
        found = as_text(response.get("id"), "id", span, self.anomalies)
        model = as_text(response.get("model"), "model", span, self.anomalies)
        for kind, before, now in ((Kind.ID_CHANGES, self.response_id, found), (Kind.MODEL_CHANGES, self.model, model)):
            if before and now and before != now:
                self.anomalies.add(kind, f"{before[:80]!r}, then {now[:80]!r}", span)
        self.response_id, self.model = self.response_id or found, self.model or model
        self.usage = read_usage(response.get("usage"), span, self.anomalies) or self.usage
        if not final:
            return
        self._status = as_text(response.get("status"), "status", span, self.anomalies)
        details = as_object(response.get("incomplete_details"), "incomplete_details", span, self.anomalies)
        self._reason = None if details is None else as_text(details.get("reason"), "reason", span, self.anomalies)

    def _take_event(self, event: JsonObject, kind: str, span: Span) -> None:
        response = event.get("response")
        if isinstance(response, dict):
            self._take_head(response, span, final=kind in TERMINAL)
            if kind in TERMINAL and not self._items:
                self._take_final_output(response, span)
        elif kind in _ITEMS:
            self._take_item(event, span, new=kind == _ITEMS[0])
        elif kind.startswith("response."):
            self._take_piece(event, kind, span)

    def _take_final_output(self, response: JsonObject, span: Span) -> None:
        """Take the items of the last event, for a stream that sent none before it."""
        for at, item in enumerate(self._output(response, span)):
            builder = self._open(None, None, span)
            if builder is not None:
                builder.take(item, f"response.output[{at}]", span, ("response", "output", at))

    def _take_item(self, event: JsonObject, span: Span, *, new: bool) -> None:
        item = as_object(event.get("item"), "item", span, self._own)
        if item is None:
            return
        name, index = item.get("id"), as_index(event.get("output_index"))
        builder = None if new else self._find(name, index)
        builder = builder or self._open(name if isinstance(name, str) else None, index, span)
        if builder is not None:
            builder.reach(span)
            builder.take(item, "item", span, ("item",))

    def _take_piece(self, event: JsonObject, kind: str, span: Span) -> None:
        if kind not in _PIECES:
            return
        name, index = event.get("item_id"), as_index(event.get("output_index"))
        builder = self._find(name, index) or self._open(name if isinstance(name, str) else None, index, span)
        if builder is None:
            return
        builder.reach(span)
        _take(builder, event, kind, span)

    def _find(self, name: Any, index: int | None) -> ItemBuilder | None:
        """The item that an event is about: by its id, else by its index, else the last one. Of two items with the same
        id, the index says which."""
        placed = self._by_index.get(index) if index is not None else None
        if isinstance(name, str) and name in self._by_id:
            return placed if placed is not None and placed.id == name else self._by_id[name]
        if index is not None:
            return placed
        unnamed = not isinstance(name, str) or not name
        return self._items[-1] if self._items and unnamed else None

    def _open(self, name: str | None, index: int | None, span: Span) -> ItemBuilder | None:
        if len(self._items) == _MOST_ITEMS:
            self._own.add(Kind.CALLS_MANY, f"more than {_MOST_ITEMS} output items", span)
            return None
        builder = ItemBuilder(self._own, self.streamed, span, index, name)
        self._items.append(builder)
        if name:
            self._by_id[name] = builder
        if index is not None:
            self._by_index[index] = builder
        return builder

    def choices(self) -> tuple[Choice, ...]:
        """The one choice of a response; none if the body is no response."""
        if not self._response and not self._items:
            return ()
        content = [found for one in self._items for found in one.texts(items.OUTPUT)]
        refusals = [text for one in self._items for text, _ in one.texts(items.REFUSAL)]
        calls = [one for one in self._items if one.type in items.CALL_TEXTS]
        entries = [one.logprobs for one in self._items if one.logprobs is not None]
        kind, thought = self._thought()
        pieces: tuple[Piece, ...] = tuple(piece for _, found in content for piece in found)
        return (
            Choice(
                index=0,
                content="".join(text for text, _ in content) if content else None,
                reasoning=thought,
                refusal="".join(refusals) if refusals else None,
                pieces=pieces,
                calls=tuple(one.tool_call(at) for at, one in enumerate(calls)),
                finish=self._finish(bool(calls)),
                finish_text=self._reason if self._status == "incomplete" and self._reason else self._status,
                logprobs=tuple(entry for some in entries for entry in some) if entries else None,
                reasoning_field=kind,
                reasoning_whole=kind in (None, items.THOUGHT),
            ),
        )

    def _thought(self) -> tuple[str | None, str | None]:
        """The name of what has the thought, and its text: the thought itself, or else a summary of it."""
        for kind in (items.THOUGHT, items.SUMMARY):
            found = [text for one in self._items for text, _ in one.texts(kind)]
            if found:
                return kind, "".join(found) if kind == items.THOUGHT else "\n\n".join(found)
        return (items.SEALED, None) if any(one.sealed for one in self._items) else (None, None)

    def _finish(self, called: bool) -> Finish | None:
        if self._status == "completed":
            return Finish.CALLS if called else Finish.STOP
        if self._status == "incomplete":
            return _REASONS.get(self._reason or "", Finish.OTHER)
        return None if self._status is None else Finish.OTHER


def _take(builder: ItemBuilder, event: JsonObject, kind: str, span: Span) -> None:
    """Give an item the text of an event."""
    if kind in _DELTAS:
        text = as_text(event.get("delta"), "delta", span, builder.anomalies)
        builder.take_delta(_DELTAS[kind], _place(event, _DELTAS[kind]), text or "", span)
        builder.take_logprobs(event.get("logprobs"), "logprobs", span)
    elif kind in _WHOLE:
        named = items.TEXT_FIELDS[_WHOLE[kind]]
        text = as_text(event.get(named), named, span, builder.anomalies)
        builder.take_whole(_WHOLE[kind], _place(event, _WHOLE[kind]), text, span, (named,))
    elif kind in _CALL_DELTAS:
        builder.take_call_delta(as_text(event.get("delta"), "delta", span, builder.anomalies) or "", span)
    elif kind in _CALL_WHOLE:
        builder.take({_CALL_WHOLE[kind]: event.get(_CALL_WHOLE[kind])}, "event", span, ())
    else:
        part = items.OUTPUT if kind in _PARTS else items.SUMMARY
        builder.take_part(event.get("part"), _place(event, part), part, span, ("part",))


def _place(event: JsonObject, kind: str) -> int:
    """The position of a part in its item: 0 if the event has none."""
    return as_index(event.get("summary_index" if kind == items.SUMMARY else "content_index")) or 0


def _item_spans(body: bytes) -> dict[int, Span]:
    """The span of each item of a plain body, by its position; empty for a body that is too large to search."""
    return {
        path[1]: span
        for path, span in values_of_plain(body, b'"output"')
        if len(path) == 2 and path[0] == "output" and isinstance(path[1], int)
    }
