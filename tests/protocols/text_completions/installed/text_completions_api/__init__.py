"""Legacy text completions (``POST /completions``): a prompt in, ``choices[].text`` out."""

from __future__ import annotations

import re
from typing import Any

from trueweight.core import (
    PROTOCOLS,
    Case,
    Channel,
    Choice,
    Event,
    Exchange,
    Finish,
    Mode,
    Piece,
    Protocol,
    Provider,
    Reply,
    RequestSize,
    Span,
    TokenCount,
    Usage,
)
from trueweight.protocols import Assembler, error_in, preview_json, read_with, write_json

_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.FILTER}
_SAME = ("temperature", "top_p", "n", "stop", "seed", "presence_penalty", "frequency_penalty")
_LIMITS = ("max_tokens", "max_completion_tokens")
_COUNTS = re.compile(rb'"(prompt|completion)_tokens"\s*:\s*(\d{1,12})')


class _TextAssembler(Assembler):
    """Adds up ``choices[].text``."""

    end = "[DONE]"

    def __init__(self, anomalies: Any, *, streamed: bool) -> None:
        super().__init__(anomalies, streamed=streamed)
        self._texts: dict[int, list[str]] = {}
        self._pieces: dict[int, list[Piece]] = {}
        self._finish: dict[int, str | None] = {}

    def add(self, document: dict[str, Any], span: Span, body: bytes | None) -> None:
        self.take_error(document)
        self.model = self.model or document.get("model")
        self.response_id = self.response_id or document.get("id")
        if isinstance(usage := document.get("usage"), dict):
            self.usage = Usage(usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens"))
        for place, choice in enumerate(document.get("choices") or ()):
            index, text = choice.get("index", place), choice.get("text") or ""
            self._texts.setdefault(index, []).append(text)
            pieces = self._pieces.setdefault(index, [])
            if text:
                pieces.append(Piece(span, len(text), ("choices", place, "text")))
            self._finish[index] = choice.get("finish_reason") or self._finish.get(index)

    def choices(self) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                index=index,
                content="".join(texts),
                pieces=tuple(self._pieces[index]),
                finish=None if (word := self._finish[index]) is None else _FINISH.get(word, Finish.OTHER),
                finish_text=self._finish[index],
            )
            for index, texts in sorted(self._texts.items())
        )


class TextCompletions(Protocol):
    """Cases with tools, structured output or content that is not text cannot be expressed."""

    name = "text-completions"
    path = "/completions"

    def cannot_express(self, case: Case) -> str:
        unknown = sorted(case.request.keys() - {"messages", "stream_options", *_SAME, *_LIMITS})
        if unknown:
            return f"it has no {', '.join(unknown)}"
        plain = all(isinstance(message.get("content"), str) for message in case.request["messages"])
        return "" if plain else "its prompt is one text"

    def _prompt(self, case: Case) -> str:
        return "\n\n".join(message["content"] for message in case.request["messages"])

    def _limit(self, case: Case) -> int | None:
        return max((case.request[key] for key in _LIMITS if key in case.request), default=None)

    def body(self, case: Case, provider: Provider, mode: Mode) -> str:
        request = case.request
        sent: dict[str, Any] = {"model": provider.model, "prompt": self._prompt(case)}
        sent |= {key: request[key] for key in _SAME if key in request}
        if (limit := self._limit(case)) is not None:
            sent["max_tokens"] = limit
        sent |= provider.extra_body
        if mode is Mode.STREAM:
            sent |= {"stream": True, "stream_options": {"include_usage": True}}
        return write_json(sent)

    def size(self, case: Case, provider: Provider) -> RequestSize | None:
        return RequestSize(len(self._prompt(case).encode()), 1, self._limit(case), case.request.get("n", 1))

    def read(self, exchange: Exchange) -> Reply:
        return read_with(exchange, _TextAssembler)

    def channels(self, event: Event) -> frozenset[Channel]:
        choices = event.data.get("choices") if isinstance(event.data, dict) else None
        return frozenset({Channel.CONTENT} if any(choice.get("text") for choice in choices or ()) else ())

    def tokens_in(self, body: bytes) -> TokenCount | None:
        found = {kind: int(number) for kind, number in _COUNTS.findall(body)}
        return TokenCount(found[b"prompt"], found.get(b"completion", 0)) if b"prompt" in found else None

    def error_in(self, body: bytes) -> str | None:
        return error_in(body)

    def preview(self, data: Any) -> str:
        choices = data.get("choices") if isinstance(data, dict) else None
        return "  ".join(f"text {preview_json(choice.get('text'))}" for choice in choices or ())


PROTOCOLS.add(TextCompletions.name, TextCompletions())
