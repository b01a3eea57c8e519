"""A reply: an exchange read leniently. Deviations from the API are kept as anomalies and are not repaired."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from trueweight.core.case import DEFAULT_API
from trueweight.core.price import TokenCount, billed_output

TAG_TOKENS: Final = 4
"""Reasoning tokens that servers count of an empty thought: its two tags and the white space between them."""


class Span(NamedTuple):
    """Half-open byte range ``[start, end)`` of the exchange's (decompressed) body: the place of evidence."""

    start: int
    end: int


class Channel(StrEnum):
    """The part of a choice to which a token belongs."""

    CONTENT = "content"
    REASONING = "reasoning"
    REFUSAL = "refusal"
    TOOL = "tool"


class Finish(StrEnum):
    """Why a choice ended, in words that are the same for every API."""

    STOP = "stop"
    LENGTH = "length"
    CALLS = "calls"
    FILTER = "filter"
    OTHER = "other"


class Anomaly(NamedTuple):
    """A deviation from the API, e.g. ``sse-bad-json``, ``index-missing``, ``done-missing``.

    Attributes:
        choice: index of the choice that deviates; None if the deviation is of the whole reply.
    """

    kind: str
    detail: str
    span: Span | None
    choice: int | None = None


class Event(NamedTuple):
    """One server-sent event (or the one JSON body of a plain reply).

    Attributes:
        ns: arrival of its last byte, after ``t_sched``.
        data: the parsed JSON; None for the event that ends the stream and for data that is not JSON.
        raw: the event's data lines, joined; empty if they are JSON, which is in ``data``.
        name: its ``event`` field; empty if it has none.
    """

    ns: int
    span: Span
    data: Any
    raw: str
    name: str = ""

    @property
    def text(self) -> str:
        """The data as sent, or its JSON without spaces."""
        return self.raw if self.data is None else json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))


