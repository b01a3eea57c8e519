"""The SSE reader: lenient to all that the specification allows, and each breach keeps its name."""

from __future__ import annotations

import dataclasses

import pytest
from handmade import SSE_TYPE, exchange
from hypothesis import given
from hypothesis import strategies as st

from trueweight.core import Mode, Reply
from trueweight.protocols import read_reply, read_sse
from trueweight.protocols.anomalies import Anomalies


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
        (b"event: error\ndata: a\n\n", ["a"], []),
        (b"data: a\n\ndata: b", ["a", "b"], ["sse-unterminated"]),
        (b"data: a\n\ndata: b\n", ["a", "b"], ["sse-unterminated"]),
        (b"data:\n\n", [""], ["sse-empty-data"]),
        (b'{"a":1}\n\ndata: a\n\n', ["a"], ["sse-not-a-field"]),
        (b"event: ping\n\n", [], []),
        (b"", [], []),
    ],
)
def test_every_form_of_event_is_read_and_every_breach_named(body: bytes, data: list[str], oddities: list[str]) -> None:
    """Comments, ids and retry are healthy; other line ends and missing ends are read and named."""
    assert events(body) == (data, oddities)


def test_a_span_holds_the_fields_of_its_event_and_no_line_end() -> None:
    """``body[span]`` begins with the first field and ends with the last byte of the last one."""
    body = b": c\n\nid: 1\r\ndata: xy\r\n\r\ndata: z\n\n"
    assert [body[e.span.start : e.span.end] for e in read_sse(body, Anomalies())] == [b"id: 1\r\ndata: xy", b"data: z"]


ENDS = ["\n", "\r", "\r\n"]
PIECES = [
    'data: {"choices":[{"index":0,"delta":{"content":"h\u00e9\U0001f600"}}]}',
    'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}}]}',
    'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}',
    "data: [DONE]",
    "data: {broken",
    'data: {"a":',
    "data",
    "data:",
    ": comment",
    "event: error",
    "id: 7",
    "no field",
    "",
]


def reading(body: bytes, cuts: list[int]) -> Reply:
    """What a stream says when it came in pieces; times are set to nothing, because they do depend on the pieces."""
    reply = read_reply(exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE, cuts=cuts))
    return dataclasses.replace(reply, events=tuple(event._replace(ns=0) for event in reply.events))


@given(
    lines=st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(ENDS)), max_size=8),
    bom=st.booleans(),
    tail=st.binary(max_size=4),
    data=st.data(),
)
def test_the_reading_never_depends_on_how_a_stream_is_cut(
    lines: list[tuple[str, str]], bom: bool, tail: bytes, data: st.DataObject
) -> None:
    """CR, LF, CRLF, BOM, comments, several data lines, no DONE, bad UTF-8, bad JSON, usage alone: cut in
    two at any byte, and into as many pieces as there are bytes, it reads the same."""
    body = b"\xef\xbb\xbf" * bom + "".join(piece + end for piece, end in lines).encode() + tail
    whole = reading(body, [])
    cuts = data.draw(st.sampled_from(range(1, len(body))) if len(body) > 1 else st.just(0))
    for chosen in ([cuts] if cuts else [], list(range(1, len(body)))):
        assert reading(body, chosen) == whole


def test_every_byte_of_a_stream_with_everything_in_it() -> None:
    """One stream that holds all pieces with all line ends, cut at each byte in turn."""
    body = b"\xef\xbb\xbf" + b"".join(f"{p}{e}{e}".encode() for e in ENDS for p in PIECES) + b"data: \xff\xc3"
    whole = reading(body, [])
    assert len(whole.events) > 10
    for cut in range(1, len(body)):
        assert reading(body, [cut]) == whole


def test_a_long_stream_of_one_token_an_event_is_read_and_only_tiny_events_are_a_finding() -> None:
    """A Messages stream of 13,000 tokens is read whole; one beyond the limit has another anomaly than a flood."""
    token = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}\n\n'
    )
    assert events(token * 13_000)[1] == []
    assert "sse-unread" in events(token * 41_000)[1]
    data, oddities = events(b"data:{}\n\n" * 20_000)
    assert (len(data), oddities) == (5_000, ["sse-many"])
