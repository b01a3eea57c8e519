"""Reads the bytes of an exchange into a reply: the part that is the same for every API.

The rest is an `Assembler` of the protocol, which joins the JSON documents of a body to choices.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, TypeVar

from trueweight.core import PROTOCOLS, Choice, Event, Exchange, Mode, Provider, Reply, Span, TokenCount, Usage, bill
from trueweight.core.json_value import JsonObject
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.body import Body, note_bad_utf8, unpack
from trueweight.protocols.errors import error_of
from trueweight.protocols.json_text import MAX_WEIGHT, MAX_WIDE, ParsedJson, forget_parsed, parse_json
from trueweight.protocols.sse import SseEvent, looks_like_sse, read_sse
from trueweight.protocols.thought import take_thought

K = TypeVar("K")
T = TypeVar("T")

_SSE_TYPE = "text/event-stream"
_WEIGHT_OF_EVENT, _WEIGHT_OF_STREAM, _WEIGHT_PER_BYTE = 300, 92 * 1024 * 1024, 11
"""Bytes of memory, by estimate, of an event without its JSON; those allowed for a stream, and for each byte of a large
one."""


class Assembler(ABC):
    """Joins the JSON documents of one body: the one of a plain reply, or those of a stream's events, in order.

    Attributes:
        end: what every stream of the API ends with. It is the data of an event without a document, or, if `is_end` is
            overridden, the name of an event with one. Empty if the API declares no such event.
        trailer: data without a document that may follow the end, as ``[DONE]`` after a named last event.
        usage, error, model, response_id: of the reply, from the documents so far.
    """

    end: ClassVar[str] = ""
    trailer: ClassVar[str] = ""

    def __init__(self, anomalies: Anomalies, *, streamed: bool) -> None:
        self.anomalies = anomalies
        self.streamed = streamed
        self.usage: Usage | None = None
        self.error: Any = None
        self.model: str | None = None
        self.response_id: str | None = None

    @abstractmethod
    def add(self, document: JsonObject, span: Span, body: bytes | None) -> None:
        """Take one JSON object, which is at ``span``; ``body`` is the whole body of a plain reply, None in a stream."""

    def add_event(self, event: SseEvent, document: Any) -> None:
        """Take the JSON of one event. The data of an event named ``error`` is an error, whatever its shape."""
        if event.name == "error":
            self._keep_error(error_of(document, named=True))
        else:
            self.add_value(document, event.span, None)

    def add_value(self, document: Any, span: Span, body: bytes | None) -> None:
        """Take one JSON value. A value that is not an object becomes an anomaly."""
        if isinstance(document, dict):
            self.add(document, span, body)
            return
        self.anomalies.add(Kind.NOT_AN_OBJECT, span=span)
        if isinstance(document, list) and document and isinstance(document[0], dict):
            self.take_error(document[0])  # some gateways wrap errors in a list

    def take_error(self, document: JsonObject) -> None:
        """Keep the first error that a document reports."""
        self._keep_error(error_of(document))

    def _keep_error(self, found: Any) -> None:
        if self.error is None:
            self.error = found

    def is_end(self, event: SseEvent) -> bool:
        """Whether an event ends the stream: by default if its data is ``end``."""
        return bool(self.end) and event.data.strip() == self.end

    def choices(self) -> tuple[Choice, ...]:
        """Every choice, in order of index. By default none, for an API without completions."""
        return ()


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The parsed body: events of a stream, or the JSON of a plain reply."""

    events: tuple[Event, ...] = ()
    json: Any = None
    done: bool = False


def read_reply(exchange: Exchange) -> Reply:
    """Read the final attempt's body with the exchange's protocol. It raises for no body, however malformed.

    Raises:
        ValueError: if the exchange brought no answer to read (``exchange.judgeable`` is False).
        ConfigError: ``unknown-protocol`` if its API is not installed.
    """
    return PROTOCOLS.get(exchange.api).read(exchange)


