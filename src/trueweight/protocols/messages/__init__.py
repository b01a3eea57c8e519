"""The Messages API (``POST /messages``) of Anthropic, as hosts of open models serve it, and its count of tokens.

Source: https://platform.claude.com/docs/en/api/messages and https://platform.claude.com/docs/en/api/messages-streaming
"""

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
from trueweight.protocols.messages import events, request, usage
from trueweight.protocols.messages.count import CountTokens
from trueweight.protocols.messages.reply import MessageAssembler
from trueweight.protocols.messages.sample import write_sample
from trueweight.protocols.reading import read_with


class MessagesApi(Protocol):
    """See `trueweight.core.Protocol` for what each method returns."""

    name = "messages"
    title = "Messages"
    path = "/messages"
    elsewhere = ("/anthropic/v1", "/api/anthropic/v1")
    names = MappingProxyType(
        {
            "finish": "stop_reason",
            "input": "input_tokens",
            "output": "output_tokens",
            "total": "output_tokens",
            "calls": "content",
            "reasoning": "thinking",
        }
    )
    thoughts = ("thinking",)
    fields = request.FIELDS
    private = request.PRIVATE
    message_fields = request.MESSAGE_FIELDS
    # Arguments are JSON of the body here, and may have an id too: of blocks and messages the type is beside it.
    fresh = re.compile(rb'"id": ?"([\w-]{8,200})", ?"type": ?"message"|"type": ?"tool_use", ?"id": ?"([\w-]{8,200})"')

    def headers(self, key: str | None) -> tuple[tuple[str, str], ...]:
        return request.headers(key)

    def cannot_express(self, case: Case) -> str:
        return request.cannot_express(case)

    def left_out(self, case: Case) -> tuple[str, ...]:
        return ("seed",) if case.request.get("seed") is not None else ()

    def body(self, case: Case, provider: Provider, mode: Mode) -> str:
        return request.body(case, provider, mode)

    def size(self, case: Case, provider: Provider) -> RequestSize | None:
        return request.size(case, provider)

    def read(self, exchange: Exchange) -> Reply:
        return read_with(exchange, MessageAssembler)

    def sample(self, reply: SampleReply) -> Exchange:
        return write_sample(reply)

    def channels(self, event: Event) -> frozenset[Channel]:
        return events.channels_of(event)

    def tokens_in(self, body: bytes) -> TokenCount | None:
        return usage.tokens_in(body)

    def may_state_cost(self, body: bytes) -> bool:
        return may_state_cost(body)

    def error_in(self, body: bytes) -> str | None:
        return error_in(body)

    def preview(self, data: Any) -> str:
        return events.preview(data)


PROTOCOLS.add(MessagesApi.name, MessagesApi())
PROTOCOLS.add(CountTokens.name, CountTokens())
