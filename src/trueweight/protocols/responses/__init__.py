"""Responses (``POST /responses``)."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

from trueweight.core import (
    PROTOCOLS,
    Case,
    Channel,
    Event,
    Exchange,
    Mode,
    Protocol,
    Provider,
    Reply,
    RequestSize,
    TokenCount,
)
from trueweight.core.example import SampleReply
from trueweight.protocols.errors import error_in
from trueweight.protocols.fields import may_state_cost
from trueweight.protocols.reading import read_with
from trueweight.protocols.responses import events, items, request, usage
from trueweight.protocols.responses.reply import ResponsesAssembler, error_of_document
from trueweight.protocols.responses.sample import write_sample


class Responses(Protocol):
    """See `trueweight.core.Protocol` for what each method returns."""

    name = "responses"
    title = "Responses"
    path = "/responses"
    continues = True
    names = MappingProxyType(
        {
            "finish": "status",
            "input": "input_tokens",
            "output": "output_tokens",
            "total": "total_tokens",
            "limit": "max_output_tokens",
            "calls": "arguments",
            "reasoning": "reasoning",
        }
    )
    thoughts = (items.THOUGHT, items.SUMMARY, items.SEALED)
    fields = request.FIELDS
    private = request.PRIVATE
    message_fields = frozenset({"type", "role", "content", "id", "status"})
    fresh = re.compile(
        rb'"(?:id|item_id|call_id|created_at|completed_at)": ?(?:"([\w-]{8,200})"|([12]\d{9})(?![\d.eE]))'
    )

    def cannot_express(self, case: Case) -> str:
        return request.cannot_express(case)

    def left_out(self, case: Case) -> tuple[str, ...]:
        return request.left_out(case)

    def continuing(self, case: Case, previous: str) -> Case:
        return request.continuing(case, previous)

    def stored_id(self, body: bytes) -> str:
        return request.stored_id(body)

    def body(self, case: Case, provider: Provider, mode: Mode) -> str:
        return request.body(case, provider, mode)

    def size(self, case: Case, provider: Provider) -> RequestSize | None:
        return request.size(case, provider)

    def read(self, exchange: Exchange) -> Reply:
        return read_with(exchange, ResponsesAssembler)

    def sample(self, reply: SampleReply) -> Exchange:
        return write_sample(reply)

    def channels(self, event: Event) -> frozenset[Channel]:
        return events.channels_of(event)

    def tokens_in(self, body: bytes) -> TokenCount | None:
        return usage.tokens_in(body)

    def may_state_cost(self, body: bytes) -> bool:
        return may_state_cost(body)

    def error_in(self, body: bytes) -> str | None:
        return error_in(body, error_of_document)

    def preview(self, data: Any) -> str:
        return events.preview(data)


PROTOCOLS.add(Responses.name, Responses())
