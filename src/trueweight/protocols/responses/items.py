"""One output item, joined from its events or read from a response. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from trueweight.core import Piece, Span, ToolCall
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.fields import as_array, as_object, as_text, json_type

MESSAGE: Final = "message"
REASONING: Final = "reasoning"
FUNCTION: Final = "function_call"
CUSTOM: Final = "custom_tool_call"
CALL_TEXTS: Final[Mapping[str, str]] = {FUNCTION: "arguments", CUSTOM: "input"}
"""Item types that are calls → the field with the text of the call."""
OUTPUT: Final = "output_text"
REFUSAL: Final = "refusal"
THOUGHT: Final = "reasoning_text"
SUMMARY: Final = "summary_text"
SEALED: Final = "encrypted_content"
TEXT_FIELDS: Final[Mapping[str, str]] = {OUTPUT: "text", REFUSAL: "refusal", THOUGHT: "text", SUMMARY: "text"}
"""Types of parts → the field with their text."""
_MOST_PARTS: Final = 1000

Path = tuple[str | int, ...]


class _Fragment(NamedTuple):
    """A piece of text, the event or body that has it, and where in its JSON."""

    text: str
    span: Span
    path: Path


@dataclass(slots=True)
class _Text:
    """The text of one part: its deltas, and the whole text as it was sent at the end."""

    kind: str
    deltas: list[_Fragment] = field(default_factory=list)
    whole: _Fragment | None = None

    def fragments(self) -> list[_Fragment]:
        """The deltas; without any, the whole text."""
        return self.deltas or ([self.whole] if self.whole is not None else [])


@dataclass(slots=True)
class ItemBuilder:
    """An item from the parts so far.

    Attributes:
        index: its ``output_index``; None if the server gives none.
        span: from its first to its last event.
        events: number of events that carried a piece of a call.
    """

    anomalies: Anomalies
    streamed: bool
    span: Span
    index: int | None = None
    id: str | None = None
    type: str | None = None
    name: str | None = None
    call_id: str | None = None
    events: int = 0
    sealed: bool = False
    logprobs: list[Mapping[str, Any]] | None = None
    call: _Text = field(default_factory=lambda: _Text(""))
    _texts: dict[tuple[str, int], _Text] = field(default_factory=dict)
    _null_arguments: bool = False
    _odd_arguments: bool = False

    def reach(self, span: Span) -> None:
        """Count an event as part of the item."""
        self.span = Span(min(self.span.start, span.start), max(self.span.end, span.end))

    def take(self, item: JsonObject, where: str, span: Span, path: Path) -> None:
        """Take the item as an event or a response has it, ``path`` being its place in that JSON."""
        self.id = self.id or as_text(item.get("id"), f"{where}.id", span, self.anomalies)
        self.type = self.type or as_text(item.get("type"), f"{where}.type", span, self.anomalies)
        self.name = self.name or as_text(item.get("name"), f"{where}.name", span, self.anomalies)
        self.call_id = self.call_id or as_text(item.get("call_id"), f"{where}.call_id", span, self.anomalies)
        self.sealed |= isinstance(item.get(SEALED), str)
        if (named := CALL_TEXTS.get(self.type or "")) is not None:
            self._take_call(item, named, where, span, (*path, named))
        for key, kind in (("content", OUTPUT), ("summary", SUMMARY)):
            for at, part in enumerate(as_array(item.get(key), f"{where}.{key}", span, self.anomalies)[:_MOST_PARTS]):
                self.take_part(part, at, kind, span, (*path, key, at))

    def _take_call(self, item: JsonObject, named: str, where: str, span: Span, path: Path) -> None:
        if named not in item:
            return
        text = item[named]
        if isinstance(text, str):
            # The first event has an empty text, which the deltas follow; a server without deltas sends it whole.
            if text or self.call.whole is None:
                self.call.whole = _Fragment(text, span, path)
                self.events += bool(text) and not self.call.deltas
        elif text is None:
            self._null_arguments = True
        else:
            self._odd_arguments = True
            self.anomalies.add(Kind.ARGUMENTS_NOT_TEXT, f"{where}.{named} is {json_type(text)}", span)

    def take_part(self, part: Any, at: int, kind: str, span: Span, path: Path) -> None:
        """Take a content part or a part of a summary; ``kind`` is its type if it names none."""
        where = ".".join(map(str, path))
        checked = as_object(part, where, span, self.anomalies)
        if checked is None:
            return
        found = as_text(checked.get("type"), f"{where}.type", span, self.anomalies) or kind
        named = TEXT_FIELDS.get(found)
        if named is None:
            return
        text = as_text(checked.get(named), f"{where}.{named}", span, self.anomalies)
        self.take_whole(found, at, text, span, (*path, named))
        self.take_logprobs(checked.get("logprobs"), f"{where}.logprobs", span, whole=True)

    def take_whole(self, kind: str, at: int, text: str | None, span: Span, path: Path) -> None:
        """Take the whole text of a part. An empty one, as the first event of a part has it, replaces none."""
        one = self._text(kind, at)
        if one is not None and text is not None and (text or one.whole is None):
            one.whole = _Fragment(text, span, path)

    def take_delta(self, kind: str, at: int, text: str, span: Span) -> None:
        """Take a piece of the text of a part."""
        one = self._text(kind, at)
        if one is not None:
            one.deltas.append(_Fragment(text, span, ("delta",)))

    def take_call_delta(self, text: str, span: Span) -> None:
        """Take a piece of the arguments of a call."""
        self.call.deltas.append(_Fragment(text, span, ("delta",)))
        self.events += 1

    def take_logprobs(self, value: Any, where: str, span: Span, *, whole: bool = False) -> None:
        """Take the entries of a delta, or, if no delta brought any, of the whole text."""
        if value is None or (whole and self.logprobs):
            return
        entries = [entry for entry in as_array(value, where, span, self.anomalies) if isinstance(entry, dict)]
        if entries:
            self.logprobs = self.logprobs or []
            self.logprobs += entries

    def _text(self, kind: str, at: int) -> _Text | None:
        if (kind, at) not in self._texts and len(self._texts) == _MOST_PARTS:
            return None
        return self._texts.setdefault((kind, at), _Text(kind))

    def texts(self, kind: str) -> Iterator[tuple[str, tuple[Piece, ...]]]:
        """The text of each part of a type that came, in order, with the places of its pieces."""
        for (found, _), one in self._texts.items():
            if found == kind and (fragments := one.fragments()):
                pieces = tuple(Piece(each.span, len(each.text), each.path) for each in fragments if each.text)
                yield "".join(each.text for each in fragments), pieces

    def tool_call(self, position: int) -> ToolCall:
        """The item as a tool call."""
        fragments = self.call.fragments()
        if not fragments and not self._odd_arguments and self.type == FUNCTION:
            kind = Kind.ARGUMENTS_NULL if self._null_arguments else Kind.ARGUMENTS_ABSENT
            self.anomalies.add(kind, f"call {position}: {kind.meaning}", self.span)
        arguments = "".join(each.text for each in fragments) if fragments else None
        kind_of_call = "function" if self.type == FUNCTION else "custom"
        index = self.index if self.streamed else None
        return ToolCall(
            position, index, self.call_id, kind_of_call, self.name, arguments, self.span, max(self.events, 1)
        )
