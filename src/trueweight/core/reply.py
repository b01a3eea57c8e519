"""A reply: what an exchange says when read leniently, with every oddity kept as an anomaly instead of repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Span(NamedTuple):
    """Half-open byte range ``[start, end)`` of the exchange's (decompressed) body: where evidence stands."""

    start: int
    end: int


class Channel(StrEnum):
    """Where a token can arrive."""

    CONTENT = "content"
    REASONING = "reasoning"
    REFUSAL = "refusal"
    TOOL = "tool"


class Anomaly(NamedTuple):
    """Something the API does not promise, e.g. ``sse-bad-json``, ``index-missing``, ``done-missing``."""

    kind: str
    detail: str
    span: Span | None


class Event(NamedTuple):
    """One server-sent event (or the one JSON body of a plain reply).

    Attributes:
        ns: arrival of its last byte, after ``t_sched``.
        data: the parsed JSON; None for ``[DONE]`` and for what is not JSON.
        raw: the event's data lines, joined.
    """

    ns: int
    span: Span
    data: Any
    raw: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call as the fragments add up. Absent stays None; nothing is filled in.

    Attributes:
        position: order of first appearance, from 0.
        index: the ``index`` the server gave; None if missing or if the reply is plain.
        arguments: the arguments text as sent; None if the field never came or was null.
        fragments: how many deltas carried a piece of it (1 in a plain reply).
    """

    position: int
    index: int | None
    id: str | None
    type: str | None
    name: str | None
    arguments: str | None
    span: Span | None = None
    fragments: int = 1


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as reported; None where the server said nothing."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the final attempt of an exchange says.

    Attributes:
        status: HTTP status.
        content_type: as sent, lower-cased, without parameters; None if absent.
        streamed: whether the body was read as server-sent events.
        body: decompressed bytes; every ``Span`` is into these.
        text: the body decoded as UTF-8 with replacement of what is not UTF-8.
        json: the parsed body of a plain reply; None when streamed or not JSON.
        events: server-sent events in order, ``[DONE]`` included.
        content, reasoning, refusal: text of that channel of choice 0; None if the channel never came or was null.
        content_spans: where each piece of content stands in the body, with its length in characters.
        tool_calls: calls of choice 0 in order of first appearance.
        finish_reason: of choice 0; None if absent or null.
        choices: how many distinct choices came.
        logprobs: the ``logprobs.content`` entries of choice 0, concatenated; None if never sent.
        error: the ``error`` object of the body or of an event, if there is one.
        reasoning_field: the name under which reasoning came, e.g. ``reasoning_content``.
        anomalies: everything that is not as the API promises, in order of appearance.
    """

    status: int
    content_type: str | None
    streamed: bool
    body: bytes
    text: str
    json: Any = None
    events: tuple[Event, ...] = ()
    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    content_spans: tuple[tuple[Span, int], ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    choices: int = 0
    usage: Usage | None = None
    logprobs: tuple[Mapping[str, Any], ...] | None = None
    error: Any = None
    model: str | None = None
    response_id: str | None = None
    reasoning_field: str | None = None
    done: bool = False
    anomalies: tuple[Anomaly, ...] = field(default_factory=tuple)

    @property
    def ok(self) -> bool:
        """A 2xx."""
        return 200 <= self.status < 300
