"""The count of a prompt's tokens (``POST /messages/count_tokens``). Its reply is not a completion."""

from __future__ import annotations

from typing import Any, Final

from trueweight.core import (
    Case,
    Channel,
    Choice,
    Event,
    Exchange,
    Mode,
    Protocol,
    Provider,
    Reply,
    RequestSize,
    Span,
    TokenCount,
    Usage,
)
from trueweight.core.example import SampleReply
from trueweight.core.json_value import JsonObject
from trueweight.protocols.errors import error_in
from trueweight.protocols.fields import as_count
from trueweight.protocols.json_text import preview_json, write_json
from trueweight.protocols.messages import request
from trueweight.protocols.reading import Assembler, read_with
from trueweight.protocols.sample import plain

_COUNTED: Final = ("model", "system", "messages", "tools", "tool_choice", "thinking", "output_config", "cache_control")
"""Fields of a request that its count of tokens has."""


class _CountAssembler(Assembler):
    """The count as the input tokens of a reply without content, so that it is compared with the usage of replies."""

    def add(self, document: JsonObject, span: Span, body: bytes | None) -> None:  # noqa: ARG002 - as declared
        self.take_error(document)
        count = as_count(document.get("input_tokens"), "input_tokens", span, self.anomalies)
        self.usage = None if count is None else Usage(input=count)

    def choices(self) -> tuple[Choice, ...]:
        return () if self.usage is None else (Choice(),)


class CountTokens(Protocol):
    """See `trueweight.core.Protocol` for what each method returns."""

    name = "count-tokens"
    title = "the count of tokens"
    path = "/messages/count_tokens"
    completions = False
    beside = "messages"
    modes = (Mode.PLAIN,)

    def headers(self, key: str | None) -> tuple[tuple[str, str], ...]:
        return request.headers(key)

    def cannot_express(self, case: Case) -> str:
        return request.cannot_express(case)

    def body(self, case: Case, provider: Provider, mode: Mode) -> str:  # noqa: ARG002 - as declared
        whole = request.fields_of(case, provider)
        return write_json({name: whole[name] for name in _COUNTED if name in whole})

    def size(self, case: Case, provider: Provider) -> RequestSize | None:  # noqa: ARG002 - as declared
        return None

    def read(self, exchange: Exchange) -> Reply:
        return read_with(exchange, _CountAssembler)

    def sample(self, reply: SampleReply) -> Exchange:
        return plain({"input_tokens": (reply.usage or (0, 0))[0]}, api=self.name)

    def channels(self, event: Event) -> frozenset[Channel]:  # noqa: ARG002 - as declared
        return frozenset()

    def tokens_in(self, body: bytes) -> TokenCount | None:  # noqa: ARG002 - as declared
        return None

    def error_in(self, body: bytes) -> str | None:
        return error_in(body)

    def preview(self, data: Any) -> str:
        return preview_json(data) if isinstance(data, dict) and "input_tokens" in data else ""
