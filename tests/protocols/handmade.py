"""Exchanges made by hand, as the package makes its examples, and what reading finds odd in them."""

from __future__ import annotations

from typing import Any

from trueweight.core import Exchange, Reply, Span
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import call, chunk, message, usage_chunk, usage_of
from trueweight.protocols.sample import JSON_TYPE, SSE_TYPE, exchange, json_bytes, plain, sse, stream

__all__ = [
    "JSON_TYPE",
    "SSE_TYPE",
    "call",
    "chunk",
    "exchange",
    "facts",
    "json_bytes",
    "kinds",
    "message",
    "plain",
    "spans",
    "sse",
    "stream",
    "usage_chunk",
    "usage_of",
]


def kinds(made: Exchange) -> list[str]:
    """The kinds of the anomalies that reading finds."""
    return [anomaly.kind for anomaly in read_reply(made).anomalies]


def facts(reply: Reply) -> tuple[Any, ...]:
    """What a reply says, whether it came whole or as a stream."""
    calls = [(one.id, one.type, one.name, one.arguments) for one in reply.calls]
    return (reply.content, reply.reasoning, calls, reply.finish, reply.usage, reply.model, reply.response_id)


def spans(reply: Reply) -> list[Span]:
    """Every place in the body that reading names: of anomalies, of calls and of pieces of text."""
    found = [one.span for one in (*reply.anomalies, *reply.calls, *reply.pieces)]
    return [span for span in found if span is not None]