def kept_for_reply(find: Callable[[Reply], T]) -> Callable[[Reply], T]:
    """The same function of a reply's parsed body alone. It keeps its last result, because checks judge one reply one
    after the other. The views of a reply, which differ in the choice, share it."""
    recent: list[tuple[Reply, T]] = []
    _kept.append(recent)

    @wraps(find)
    def found(reply: Reply) -> T:
        last = recent[0] if recent else None
        if last is None or last[0].events is not reply.events or last[0].json is not reply.json:
            last = (reply, find(reply))
            recent[:] = [last]
        return last[1]

    return found


_kept: list[list[Any] | dict[Any, Any]] = []
"""What each function of `kept_for_reply` keeps, and each cache of `forgotten_with_reply`."""


def forgotten_with_reply(cache: dict[K, T]) -> dict[K, T]:
    """A cache that is emptied when a reply was judged, so that what a reply takes does not depend on the one before."""
    _kept.append(cache)
    return cache


@contextmanager
def forgetting_reply() -> Iterator[None]:
    """At the end, free what is kept of the last reply: beside the next one it could be as large again."""
    try:
        yield
    finally:
        forget_parsed()
        for recent in _kept:
            recent.clear()


def read_with(exchange: Exchange, make: Callable[..., Assembler]) -> Reply:
    """Read the final attempt's body as a stream or as one document, by its bytes first and its Content-Type second.

    Args:
        make: the protocol's `Assembler` class.

    Raises:
        ValueError: if the exchange brought no answer to read.
    """
    attempt = exchange.final
    if not exchange.judgeable or attempt.status is None:
        raise ValueError(f"trial {exchange.trial} brought no answer to read")
    anomalies = Anomalies()
    body = unpack(attempt, anomalies)
    note_bad_utf8(body.data, anomalies)
    content_type = _media_type(attempt.header("content-type"))
    streamed = looks_like_sse(body.data) or (content_type == _SSE_TYPE and not _looks_like_json(body.data))
    ok = 200 <= attempt.status < 300
    _note_format(body.data, content_type, anomalies, streamed=streamed, asked=exchange.mode, ok=ok)
    assembler = make(anomalies, streamed=streamed)
    parsed = _read_stream(body, assembler, anomalies) if streamed else _read_plain(body, assembler, anomalies)
    choices = tuple(take_thought(choice, exchange.request.body) for choice in assembler.choices())
    return Reply(
        status=attempt.status,
        content_type=content_type,
        streamed=streamed,
        body=body.data,
        json=parsed.json,
        events=parsed.events,
        choices=choices,
        usage=assembler.usage,
        error=assembler.error,
        model=assembler.model,
        response_id=assembler.response_id,
        done=parsed.done,
        anomalies=anomalies.in_order(),
        api=exchange.api,
    )


def _media_type(header: str | None) -> str | None:
    return None if header is None else header.partition(";")[0].strip().lower()


def _looks_like_json(data: bytes) -> bool:
    return data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"["))


def _note_format(
    data: bytes, content_type: str | None, anomalies: Anomalies, *, streamed: bool, asked: Mode, ok: bool
) -> None:
    if not data:
        anomalies.add(Kind.BODY_EMPTY)
        return
    if data[:4096].lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        anomalies.add(Kind.BODY_HTML, span=Span(0, min(len(data), 200)))
    if content_type is None:
        anomalies.add(Kind.CONTENT_TYPE_MISSING)
    elif streamed != (content_type == _SSE_TYPE) or not (streamed or content_type.endswith("json")):
        form = "server-sent events" if streamed else "no stream"
        anomalies.add(Kind.CONTENT_TYPE_MISMATCH, f"Content-Type {content_type[:80]!r}, but the body is {form}")
    if ok and streamed and asked is Mode.PLAIN:
        anomalies.add(Kind.STREAM_UNASKED)
    if ok and not streamed and asked is Mode.STREAM:
        anomalies.add(Kind.STREAM_IGNORED)


