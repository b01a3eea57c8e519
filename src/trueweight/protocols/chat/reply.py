"""Joins chat completions and their chunks to choices. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Choice, Finish, Piece, Span
from trueweight.core.json_value import JsonObject
from trueweight.core.request import FINISH_OF_WORD
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.chat.calls import CallBuilder
from trueweight.protocols.chat.reasoning import DETAILS, FIELDS, PARTS, THOUGHT_FIELDS, read_details, read_parts
from trueweight.protocols.chat.usage import read_usage
from trueweight.protocols.fields import as_array, as_object, as_text
from trueweight.protocols.locate import values_of_plain
from trueweight.protocols.reading import Assembler

_MOST_CHOICES = 128
"""Choices that are read: the most that the API allows."""


class ChatAssembler(Assembler):
    """Joins the completion, or the chunks, of one body."""

    end = "[DONE]"

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        super().__init__(anomalies, streamed=streamed)
        self._choices: dict[int, _ChoiceBuilder] = {}
        self._usage_chunks: list[Span] = []
        self._usage_before_end = False
        self._changed: set[Kind] = set()

    def choices(self) -> tuple[Choice, ...]:
        """Every choice, in order of index."""
        return tuple(builder.build() for _, builder in sorted(self._choices.items()))

    def add(self, document: JsonObject, span: Span, body: bytes | None) -> None:
        """Take one completion or chunk."""
        self.take_error(document)
        self._take_names(document, span)
        given = document.get("usage")
        usage = None if given is None else read_usage(given, span, self.anomalies)
        entries = self._entries(document, span, has_usage=usage is not None)
        call_spans = {} if body is None else _call_spans(body)
        for place, entry in enumerate(entries):
            self._take_choice(entry, place, span, call_spans)
        if usage is not None:
            self.usage = usage
            self._note_usage(span)

    def _take_names(self, document: JsonObject, span: Span) -> None:
        if document.get("id") == self.response_id and document.get("model") == self.model:
            return  # as in most chunks
        response_id = as_text(document.get("id"), "id", span, self.anomalies)
        model = as_text(document.get("model"), "model", span, self.anomalies)
        self._note_change(Kind.ID_CHANGES, self.response_id, response_id, span)
        self._note_change(Kind.MODEL_CHANGES, self.model, model, span)
        self.response_id = self.response_id or response_id
        self.model = self.model or model

    def _note_change(self, kind: Kind, before: str | None, now: str | None, span: Span) -> None:
        if before and now and before != now and kind not in self._changed:
            self._changed.add(kind)
            self.anomalies.add(kind, f"{before[:80]!r}, then {now[:80]!r}", span)

    def _entries(self, document: JsonObject, span: Span, *, has_usage: bool) -> list[Any]:
        given = document.get("choices")
        entries = as_array(given, "choices", span, self.anomalies)
        if len(entries) > _MOST_CHOICES:
            self.anomalies.add(Kind.CHOICES_MANY, f"{len(entries)} choices in one document", span)
            entries = entries[:_MOST_CHOICES]
        if self.error is None and not entries:
            if given is None:
                self.anomalies.add(Kind.CHOICES_MISSING, span=span)
            elif given == [] and not (has_usage and self.streamed):
                self.anomalies.add(Kind.CHOICES_EMPTY, span=span)
        return entries

    def _take_choice(self, entry: Any, place: int, span: Span, call_spans: Mapping[tuple[int, int], Span]) -> None:
        where = f"choices[{place}]"
        choice = as_object(entry, where, span, self.anomalies)
        if choice is None:
            return
        if choice.get("error"):
            self._keep_error(choice["error"])
        index = choice.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            self.anomalies.add(Kind.CHOICE_INDEX_MISSING, f"{where} has no integer index", span)
            index = place
        builder = self._choices.get(index)
        if builder is None and len(self._choices) == _MOST_CHOICES:
            self.anomalies.add(Kind.CHOICES_MANY, f"more than {_MOST_CHOICES} choices", span)
            return
        if builder is None:
            own = self.anomalies.of_choice(index)
            builder = self._choices[index] = _ChoiceBuilder(index, own, streamed=self.streamed)
        spans = {at: where for (choice_at, at), where in call_spans.items() if choice_at == place} if call_spans else {}
        builder.add(choice, where, place, span, spans)

    def _note_usage(self, span: Span) -> None:
        self._usage_chunks.append(span)
        first = self._choices.get(0)
        self._usage_before_end |= first is None or first.finish is None
        if len(self._usage_chunks) == 2 and self._usage_before_end:
            self.anomalies.add(Kind.USAGE_EVERYWHERE, span=self._usage_chunks[0])


class _ChoiceBuilder:
    """Joins the parts of one choice."""

    def __init__(self, index: int, anomalies: Anomalies, *, streamed: bool) -> None:
        self._index = index
        self._anomalies = anomalies
        self._streamed = streamed
        self._texts: dict[str, list[str]] = {}
        self._pieces: list[Piece] = []
        self._calls = CallBuilder(anomalies, streamed=streamed)
        self._logprobs: list[Mapping[str, Any]] | None = None
        self._reasoning_field: str | None = None
        self._reasoning_whole = True
        self._two_reasoning_fields = False
        self.finish: str | None = None

    def build(self) -> Choice:
        """The choice from the parts so far."""
        return Choice(
            index=self._index,
            content=self._text("content"),
            reasoning=self._text("reasoning"),
            refusal=self._text("refusal"),
            pieces=tuple(self._pieces),
            calls=self._calls.calls(),
            finish=None if self.finish is None else FINISH_OF_WORD.get(self.finish, Finish.OTHER),
            finish_text=self.finish,
            logprobs=None if self._logprobs is None else tuple(self._logprobs),
            reasoning_field=self._reasoning_field,
            reasoning_whole=self._reasoning_whole,
        )

    def _text(self, channel: str) -> str | None:
        pieces = self._texts.get(channel)
        return None if pieces is None else "".join(pieces)

    def add(self, choice: JsonObject, where: str, place: int, span: Span, call_spans: Mapping[int, Span]) -> None:
        """Take one entry of ``choices``. ``call_spans`` are the spans of its calls in a plain body, by position."""
        finished_before = self.finish is not None
        brought_text = self._take_message(choice, where, place, span, call_spans)
        if brought_text and finished_before:
            self._anomalies.add(Kind.TEXT_AFTER_FINISH, span=span)
        # Most fields are absent from most chunks, of which a stream has tens of thousands.
        if choice.get("logprobs") is not None:
            self._take_logprobs(choice["logprobs"], f"{where}.logprobs", span)
        if choice.get("finish_reason") is not None:
            self._take_finish(choice["finish_reason"], f"{where}.finish_reason", span)

    def _take_finish(self, value: Any, where: str, span: Span) -> None:
        finish = as_text(value, where, span, self._anomalies)
        if finish == "":
            self._anomalies.add(Kind.FINISH_BLANK, span=span)
        elif finish is not None:
            if self.finish is not None:
                self._anomalies.add(Kind.FINISH_TWICE, f"{self.finish!r}, then {finish!r}", span)
            self.finish = finish

    def _take_message(
        self, choice: JsonObject, where: str, place: int, span: Span, call_spans: Mapping[int, Span]
    ) -> bool:
        """Add one delta or message. Returns whether it has text or a call."""
        key = "delta" if self._streamed else "message"
        if self._streamed and choice.get("delta") is None and choice.get("message") is not None:
            key = "message"
            self._anomalies.add(Kind.MESSAGE_IN_CHUNK, span=span)
        where = f"{where}.{key}"
        message = as_object(choice.get(key), where, span, self._anomalies)
        if message is None:
            return False
        content, in_parts = 0, False
        text = message.get("content")
        if text is not None:
            content = self._take_text("content", text, f"{where}.content", span)
            if content:
                self._pieces.append(Piece(span, content, ("choices", place, key, "content")))
            elif isinstance(text, list):
                in_parts = self._take_parts(text, ("choices", place, key, "content"), span)
        refusal = 0
        if message.get("refusal") is not None:
            refusal = self._take_text("refusal", message["refusal"], f"{where}.refusal", span)
        reasoning = 0 if THOUGHT_FIELDS.isdisjoint(message) else self._take_reasoning(message, where, span)
        if message.get("function_call"):  # some servers send it empty with every message
            self._anomalies.add(Kind.LEGACY_FUNCTION_CALL, span=span)
        given = message.get("tool_calls")
        entries = [] if given is None else as_array(given, f"{where}.tool_calls", span, self._anomalies)
        for at, entry in enumerate(entries):
            self._calls.add(entry, call_spans.get(at, span), f"{where}.tool_calls[{at}]")
        return bool(content or in_parts or refusal or reasoning or entries)

    def _take_text(self, channel: str, value: Any, where: str, span: Span) -> int:
        """Add text of a channel. Returns its number of characters."""
        text = as_text(value, where, span, self._anomalies)
        if text is None:
            return 0
        self._texts.setdefault(channel, []).append(text)
        return len(text)

    def _take_parts(self, content: list[Any], path: tuple[str | int, ...], span: Span) -> bool:
        """Add the texts of a content that is a list of parts, which is an anomaly all the same."""
        parts = read_parts(content)
        for part in parts:
            self._texts.setdefault("reasoning" if part.thought else "content", []).append(part.text)
            if part.thought:
                self._reasoning_field = self._reasoning_field or PARTS
            else:
                self._pieces.append(Piece(span, len(part.text), (*path, part.at, "text")))
        return bool(parts)

    def _take_reasoning(self, message: JsonObject, where: str, span: Span) -> int:
        present = [name for name in FIELDS if message.get(name) is not None]
        if not present and message.get(DETAILS) is None:
            return 0
        details = read_details(message.get(DETAILS))
        if details is not None and not any(message[name] for name in present):
            self._reasoning_field = self._reasoning_field or DETAILS
            self._reasoning_whole &= details.whole
            return self._take_text("reasoning", details.text or None, f"{where}.{DETAILS}", span)
        if not present:
            return 0
        if len([name for name in present if message[name]]) > 1 and not self._two_reasoning_fields:
            self._two_reasoning_fields = True
            self._anomalies.add(Kind.REASONING_TWO_FIELDS, span=span)
        name = present[0]
        if isinstance(message[name], str):
            self._reasoning_field = self._reasoning_field or name
        return self._take_text("reasoning", message[name], f"{where}.{name}", span)

    def _take_logprobs(self, value: Any, where: str, span: Span) -> None:
        logprobs = as_object(value, where, span, self._anomalies)
        if logprobs is None or logprobs.get("content") is None:
            return
        entries = as_array(logprobs["content"], f"{where}.content", span, self._anomalies)
        self._logprobs = self._logprobs or []
        self._logprobs += [entry for entry in entries if isinstance(entry, dict)]


def _call_spans(body: bytes) -> dict[tuple[int, int], Span]:
    """The span of each tool call of a plain body, by (position of its choice, position in the choice); empty for
    a body that is too large to search."""
    found: dict[tuple[int, int], Span] = {}
    for path, span in values_of_plain(body, b"tool_calls"):
        if len(path) == 5 and path[0] == "choices" and path[2:4] == ("message", "tool_calls"):
            choice, call = path[1], path[4]
            if isinstance(choice, int) and isinstance(call, int):
                found[choice, call] = span
    return found
