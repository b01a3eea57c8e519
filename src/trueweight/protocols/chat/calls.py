"""Joins tool-call fragments of chat completions as a careful client does. Deviations become anomalies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from trueweight.core import Span, ToolCall
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.fields import as_object, as_text, json_type

_MOST_CALLS = 1000
_NULL_WORDS = ("null", "None", "undefined")
"""What a server writes as a name that has turned a missing one into text."""


@dataclass(slots=True)
class _Growing:
    """A call from the fragments so far."""

    index: int | None
    span: Span
    id: str | None = None
    type: str | None = None
    name: str | None = None
    pieces: list[str] = field(default_factory=list)
    arguments_came: bool = False
    arguments_null: bool = False
    arguments_not_text: bool = False
    fragments: int = 0


@dataclass(slots=True)
class _Fragment:
    """One entry of a ``tool_calls`` array. A field of another type than the API's is None."""

    entry: JsonObject
    function: JsonObject
    span: Span
    where: str
    id: str | None
    name: str | None
    index: int | None


class CallBuilder:
    """Collects the fragments of one choice's calls, in order of arrival."""

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        self._anomalies = anomalies
        self._streamed = streamed
        self._calls: list[_Growing] = []
        self._by_index: dict[int, _Growing] = {}

    def add(self, entry: Any, span: Span, where: str) -> None:
        """Take one entry of ``delta.tool_calls`` or ``message.tool_calls``."""
        fragment = self._read(entry, span, where)
        if fragment is None:
            return
        call = self._continued_call(fragment)
        continuing = call is not None
        if call is None and len(self._calls) == _MOST_CALLS:
            self._anomalies.add(Kind.CALLS_MANY, f"more than {_MOST_CALLS} calls", span)
            return
        if call is None:
            call = self._open(fragment)
        self._grow(call, fragment, continuing=continuing)

    def calls(self) -> tuple[ToolCall, ...]:
        """All calls, in order of first appearance."""
        return tuple(self._finish(position, call) for position, call in enumerate(self._calls))

    def _read(self, entry: Any, span: Span, where: str) -> _Fragment | None:
        checked = as_object(entry, where, span, self._anomalies)
        if checked is None:
            return None
        function = as_object(checked.get("function"), f"{where}.function", span, self._anomalies) or {}
        index = checked.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            if index is not None:
                self._anomalies.add(Kind.WRONG_TYPE, f"{where}.index is not an integer", span)
            elif self._streamed:
                self._anomalies.add(Kind.INDEX_MISSING, f"{where} has no index", span)
            index = None
        call_id = as_text(checked.get("id"), f"{where}.id", span, self._anomalies)
        name = as_text(function.get("name"), f"{where}.function.name", span, self._anomalies)
        return _Fragment(checked, function, span, where, call_id, name, index)

    def _continued_call(self, new: _Fragment) -> _Growing | None:
        """The call that a fragment continues; None if it begins one."""
        if not self._streamed:
            return None
        if new.index is None:
            return self._continued_without_index(new)
        call = self._by_index.get(new.index)
        if call is None:
            return None
        other_id = bool(new.id) and bool(call.id) and new.id != call.id
        if other_id and not new.name and call.name:
            # A call begins with its name, so a fragment without one continues the call.
            detail = f"{new.where} has the id {str(new.id)[:60]!r} after {str(call.id)[:60]!r}"
            self._anomalies.add(Kind.CALL_ID_CHANGES, detail, new.span)
            return call
        # Without ids only a second, different name after arguments have begun tells two calls apart.
        named = bool(new.name) and new.name not in _NULL_WORDS
        other_name = not new.id and named and bool(call.name) and bool(call.pieces) and new.name != call.name
        if other_id or other_name:
            self._anomalies.add(Kind.INDEX_SHARED, f"{new.where} takes index {new.index} a second time", new.span)
            return None
        return call

    def _continued_without_index(self, new: _Fragment) -> _Growing | None:
        last = self._calls[-1] if self._calls else None
        if last is None:
            if not new.id and not new.name:
                self._anomalies.add(Kind.FRAGMENT_ORPHAN, f"{new.where} continues no call", new.span)
            return None
        if new.id:
            return last if new.id == last.id else None
        return None if new.name else last

    def _open(self, new: _Fragment) -> _Growing:
        call = _Growing(new.index, new.span)
        self._calls.append(call)
        if new.index is not None:
            self._by_index[new.index] = call
        return call

    def _grow(self, call: _Growing, new: _Fragment, *, continuing: bool) -> None:
        call.fragments += 1
        call.span = Span(min(call.span.start, new.span.start), max(call.span.end, new.span.end))
        if continuing:
            self._note_nulls(new)
        call.id = call.id or new.id
        call.type = call.type or as_text(new.entry.get("type"), f"{new.where}.type", new.span, self._anomalies)
        if new.name is not None:
            self._take_name(call, new)
        self._take_arguments(call, new)

    def _note_nulls(self, new: _Fragment) -> None:
        nulls: list[str] = [key for key in ("id", "type") if key in new.entry and new.entry[key] is None]
        nulls += ["name"] if "name" in new.function and new.function["name"] is None else []
        if nulls:
            self._anomalies.add(Kind.NULL_IN_CONTINUATION, f"{new.where}: {', '.join(nulls)} null", new.span)

    def _take_name(self, call: _Growing, new: _Fragment) -> None:
        if not call.name:
            call.name = new.name
            if new.name and call.fragments > 1:
                self._anomalies.add(Kind.NAME_LATE, f"{new.where} has the name, after the beginning", new.span)
        elif new.name in _NULL_WORDS:
            self._anomalies.add(
                Kind.NAME_REPEATED, f"{new.where} continues a call with the name {new.name!r}", new.span
            )
        elif new.name and new.name == call.name:
            self._anomalies.add(Kind.NAME_REPEATED, f"{new.where} repeats the name {new.name[:80]!r}", new.span)
        elif new.name:
            call.name += new.name  # a name may come in pieces, and clients join them

    def _take_arguments(self, call: _Growing, new: _Fragment) -> None:
        if "arguments" not in new.function:
            return
        piece = new.function["arguments"]
        if isinstance(piece, str):
            call.arguments_came = True
            if piece:
                call.pieces.append(piece)
        elif piece is None:
            call.arguments_null = True
        else:
            call.arguments_not_text = True
            detail = f"{new.where}.function.arguments is {json_type(piece)}"
            self._anomalies.add(Kind.ARGUMENTS_NOT_TEXT, detail, new.span)

    def _finish(self, position: int, call: _Growing) -> ToolCall:
        if not call.arguments_came and not call.arguments_not_text and call.type != "custom":
            kind = Kind.ARGUMENTS_NULL if call.arguments_null else Kind.ARGUMENTS_ABSENT
            self._anomalies.add(kind, f"call {position}: {kind.meaning}", call.span)
        arguments = "".join(call.pieces) if call.arguments_came else None
        return ToolCall(
            position,
            call.index,
            call.id,
            call.type,
            call.name,
            arguments,
            call.span,
            max(call.fragments, 1),
            tuple(map(len, call.pieces)),
        )
