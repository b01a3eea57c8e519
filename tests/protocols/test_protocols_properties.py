"""What holds of any body at all."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from handmade import SSE_TYPE, call, chunk, exchange, message, plain, sse, stream, usage_chunk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueweight.core import Mode, Reply
from trueweight.protocols import locate, read_reply, span_of_content, timing_of

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)

API_NAMES = [
    "id", "model", "object", "choices", "index", "delta", "message", "content", "reasoning", "reasoning_content",
    "refusal", "tool_calls", "function", "name", "arguments", "type", "finish_reason", "usage", "prompt_tokens",
    "completion_tokens_details", "logprobs", "error", "function_call",
]  # fmt: skip


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects whose keys are those that the reader looks at."""
    return st.dictionaries(st.sampled_from(API_NAMES) | st.text(max_size=3), inner, max_size=5)


def nearly(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Chunks and responses with wrong values in the right places."""
    function = inner | st.fixed_dictionaries({}, optional={"name": inner, "arguments": inner})
    part = inner | st.fixed_dictionaries(
        {}, optional={"index": inner, "id": inner, "type": inner, "function": function}
    )
    delta = inner | st.fixed_dictionaries(
        {}, optional={"content": inner, "reasoning": inner, "tool_calls": inner | st.lists(part, max_size=3)}
    )
    choice = inner | st.fixed_dictionaries(
        {}, optional={"index": inner | st.just(0), "delta": delta, "message": delta, "finish_reason": inner}
    )
    choices = inner | st.lists(choice, max_size=3)
    return st.fixed_dictionaries({}, optional={"choices": choices, "usage": inner, "error": inner, "id": inner})


documents = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | objects(inner), max_leaves=20)
anything = documents | nearly(scalars | st.lists(scalars, max_size=2) | objects(scalars))
SHARDS = [b"data: ", b"\n", b"\r", b"{", b"}", b"\xff", b":", b'"', b"\xef\xbb\xbf"]
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def holds(reply: Reply) -> None:
    """Every span lies in the body, in order."""
    spans = [a.span for a in reply.anomalies if a.span] + [e.span for e in reply.events]
    spans += [c.span for c in reply.calls if c.span] + [piece.span for piece in reply.pieces]
    assert all(0 <= span.start <= span.end <= len(reply.body) for span in spans)


@quick
@given(st.lists(anything, max_size=4))
def test_any_json_in_any_place_gives_a_reply(made: list[Any]) -> None:
    """Whatever JSON type stands wherever, reading ends with a reply, plain and streamed, and times."""
    text = [json.dumps(document) for document in made]
    body = "".join(f"data: {line}\n\n" for line in text).encode()
    for one in (
        exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE),
        exchange(text[0].encode() if text else b""),
    ):
        reply = read_reply(one)
        holds(reply)
        timing_of(one, reply)


@quick
@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(SHARDS)).map(b"".join),
    st.sampled_from([SSE_TYPE, "application/json", "text/html", None]),
    st.sampled_from(["gzip", "deflate", "br", ""]),
)  # fmt: skip
def test_any_bytes_give_a_reply(body: bytes, content_type: str | None, encoding: str) -> None:
    """No body, type or encoding makes reading raise."""
    for mode in Mode:
        holds(read_reply(exchange(body, mode=mode, content_type=content_type, headers={"Content-Encoding": encoding})))


def without_times(reply: Reply) -> Reply:
    return dataclasses.replace(reply, events=tuple(event._replace(ns=0) for event in reply.events))


BODIES = [
    b"\xef\xbb\xbf: hi\r\n\r\n" + sse([chunk(role="assistant"), chunk(content="h\u00e9\U0001f600"), usage_chunk()]),
    sse(
        [chunk(tool_calls=[call(index=0, arguments='{"a"')]), chunk(tool_calls=[{"index": 0, "id": None}])], done=False
    ),
    b'data: {"a":\rdata: 1}\r\rdata: \xff\xc3\n\ndata: [DONE]\n\ndata: x',
    json.dumps(message(content="x", tool_calls=[call()])).encode(),
]


def test_a_cut_at_any_byte_changes_nothing_but_times() -> None:
    """A body in two chunks, cut at each byte boundary, reads as the body in one chunk does."""
    for body in BODIES:
        whole = without_times(read_reply(exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE)))
        for cut in range(1, len(body)):
            made = exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE, cuts=[cut])
            assert without_times(read_reply(made)) == whole


@quick
@given(st.sampled_from(BODIES), st.data())
def test_an_event_arrives_with_the_chunk_that_holds_its_last_byte(body: bytes, data: st.DataObject) -> None:
    """However the body was cut, an event's time is that of the chunk with its last byte."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(body) - 1), max_size=8)))
    reply = read_reply(exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE, cuts=cuts))
    for event in reply.events:
        assert event.ns == 1000 * (1 + sum(cut < event.span.end for cut in cuts))


@quick
@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=4), st.data(), st.booleans())
def test_a_place_in_the_content_is_found_in_the_bytes(pieces: list[str], data: st.DataObject, streamed: bool) -> None:
    """The bytes at the spans of a range of content, decoded as JSON, are that range."""
    made = stream([chunk(content=p) for p in pieces]) if streamed else plain(message(content="".join(pieces)))
    reply = read_reply(made)
    assert reply.content == "".join(pieces)
    start = data.draw(st.integers(0, len(reply.content) - 1))
    end = data.draw(st.integers(start + 1, len(reply.content)))
    parts = [reply.body[s.start : s.end].decode() for s in span_of_content(reply, start, end)]
    assert "".join(json.loads(f'"{part}"', strict=False) for part in parts) == reply.content[start:end]
    assert locate(reply, reply.content[start:end])