class Piece(NamedTuple):
    """Content that came in one event (or in the one body).

    Attributes:
        span: the event.
        length: in characters.
        path: keys and positions that lead to the text inside the event's JSON.
        start: the first character of it in that text; those before it are a thought.
    """

    span: Span
    length: int
    path: tuple[str | int, ...]
    start: int = 0


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call, joined from its fragments. A field that did not come is None.

    Attributes:
        position: order of first appearance, from 0.
        index: the index the server gave; None if missing or if the reply is plain.
        arguments: the arguments text as sent; None if the field never came or was null.
        fragments: number of events that carried a piece of it (1 in a plain reply).
        piece_lengths: characters of each piece of the arguments, in order; empty if the protocol does not keep them.
    """

    position: int
    index: int | None
    id: str | None
    type: str | None
    name: str | None
    arguments: str | None
    span: Span | None = None
    fragments: int = 1
    piece_lengths: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts as reported; None where the server reports none.

    Attributes:
        input: tokens of the prompt, ``cached`` and ``cache_write`` included.
        output: tokens of all choices; most servers include ``reasoning``, some do not.
        cost: USD for the request, as the server states it.
        cache_write: tokens of the prompt that were written to a cache.
    """

    input: int | None = None
    output: int | None = None
    total: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    cache_write: int | None = None

    @property
    def bill(self) -> TokenCount | None:
        """What is billed; None if the counts of prompt or output are missing and the server states no cost."""
        output = billed_output(self.input, self.output, self.total, self.reasoning)
        if self.cost is None and (self.input is None or output is None):
            return None
        return TokenCount(self.input or 0, output or 0, self.cached or 0, self.cost, self.cache_write or 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """One alternative answer of a reply.

    Attributes:
        index: as the server numbers it.
        content, reasoning, refusal: text of that channel; None if the channel never came or was null.
        pieces: where each piece of content is in the body.
        calls: in order of first appearance.
        finish: why it ended; None if the field is absent or null.
        finish_text: the finish reason as sent.
        logprobs: the entries per content token, concatenated; None if never sent.
        reasoning_field: the JSON name of the field that carried reasoning, e.g. ``reasoning_content``; ``content`` for
            a thought between tags in the content.
        reasoning_whole: whether ``reasoning`` is the thought itself: not if the server sent a summary of it, or sent
            part of it encrypted.
    """

    index: int = 0
    content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    pieces: tuple[Piece, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    finish: Finish | None = None
    finish_text: str | None = None
    logprobs: tuple[Mapping[str, Any], ...] | None = None
    reasoning_field: str | None = None
    reasoning_whole: bool = True

    @property
    def thought(self) -> str:
        """The reasoning without white space at its ends: "" for an empty thought, which models write whose thinking is
        off (``<think>\\n\\n</think>``), and for none."""
        return (self.reasoning or "").strip()

    @property
    def thinks(self) -> bool:
        """Whether it has a thought, a part of one or a summary of one. An empty thought is none."""
        return bool(self.thought) or not self.reasoning_whole


_NO_CHOICE = Choice()


@dataclass(frozen=True, slots=True)
class Reply:
    """The final attempt of an exchange, parsed.

    ``content``, ``calls``, ``finish`` and the other properties of a choice are those of the choice with index ``at``.

    Attributes:
        status: HTTP status.
        content_type: as sent, lower-cased, without parameters; None if absent.
        streamed: whether the body was read as server-sent events.
        body: decompressed bytes; every ``Span`` is into these.
        json: the parsed body of a plain reply; None when streamed or not JSON.
        events: server-sent events in order, the one that ends the stream included.
        choices: every choice, in order of index; empty if the reply is not a completion.
        error: the error object of the body or of an event; None if there is none.
        done: whether the API's end-of-stream event came.
        anomalies: all deviations from the API, in order of appearance.
        api: name of the protocol that read it.
        at: index of the choice in view: 0, or another index in the replies that `choice_views` returns.
    """

    status: int
    content_type: str | None
    streamed: bool
    body: bytes
    json: Any = None
    events: tuple[Event, ...] = ()
    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None
    error: Any = None
    model: str | None = None
    response_id: str | None = None
    done: bool = False
    anomalies: tuple[Anomaly, ...] = ()
    api: str = DEFAULT_API
    at: int = 0

    @property
    def text(self) -> str:
        """The body decoded as UTF-8, with U+FFFD for bytes that are not UTF-8. Decoded at each call: one emoji makes it
        four times as large as the body."""
        return self.body.decode("utf-8", "replace")

    @property
    def ok(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300

    @property
    def choice(self) -> Choice:
        """The choice with index ``at``; an empty one if it did not come."""
        choices, at = self.choices, self.at
        if 0 <= at < len(choices) and choices[at].index == at:
            return choices[at]
        for choice in choices:
            if choice.index == at:
                return choice
        return _NO_CHOICE

    @property
    def counts_thought(self) -> bool:
        """Whether usage counts tokens of a thought, and more than the tags of an empty one have."""
        return self.usage is not None and (self.usage.reasoning or 0) > TAG_TOKENS

    @property
    def thinks(self) -> bool:
        """Whether a choice has a thought, or usage counts one."""
        return self.counts_thought or any(choice.thinks for choice in self.choices)

    def choice_views(self) -> tuple[Reply, ...]:
        """One view of this reply for each choice, so that a check of one choice can judge all of them.

        A view is this reply with another ``at``. It has all choices, and the anomalies of its choice and of the whole
        reply. For a reply without choices the result is the reply itself.
        """
        if len(self.choices) < 2 and all(choice.index == self.at for choice in self.choices):
            return (self,)
        return tuple(
            replace(
                self,
                at=one.index,
                anomalies=tuple(a for a in self.anomalies if a.choice is None or a.choice == one.index),
            )
            for one in self.choices
        )

    @property
    def content(self) -> str | None:
        """Text of the choice; None if it never came or was null."""
        return self.choice.content

    @property
    def reasoning(self) -> str | None:
        """Reasoning text of the choice; None if it never came or was null."""
        return self.choice.reasoning

    @property
    def thought(self) -> str:
        """Reasoning text of the choice without white space at its ends; "" if there is none."""
        return self.choice.thought

    @property
    def refusal(self) -> str | None:
        """Refusal text of the choice; None if it never came or was null."""
        return self.choice.refusal

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Where each piece of the choice's content is in the body."""
        return self.choice.pieces

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Tool calls of the choice, in order of first appearance."""
        return self.choice.calls

    @property
    def finish(self) -> Finish | None:
        """Why the choice ended; None if the field is absent or null."""
        return self.choice.finish

    @property
    def finish_text(self) -> str | None:
        """The finish reason of the choice as sent; None if the field is absent or null."""
        return self.choice.finish_text

    @property
    def logprobs(self) -> tuple[Mapping[str, Any], ...] | None:
        """Log-probability entries of the choice's content tokens; None if never sent."""
        return self.choice.logprobs

    @property
    def reasoning_field(self) -> str | None:
        """The JSON name of the field that carried the choice's reasoning; None if none came."""
        return self.choice.reasoning_field