def _read_plain(body: Body, assembler: Assembler, anomalies: Anomalies) -> _Parsed:
    if not body.data:
        return _Parsed()
    whole = Span(0, len(body.data))
    text = body.data.decode("utf-8", "replace").removeprefix("\ufeff")
    document = parse_json(text, limit=MAX_WEIGHT, once=True)
    del text
    for kind, detail in document.oddities:
        anomalies.add(kind, detail, whole)
    if not document.ok:
        anomalies.add(Kind.JSON_BAD, document.error, whole)
        return _Parsed()
    assembler.add_value(document.value, whole, body.data)
    return _Parsed(json=document.value)


def _read_stream(body: Body, assembler: Assembler, anomalies: Anomalies) -> _Parsed:
    events: list[Event] = []
    done, wide = False, 0
    weight = max(_WEIGHT_OF_STREAM, _WEIGHT_PER_BYTE * len(body.data))
    for event in read_sse(body.data, anomalies):
        if assembler.trailer and event.data.strip() == assembler.trailer:
            events.append(Event(body.ns_at(event.span.end - 1), event.span, None, event.data, event.name))
            continue
        if done:
            anomalies.add(Kind.DATA_AFTER_DONE, f"events after {assembler.end}", event.span)
        ends = assembler.is_end(event)
        bare = ends and event.data.strip() == assembler.end
        document = None if bare or not event.data else _read_event(event, assembler, anomalies, min(weight, MAX_WEIGHT))
        data = None if document is None else document.value
        # APIs whose events have names write each one's name into its data too.
        if event.name not in ("", "message") and not (isinstance(data, dict) and data.get("type") == event.name):
            anomalies.add(Kind.SSE_NAMED, f"event: {event.name[:80]}", event.span)
        wide += 0 if document is None else document.wide
        weight -= _WEIGHT_OF_EVENT if document is None else _WEIGHT_OF_EVENT + document.weight
        done |= ends
        raw = event.data if data is None else ""
        events.append(Event(body.ns_at(event.span.end - 1), event.span, data, raw, event.name))
        if wide > MAX_WIDE:
            anomalies.add(Kind.JSON_LARGE, "more text with wide characters than is read of one reply", event.span)
            break
    cut = any(one.kind in (Kind.SSE_MANY, Kind.SSE_UNREAD, Kind.JSON_LARGE) for one in anomalies.in_order())
    if assembler.end and not done and not cut:
        anomalies.add(Kind.DONE_MISSING, f"the stream ends without {assembler.end}")
    return _Parsed(events=tuple(events), done=done)


def _read_event(event: SseEvent, assembler: Assembler, anomalies: Anomalies, limit: int) -> ParsedJson:
    document = parse_json(event.data, limit=limit, once=True)
    for kind, detail in document.oddities:
        anomalies.add(kind, detail, event.span)
    if not document.ok:
        anomalies.add(Kind.SSE_BAD_JSON, document.error, event.span)
        if event.name == "error":
            assembler.take_error({"error": event.data})
    else:
        assembler.add_event(event, document.value)
    return document


def cost_of(provider: Provider, exchange: Exchange, reply: Reply | None) -> float | None:
    """What an exchange cost, in USD: all attempts that reported usage.

    A price per request alone needs no usage of an answer.

    Returns:
        None if no attempt reported usage, if there is neither a price nor a stated cost, or if the answer itself does
        not say what it used.
    """
    protocol = PROTOCOLS.get(exchange.api)
    read = None if reply is None or reply.usage is None else reply.usage.bill  # from the decompressed body
    attempts = exchange.attempts if read is None else exchange.attempts[:-1]
    reported = [protocol.tokens_in(attempt.body) for attempt in attempts]
    if read is not None:
        reported.append(read)
    if reply is not None and reply.ok and reported[-1] is None:
        if provider.price is None or not provider.price.by_request_only:
            return None
        reported[-1] = TokenCount(0, 0)
    charges = [bill(provider.price, tokens) for tokens in reported if tokens is not None]
    known = [charge for charge in charges if charge is not None]
    return sum(known) if known and len(known) == len(charges) else None
