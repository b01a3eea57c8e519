"""Reads server-sent events from bytes: each event with its span, each deviation as an anomaly.

The reader works on the whole body after the stream has ended, so it cannot depend on how the body was cut into chunks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from trueweight.core import Span
from trueweight.protocols.anomalies import Anomalies, Kind

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_MOST_EVENTS, _MOST_OF_LARGE, _BYTES_PER_EVENT, _LINES_PER_EVENT = 40_000, 130_000, 210, 5
_FEW_EVENTS, _SMALLEST_EVENT = 5_000, 50
"""A stream of more events than the first, shorter than the second on average, in bytes, is no answer of any API: an
event with one token of the Messages API has 116 bytes, one of chat completions without ids and names 60."""
_FIELDS = frozenset({b"event", b"data", b"id", b"retry"})
_ENDINGS = {b"\r\n": Kind.SSE_CRLF, b"\r": Kind.SSE_CR}


class SseEvent(NamedTuple):
    """One event.

    Attributes:
        span: from the first byte of its first field to the last byte of its last field, without the line end. The event
            has arrived when the byte before ``span.end`` has.
        data: its data lines, joined by newlines; bytes that are not UTF-8 are U+FFFD.
        name: its ``event`` field; empty if it has none.
    """

    span: Span
    data: str
    name: str = ""


@dataclass(slots=True)
class _Open:
    """The event whose end has not come yet."""

    start: int = -1
    end: int = -1
    data: list[bytes] = field(default_factory=list)
    name: bytes = b""

    def take(self, line: Span) -> None:
        if self.start < 0:
            self.start = line.start
        self.end = line.end


def looks_like_sse(body: bytes) -> bool:
    """Whether the first line that is not blank is a field or a comment of server-sent events."""
    head = body[:4096].removeprefix(_BOM).lstrip()
    return head.startswith((b"data:", b"event:", b"id:", b"retry:", b":"))


def read_sse(body: bytes, anomalies: Anomalies) -> Iterator[SseEvent]:
    """All events of a body, one at a time. A block of lines without data is not an event. The last event may lack its
    blank line.

    Of a body of tiny events or lines only the first ones are read: 5,000 events of under 50 bytes, and five lines for
    each event that may be read. The anomaly ``sse-many`` says so. Of other bodies 40,000 events are read, and one for
    every 210 bytes of a larger one, at most 130,000. Longer streams may be answers: ``sse-unread`` says that the rest
    was not read.
    """
    most = max(_MOST_EVENTS, min(_MOST_OF_LARGE, len(body) // _BYTES_PER_EVENT))
    start = 0
    if body.startswith(_BOM):
        anomalies.add(Kind.SSE_BOM, span=Span(0, len(_BOM)))
        start = len(_BOM)
    events = 0
    current = _Open()
    for number, line in enumerate(_lines(body, start, anomalies)):
        few = events < _FEW_EVENTS and number < _FEW_EVENTS
        if not few and (kind := _too_many(events, number, line.start, most)) is not None:
            anomalies.add(kind, f"more than {events} events in {number} lines", line)
            return
        if line.start == line.end:
            closed, current = current, _Open()
            if closed.data:
                events += 1
                yield _event(closed, anomalies)
        else:
            _take_line(body, line, current, anomalies)
    if current.data:
        anomalies.add(Kind.SSE_UNTERMINATED, span=Span(current.start, current.end))
        yield _event(current, anomalies)


def _too_many(events: int, lines: int, size: int, most: int) -> Kind | None:
    """Whether no more events are read after these, and whether they are an answer of any API."""
    if lines >= most * _LINES_PER_EVENT or (events >= _FEW_EVENTS and size < events * _SMALLEST_EVENT):
        return Kind.SSE_MANY
    return Kind.SSE_UNREAD if events >= most else None


def _lines(body: bytes, start: int, anomalies: Anomalies) -> Iterator[Span]:
    seen: set[bytes] = set()
    for ending in _LINE_END.finditer(body, start):
        at, after = ending.span()
        mark = body[at:after]
        if mark != b"\n" and mark not in seen:
            seen.add(mark)
            anomalies.add(_ENDINGS[mark], span=Span(at, after))
        yield Span(start, at)
        start = after
    if start < len(body):
        yield Span(start, len(body))


def _take_line(body: bytes, line: Span, current: _Open, anomalies: Anomalies) -> None:
    name, colon, value = body[line.start : line.end].partition(b":")
    if colon and not name:
        return  # a comment: servers keep connections alive with them
    if name not in _FIELDS:
        words = body[line.start : min(line.end, line.start + 60)].decode("utf-8", "replace")
        anomalies.add(Kind.SSE_NOT_A_FIELD, f"line {words!r}", line)
        return
    value = value.removeprefix(b" ")
    current.take(line)
    if name == b"data":
        current.data.append(value)
    elif name == b"event":
        current.name = value


def _event(current: _Open, anomalies: Anomalies) -> SseEvent:
    span = Span(current.start, current.end)
    if len(current.data) > 1:
        anomalies.add(Kind.SSE_MULTI_LINE, f"{len(current.data)} data lines", span)
    data = b"\n".join(current.data).decode("utf-8", "replace")
    name = current.name.decode("utf-8", "replace")
    if not data:
        anomalies.add(Kind.SSE_EMPTY_DATA, span=span)
    return SseEvent(span, data, name)
