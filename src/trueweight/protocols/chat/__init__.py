"""Chat completions (``POST /chat/completions``). Requests of cases are written in the shape of this API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from trueweight.core import (
    PROTOCOLS,
    Case,
    Channel,
    Event,
    Exchange,
    Mode,
    ProfileHistory,
    Protocol,
    Provider,
    Reply,
    RequestSize,
    TokenCount,
)
from trueweight.core.example import SampleReply
from trueweight.protocols.chat import events, request, usage
from trueweight.protocols.chat.history import rewrite_history
from trueweight.protocols.chat.reasoning import DETAILS, FIELDS, PARTS, THOUGHT
from trueweight.protocols.chat.reply import ChatAssembler
from trueweight.protocols.chat.sample import write_sample
from trueweight.protocols.errors import error_in
from trueweight.protocols.fields import may_state_cost
from trueweight.protocols.reading import read_with


class Chat(Protocol):
    """See `trueweight.core.Protocol` for what each method returns."""

    name = "chat"
    title = "chat completions"
    path = "/chat/completions"
    names = MappingProxyType(
        {
            "finish": "finish_reason",
            "input": "prompt_tokens",
            "output": "completion_tokens",
            "total": "total_tokens",
            "calls": "tool_calls",
            "reasoning": THOUGHT,
        }
    )
    thoughts = (*FIELDS, DETAILS, PARTS)
    fields = request.FIELDS
    private = request.PRIVATE
    message_fields = request.MESSAGE_FIELDS
    fresh = re.compile(rb'"(?:id|created)": ?(?:"([\w-]{8,200})"|([12]\d{9})(?![\d.eE]))')

    def rewrite_history(self, messages: Sequence[Any], history: ProfileHistory, *, thinks: bool) -> list[Any]:
        return rewrite_history(messages, history, thinks=thinks)

    def body(self, case: Case, provider: Provider, mode: Mode) -> str:
        return request.body(case, provider, mode)

    def size(self, case: Case, provider: Provider) -> RequestSize | None:
        return request.size(case, provider)

    def read(self, exchange: Exchange) -> Reply:
        return read_with(exchange, ChatAssembler)

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


PROTOCOLS.add(Chat.name, Chat())
