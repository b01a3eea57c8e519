"""The SSE reader: lenient to all that the specification allows, and each breach keeps its name."""

from __future__ import annotations

import pytest

from trueweight.read import read_sse
from trueweight.read.anomalies import Anomalies


def events(body: bytes) -> tuple[list[str], list[str]]:
    anomalies = Anomalies()
    return [event.data for event in read_sse(body, anomalies)], [a.kind for a in anomalies.in_order()]


@pytest.mark.parametrize(
    ("body", "data", "oddities"),
    [
        (b"data: a\n\ndata: b\n\n", ["a", "b"], []),
        (b"data:a\n\n", ["a"], []),
        (b": ping\n\ndata: a\n\n: pong\n\n", ["a"], []),
        (b"id: 7\nretry: 10\ndata: a\n\n", ["a"], []),
        (b"event: message\ndata: a\n\n", ["a"], []),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"], ["sse-crlf"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"], ["sse-cr"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"], ["sse-bom"]),
        (b"data: a\ndata: b\n\n", ["a\nb"], ["sse-multi-line"]),
        (b"event: error\ndata: a\n\n", ["a"], ["sse-named"]),
        (b"data: a\n\ndata: b", ["a", "b"], ["sse-unterminated"]),
        (b"data: a\n\ndata: b\n", ["a", "b"], ["sse-unterminated"]),
        (b"data:\n\n", [""], ["sse-empty-data"]),
        (b'{"a":1}\n\ndata: a\n\n', ["a"], ["sse-not-a-field"]),
        (b"event: ping\n\n", [], []),
        (b"", [], []),
    ],
)
def test_every_form_of_event_is_read_and_every_breach_named(body: bytes, data: list[str], oddities: list[str]) -> None:
    """Comments, ids and retry are healthy; other line ends, names and missing ends are read and named."""
    assert events(body) == (data, oddities)


def test_a_span_holds_the_fields_of_its_event_and_no_line_end() -> None:
    """``body[span]`` begins with the first field and ends with the last byte of the last one."""
    body = b": c\n\nid: 1\r\ndata: xy\r\n\r\ndata: z\n\n"
    assert [body[e.span.start : e.span.end] for e in read_sse(body, Anomalies())] == [b"id: 1\r\ndata: xy", b"data: z"]
