"""Responses and chunks to one reply: what each choice-0 delta or message adds, in order, unrepaired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trueweight.core import Span, Usage
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.calls import CallBuilder
from trueweight.protocols.fields import as_array, as_object, as_text, as_usage

_REASONING_FIELDS = ("reasoning_content", "reasoning")


class Assembler:
    """Adds up the parsed documents of one body."""

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        self._anomalies = anomalies
        self._streamed = streamed
        self._texts: dict[str, list[str]] = {}
        self._choices: set[int] = set()
        self._logprobs: list[Mapping[str, Any]] | None = None
        self._usage_chunks: list[Span] = []
        self._usage_before_end = False
        self._mixed: set[Kind] = set()
        self.calls = CallBuilder(anomalies, streamed=streamed)
        self.content_spans: list[tuple[Span, int]] = []
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.error: Any = None
        self.model: str | None = None
        self.response_id: str | None = None
        self.reasoning_field: str | None = None

    @property
    def choices(self) -> int:
        """How many distinct choices came."""
        return len(self._choices)

    @property
    def logprobs(self) -> tuple[Mapping[str, Any], ...] | None:
        """Log-probability entries of choice 0, if any were sent."""
        return None if self._logprobs is None else tuple(self._logprobs)

    def text(self, channel: str) -> str | None:
        """The text of ``content``, ``reasoning`` or ``refusal``; None if it never came."""
        pieces = self._texts.get(channel)
        return None if pieces is None else "".join(pieces)

    def add(
        self,
        document: Any,
        span: Span,
        call_spans: Mapping[tuple[int, int], Span] | None = None,
        *,
        said: bool = True,
    ) -> None:
        """Take one response or chunk.

        Args:
            call_spans: where the calls of a plain body stand, by choice and place.
            said: whether it is a completion; of anything else only an error is taken.
        """
        if not isinstance(document, dict):
            self._anomalies.add(Kind.NOT_AN_OBJECT, span=span)
            return
        self._take_error(document)
        if not said:
            return
        self._take_names(document, span)
        usage = as_usage(document.get("usage"), span, self._anomalies)
        entries = self._take_choices(document, span, has_usage=usage is not None)
        for place, entry in enumerate(entries):
            self._take_choice(entry, place, span, call_spans or {})
        if usage is not None:
            self.usage = usage
            self._note_usage(span)

    def _take_error(self, document: dict[str, Any]) -> None:
        found = document.get("error")
        if found is None and document.get("object") == "error":
            found = document
        if found is not None and self.error is None:
            self.error = found

    def _take_names(self, document: dict[str, Any], span: Span) -> None:
        response_id = as_text(document.get("id"), "id", span, self._anomalies)
        model = as_text(document.get("model"), "model", span, self._anomalies)
        self._note_change(Kind.ID_CHANGES, self.response_id, response_id, span)
        self._note_change(Kind.MODEL_CHANGES, self.model, model, span)
        self.response_id = self.response_id or response_id
        self.model = self.model or model

    def _note_change(self, kind: Kind, before: str | None, now: str | None, span: Span) -> None:
        if before and now and before != now and kind not in self._mixed:
            self._mixed.add(kind)
            self._anomalies.add(kind, f"{before[:80]!r}, then {now[:80]!r}", span)

    def _take_choices(self, document: dict[str, Any], span: Span, *, has_usage: bool) -> list[Any]:
        given = document.get("choices")
        entries = as_array(given, "choices", span, self._anomalies)
        if self.error is None and not entries:
            if given is None:
                self._anomalies.add(Kind.CHOICES_MISSING, span=span)
            elif given == [] and not (has_usage and self._streamed):
                self._anomalies.add(Kind.CHOICES_EMPTY, span=span)
        return entries

    def _take_choice(self, entry: Any, place: int, span: Span, call_spans: Mapping[tuple[int, int], Span]) -> None:
        choice = as_object(entry, f"choices[{place}]", span, self._anomalies)
        if choice is None:
            return
        index = choice.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            self._anomalies.add(Kind.CHOICE_INDEX_MISSING, f"choices[{place}] has no integer index", span)
            index = place
        self._choices.add(index)
        if index != 0:
            return
        finished_before = self.finish_reason is not None
        where = f"choices[{place}]"
        spans = {at: where_at for (choice_at, at), where_at in call_spans.items() if choice_at == place}
        said = self._take_message(choice, where, span, spans)
        if said and finished_before:
            self._anomalies.add(Kind.TEXT_AFTER_FINISH, span=span)
        self._take_logprobs(choice, where, span)
        finish = as_text(choice.get("finish_reason"), f"{where}.finish_reason", span, self._anomalies)
        if finish == "":
            self._anomalies.add(Kind.FINISH_BLANK, span=span)
        elif finish is not None:
            if finished_before:
                self._anomalies.add(Kind.FINISH_TWICE, f"{self.finish_reason!r}, then {finish!r}", span)
            self.finish_reason = finish

    def _take_message(self, choice: dict[str, Any], where: str, span: Span, call_spans: dict[int, Span]) -> bool:
        """Add one delta or message; whether it said anything."""
        key = "delta" if self._streamed else "message"
        if self._streamed and choice.get("delta") is None and choice.get("message") is not None:
            key = "message"
            self._anomalies.add(Kind.MESSAGE_IN_CHUNK, span=span)
        where = f"{where}.{key}"
        message = as_object(choice.get(key), where, span, self._anomalies)
        if message is None:
            return False
        said = self._take_text("content", message.get("content"), f"{where}.content", span)
        said |= self._take_text("refusal", message.get("refusal"), f"{where}.refusal", span)
        said |= self._take_reasoning(message, where, span)
        if message.get("function_call"):  # some servers send it empty with every message
            self._anomalies.add(Kind.LEGACY_FUNCTION_CALL, span=span)
        entries = as_array(message.get("tool_calls"), f"{where}.tool_calls", span, self._anomalies)
        for at, entry in enumerate(entries):
            self.calls.add(entry, call_spans.get(at, span), f"{where}.tool_calls[{at}]")
        return said or bool(entries)

    def _take_text(self, channel: str, value: Any, where: str, span: Span) -> bool:
        text = as_text(value, where, span, self._anomalies)
        if text is None:
            return False
        self._texts.setdefault(channel, []).append(text)
        if channel == "content" and text:
            self.content_spans.append((span, len(text)))
        return bool(text)

    def _take_reasoning(self, message: dict[str, Any], where: str, span: Span) -> bool:
        present = [name for name in _REASONING_FIELDS if message.get(name) is not None]
        if not present:
            return False
        if len([name for name in present if message[name]]) > 1 and Kind.REASONING_TWO_FIELDS not in self._mixed:
            self._mixed.add(Kind.REASONING_TWO_FIELDS)
            self._anomalies.add(Kind.REASONING_TWO_FIELDS, span=span)
        name = present[0]
        if isinstance(message[name], str):
            self.reasoning_field = self.reasoning_field or name
        return self._take_text("reasoning", message[name], f"{where}.{name}", span)

    def _take_logprobs(self, choice: dict[str, Any], where: str, span: Span) -> None:
        logprobs = as_object(choice.get("logprobs"), f"{where}.logprobs", span, self._anomalies)
        if logprobs is None or logprobs.get("content") is None:
            return
        entries = as_array(logprobs["content"], f"{where}.logprobs.content", span, self._anomalies)
        self._logprobs = self._logprobs or []
        self._logprobs += [entry for entry in entries if isinstance(entry, dict)]

    def _note_usage(self, span: Span) -> None:
        self._usage_chunks.append(span)
        self._usage_before_end |= self.finish_reason is None
        if len(self._usage_chunks) == 2 and self._usage_before_end:
            self._anomalies.add(Kind.USAGE_EVERYWHERE, span=self._usage_chunks[0])
