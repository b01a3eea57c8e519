"""Bodies of Messages as replies: plain and streamed, whole and broken."""

from __future__ import annotations

import pytest
from handmade import facts, spans
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueweight.core import PROTOCOLS, Channel, Exchange, Finish, TokenCount
from trueweight.protocols import read_reply, span_of_content, timing_of
from trueweight.protocols.messages.flaws import flaws_of_stream
from trueweight.protocols.messages.sample import (
    answered,
    delta,
    events,
    message,
    raw_stream,
    refused,
    sse,
    stream,
    text,
    thinking,
    tool_use,
)

MESSAGES = PROTOCOLS.get("messages")
BLOCKS = (
    thinking("I look."),
    text("Let me see."),
    tool_use(given={"city": "Oslo", "days": [1, 2]}),
    tool_use("now", id="toolu_2"),
)
PLAIN = answered(*BLOCKS, stop="tool_use")
STREAM = stream(events(*BLOCKS, stop="tool_use"))


def test_plain_and_streamed_bodies_read_alike() -> None:
    """The same message gives the same reply, whichever way it comes; every block is in it."""
    plain, streamed = read_reply(PLAIN), read_reply(STREAM)
    assert facts(plain) == facts(streamed)
    assert (plain.content, plain.reasoning, plain.reasoning_field) == ("Let me see.", "I look.", "thinking")
    assert [(one.name, one.arguments) for one in plain.calls] == [
        ("weather", '{"city": "Oslo", "days": [1, 2]}'),
        ("now", "{}"),
    ]
    assert (plain.finish, plain.finish_text) == (Finish.CALLS, "tool_use")
    assert [one.index for one in streamed.calls] == [2, 3]
    assert streamed.done and not streamed.anomalies


def test_an_input_is_kept_as_it_was_sent() -> None:
    """A key that comes twice, and a number as it is written, are in the arguments of a plain call too."""
    body = b'{"type":"message","content":[{"type":"tool_use","id":"a","name":"f","input":{"x":1e2, "x":2.0}}]}'
    (call,) = read_reply(_plain_bytes(body)).calls
    assert call.arguments == '{"x":1e2, "x":2.0}'
    assert call.span is not None
    assert body[call.span.start : call.span.end].startswith(b'{"type":"tool_use"')


def _plain_bytes(body: bytes) -> Exchange:
    return raw_stream(body, content_type="application/json")


@pytest.mark.parametrize("pieces", [(), ("",), ("{}",), ("{", "}")])
def test_an_empty_input_is_an_empty_object(pieces: tuple[str, ...]) -> None:
    """No delta, an empty one, and {} itself are the same call."""
    parts = events(tool_use("now"), stop="tool_use")
    inner = [delta(0, "input_json_delta", partial_json=piece) for piece in pieces]
    (call,) = read_reply(stream([*parts[:2], *inner, *parts[3:]])).calls
    assert call.arguments == "{}"


def test_usage_of_a_stream_is_joined_and_includes_the_cache() -> None:
    """The prompt is counted at the start, the answer at the end, and cached tokens belong to the prompt."""
    start = {"input_tokens": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 20, "output_tokens": 1}
    parts = events(text("hi"))
    parts[0]["message"]["usage"] = start
    parts[-2]["usage"] = {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}
    exchange = stream(parts)
    usage = read_reply(exchange).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.cached, usage.reasoning, usage.total) == (125, 9, 100, 4, None)
    assert usage.bill == MESSAGES.tokens_in(exchange.final.body) == TokenCount(125, 9, 100, cache_write=20)
    assert MESSAGES.tokens_in(b'{"output_tokens": 3}') is None


def test_a_later_count_replaces_an_earlier_one() -> None:
    """Counts of message_delta are totals, as the SDK takes them."""
    parts = events(text("hi"), usage=(0, 2))
    parts[-2]["usage"] = {"input_tokens": 30, "output_tokens": 2}
    usage = read_reply(stream(parts)).usage
    assert usage is not None
    assert (usage.input, usage.output) == (30, 2)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("refusal", Finish.FILTER),
        ("pause_turn", Finish.OTHER),
        ("tool_calls", Finish.OTHER),
        (None, None),
    ],
)
def test_stop_reasons_have_one_meaning(reason: str | None, finish: Finish | None) -> None:
    """Every reason of the API, a foreign one, and none."""
    assert read_reply(answered(text("x"), stop=reason)).finish is finish


