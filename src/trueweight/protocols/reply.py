"""``read_reply``: what the final attempt of an exchange says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trueweight.core import Event, Exchange, Mode, Reply, Span
from trueweight.protocols.anomalies import Anomalies, Kind
from trueweight.protocols.assemble import Assembler
from trueweight.protocols.body import Body, note_bad_utf8, unpack
from trueweight.protocols.json_text import parse_json
from trueweight.protocols.locate import values
from trueweight.protocols.sse import SseEvent, looks_like_sse, read_sse

_SSE_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The documents of a body, read either way."""

    events: tuple[Event, ...] = ()
    json: Any = None
    done: bool = False


def read_reply(exchange: Exchange) -> Reply:
    """Read the final attempt's body by what it is, whatever its Content-Type claims. Never raises on any body.

    Raises:
        ValueError: if the exchange brought no answer to read (``exchange.judgeable`` is False).
    """
    attempt = exchange.final
    if not exchange.judgeable or attempt.status is None:
        raise ValueError(f"trial {exchange.trial} brought no answer to read")
    anomalies = Anomalies()
    body = unpack(attempt, anomalies)
    text = note_bad_utf8(body.data, anomalies)
    content_type = _media_type(attempt.header("content-type"))
    streamed = looks_like_sse(body.data) or (content_type == _SSE_TYPE and not _looks_like_json(body.data))
    ok = 200 <= attempt.status < 300
    _note_format(body.data, content_type, anomalies, streamed=streamed, asked=exchange.mode, ok=ok)
    sums = Assembler(anomalies, streamed=streamed)
    # What is only fetched, the list of models, is no completion: its JSON is kept, and not taken apart.
    said = exchange.request.method != "GET"
    parsed = _read_stream(body, sums, anomalies) if streamed else _read_plain(body, text, sums, anomalies, said=said)
    calls = sums.calls.calls()
    return Reply(
        status=attempt.status,
        content_type=content_type,
        streamed=streamed,
        body=body.data,
        text=text,
        json=parsed.json,
        events=parsed.events,
        content=sums.text("content"),
        reasoning=sums.text("reasoning"),
        refusal=sums.text("refusal"),
        content_spans=tuple(sums.content_spans),
        tool_calls=calls,
        finish_reason=sums.finish_reason,
        choices=sums.choices,
        usage=sums.usage,
        logprobs=sums.logprobs,
        error=sums.error,
        model=sums.model,
        response_id=sums.response_id,
        reasoning_field=sums.reasoning_field,
        done=parsed.done,
        anomalies=anomalies.in_order(),
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


def _read_plain(body: Body, text: str, sums: Assembler, anomalies: Anomalies, *, said: bool) -> _Parsed:
    if not body.data:
        return _Parsed()
    whole = Span(0, len(body.data))
    document = parse_json(text.removeprefix("\ufeff"))
    for kind, detail in document.oddities:
        anomalies.add(kind, detail, whole)
    if not document.ok:
        anomalies.add(Kind.JSON_BAD, document.error, whole)
        return _Parsed()
    sums.add(document.value, whole, _call_spans(body.data), said=said)
    return _Parsed(json=document.value)


def _call_spans(data: bytes) -> dict[tuple[int, int], Span]:
    """Where each tool call of a plain body stands, by place of its choice and its own."""
    if b"tool_calls" not in data:
        return {}
    found: dict[tuple[int, int], Span] = {}
    for path, span in values(data):
        if len(path) == 5 and path[0] == "choices" and path[2:4] == ("message", "tool_calls"):
            choice, call = path[1], path[4]
            if isinstance(choice, int) and isinstance(call, int):
                found[choice, call] = span
    return found


def _read_stream(body: Body, sums: Assembler, anomalies: Anomalies) -> _Parsed:
    events: list[Event] = []
    done = False
    for event in read_sse(body.data, anomalies):
        if done:
            anomalies.add(Kind.DATA_AFTER_DONE, span=event.span)
        data = None if event.is_done else _read_event(event, sums, anomalies)
        done |= event.is_done
        events.append(Event(body.ns_at(event.span.end - 1), event.span, data, event.data))
    if not done:
        anomalies.add(Kind.DONE_MISSING)
    return _Parsed(events=tuple(events), done=done)


def _read_event(event: SseEvent, sums: Assembler, anomalies: Anomalies) -> Any:
    if not event.data:
        return None
    document = parse_json(event.data)
    for kind, detail in document.oddities:
        anomalies.add(kind, detail, event.span)
    if not document.ok:
        anomalies.add(Kind.SSE_BAD_JSON, document.error, event.span)
    elif event.name == "error" and not (isinstance(document.value, dict) and document.value.get("error")):
        sums.error = sums.error if sums.error is not None else document.value
    else:
        sums.add(document.value, event.span)
    return document.value
