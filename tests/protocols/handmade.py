"""Exchanges made by hand, as the package makes its examples, and what reading finds odd in them."""

from __future__ import annotations

from trueweight.core import Exchange
from trueweight.protocols import read_reply
from trueweight.protocols.chat.sample import call, chunk, message, usage_chunk, usage_of
from trueweight.protocols.sample import JSON_TYPE, SSE_TYPE, exchange, json_bytes, plain, sse, stream

__all__ = [
    "JSON_TYPE",
    "SSE_TYPE",
    "call",
    "chunk",
    "exchange",
    "json_bytes",
    "kinds",
    "message",
    "plain",
    "sse",
    "stream",
    "usage_chunk",
    "usage_of",
]


def kinds(made: Exchange) -> list[str]:
    """The kinds of the anomalies that reading finds."""
    return [anomaly.kind for anomaly in read_reply(made).anomalies]