def test_pings_and_what_the_api_may_add_are_no_flaws() -> None:
    """Pings, events and deltas of unknown types may come inside a block; a ping that is a delta may not."""
    start, opened, *rest = events(text("hello"))
    ping, future = {"type": "ping"}, {"type": "future_event", "index": 9}
    odd = [start, ping, opened, ping, future, delta(0, "future_delta", x=1), *rest[:-1], ping, rest[-1]]
    assert not flaws_of_stream(read_reply(stream(odd)))
    (flaw,) = flaws_of_stream(read_reply(stream([start, opened, delta(0, "ping"), *rest])))
    assert flaw.words == "a ping is in a text block"


def test_redacted_thoughts_are_no_whole_thought() -> None:
    """What only the server can read is seen, and is not taken for the thought."""
    (choice,) = read_reply(answered({"type": "redacted_thinking", "data": "Zm9v"}, text("x"))).choices
    assert (choice.reasoning, choice.reasoning_whole) == (None, False)


def test_errors_are_found_in_body_and_stream() -> None:
    """An overloaded server says so after the status, in an event with or without a name; a refusal says it at once."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    begun = events(text("half"))[:3]
    for exchange in (
        stream([*begun, error]),
        raw_stream(sse(begun) + b'data: {"error": {"message": "Overloaded"}}\n\n'),
    ):
        reply = read_reply(exchange)
        assert (reply.error["message"], reply.finish, reply.done) == ("Overloaded", None, False)
        assert MESSAGES.error_in(exchange.final.body) == "Overloaded"
    assert read_reply(refused(400, error)).error == error["error"]
    assert MESSAGES.error_in(STREAM.final.body) is None


def test_token_events_are_those_with_text_or_a_call() -> None:
    """A start without text, a ping, a signature and the end carry no token."""
    found = [MESSAGES.channels(event) for event in read_reply(STREAM).events]
    assert [set(one) for one in found if one] == [
        {Channel.REASONING}, {Channel.CONTENT}, {Channel.TOOL}, {Channel.TOOL}, {Channel.TOOL}, {Channel.TOOL},
    ]  # fmt: skip
    assert timing_of(STREAM, read_reply(STREAM)).ttft is not None


def test_spans_lead_to_the_text() -> None:
    """Evidence is where the text is: in the deltas of a stream, in the block of a plain body."""
    for exchange in (PLAIN, STREAM):
        reply = read_reply(exchange)
        (span,) = span_of_content(reply, 4, 10)
        assert reply.body[span.start : span.end] == b"me see"
        call = reply.calls[0].span
        assert call is not None
        assert b"Oslo" in reply.body[call.start : call.end]


def test_previews_are_short() -> None:
    """What ``show`` prints of an event and of a message."""
    assert MESSAGES.preview(events(text("hi"))[2]) == 'content_block_delta 0 {"type":"text_delta","text":"hi"}'
    assert MESSAGES.preview(message(text("hi"))).startswith('message content [{"type":"text","text":"hi"}] stop_reason')
    assert MESSAGES.preview([1]) == MESSAGES.preview({"type": 1}) == ""


def test_the_count_of_tokens_is_a_usage_without_content() -> None:
    """So it is compared with the usage of a reply."""
    count = PROTOCOLS.get("count-tokens")
    reply = count.read(refused(200, {"input_tokens": 12}))
    assert reply.usage is not None
    assert (reply.usage.input, reply.usage.output, reply.content) == (12, None, None)
    assert count.read(refused(404, {"error": {"message": "no"}})).choices == ()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "input", "name", "id", "usage", "thinking"]), inner, max_size=4
        )
    ),
    max_leaves=10,
)
KEYS = ["type", "index", "message", "content_block", "delta", "usage", "error", "content", "stop_reason"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_value_in_any_place_raises(data: st.DataObject) -> None:
    """Whatever a server sends, it is read, and every span lies in the body."""
    parts = [dict(one) for one in events(*BLOCKS, stop="tool_use")]
    for _ in range(data.draw(st.integers(1, 4))):
        one = data.draw(st.sampled_from(parts))
        one[data.draw(st.sampled_from(KEYS))] = data.draw(VALUES)
    body = sse([{**one, "type": one["type"] if isinstance(one["type"], str) else "x"} for one in parts])
    for exchange in (raw_stream(body), answered(data.draw(VALUES)), answered(content=data.draw(VALUES))):
        reply = read_reply(exchange)
        assert all(0 <= span.start <= span.end <= len(reply.body) for span in spans(reply))
        timing_of(exchange, reply)
        for event in reply.events:
            MESSAGES.preview(event.data)
