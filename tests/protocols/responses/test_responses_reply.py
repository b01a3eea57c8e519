"""Bodies of Responses as replies: plain and streamed, whole and broken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from handmade import facts, spans
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trueweight.checks import run_checks
from trueweight.core import PROTOCOLS, Case, Finish, Outcome, TokenCount
from trueweight.protocols import read_reply, span_of_content, timing_of
from trueweight.protocols.responses.sample import (
    answered,
    events,
    function_call,
    incomplete,
    message,
    reasoning,
    response,
    streamed,
    usage_of,
)

WHOLE = response(
    reasoning("I look."),
    message("Let me see."),
    function_call("weather", '{"city":"Oslo"}', 0),
    function_call("now", "{}", 1),
    usage={
        **usage_of(20, 9),
        "input_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 3},
        "output_tokens_details": {"reasoning_tokens": 4},
    },
)
PIECES = [["I ", "look."], ["Let me", " see."], ['{"city"', ':"Oslo"}'], ["{}"]]


def test_plain_and_streamed_bodies_read_alike() -> None:
    """The same response gives the same reply, whichever way it comes; every item is in it."""
    plain, stream = read_reply(answered(WHOLE)), read_reply(streamed(events(WHOLE, PIECES)))
    assert facts(plain) == facts(stream)
    assert plain.content == "Let me see."
    assert (plain.reasoning, plain.reasoning_field, plain.choice.reasoning_whole) == ("I look.", "reasoning_text", True)
    assert [(c.name, c.arguments) for c in plain.calls] == [("weather", '{"city":"Oslo"}'), ("now", "{}")]
    assert (plain.finish, plain.finish_text) == (Finish.CALLS, "completed")
    assert plain.usage is not None
    assert (
        plain.usage.bill
        == PROTOCOLS.get("responses").tokens_in(answered(WHOLE).final.body)
        == TokenCount(20, 9, 16, cache_write=3)
    )
    assert (plain.usage.cached, plain.usage.reasoning) == (16, 4)
    assert [c.fragments for c in stream.calls] == [2, 1]
    assert stream.done


def test_spans_lead_to_the_text() -> None:
    """Evidence is where the text is: in the deltas of a stream, in the part of a plain body."""
    for exchange in (answered(WHOLE), streamed(events(WHOLE, PIECES))):
        reply = read_reply(exchange)
        found = span_of_content(reply, 4, 10)
        assert b"".join(reply.body[one.start : one.end] for one in found) in (b"me see", b"me" + b" see")
        call = reply.calls[0].span
        assert call is not None
        assert b"Oslo" in reply.body[call.start : call.end]


def test_a_limit_ends_as_length() -> None:
    """``incomplete`` by the limit is length, by a filter filter; in a stream as well."""
    for body in (incomplete(message("half")), incomplete(message("half"), reason="content_filter")):
        plain, stream = read_reply(answered(body)), read_reply(streamed(events(body)))
        assert facts(plain) == facts(stream)
    assert read_reply(answered(incomplete(message("half")))).finish is Finish.LENGTH


def test_a_status_inside_another_last_event_counts() -> None:
    """vLLM ends a cut stream in ``response.completed``, with the status in the response: that status is read."""
    body = incomplete(message("half"))
    parts = events(body)
    reply = read_reply(streamed([*parts[:-1], {**parts[-1], "type": "response.completed"}]))
    assert (reply.finish, reply.done) == (Finish.LENGTH, True)


@pytest.mark.parametrize(
    "drop", [("output_index",), ("item_id",), ("output_index", "content_index"), ("sequence_number",)]
)
def test_a_stream_without_one_of_its_keys_is_read(drop: tuple[str, ...]) -> None:
    """llama.cpp gives no indexes; items are then told apart by id, or by their order."""
    parts = [{key: value for key, value in one.items() if key not in drop} for one in events(WHOLE, PIECES)]
    assert facts(read_reply(streamed(parts))) == facts(read_reply(answered(WHOLE)))


def test_calls_that_are_interleaved_are_joined_by_item() -> None:
    """Deltas of two calls in turn belong to the item that they name."""
    body = response(function_call("a", '{"x":1}', 0), function_call("b", '{"y":2}', 1))
    parts = events(body, [['{"x"', ":1}"], ['{"y"', ":2}"]])
    first = [one for one in parts if one.get("output_index") == 0]
    second = [one for one in parts if one.get("output_index") == 1]
    mixed = [one for pair in zip(first, second, strict=True) for one in pair]
    reply = read_reply(streamed([*parts[:2], *mixed, parts[-1]]))
    assert [(c.name, c.arguments) for c in reply.calls] == [("a", '{"x":1}'), ("b", '{"y":2}')]


def test_a_stream_of_the_last_event_alone_has_its_output() -> None:
    """A server that streams nothing but the response is read like a plain one; no token was streamed."""
    parts = events(WHOLE)
    exchange = streamed([parts[0], parts[-1]])
    reply = read_reply(exchange)
    assert facts(reply) == facts(read_reply(answered(WHOLE)))
    assert timing_of(exchange, reply).ttft is None


def test_errors_are_found_in_each_form() -> None:
    """An error event, a failed response, an error body; its message is found in the raw bytes as well."""
    protocol = PROTOCOLS.get("responses")
    failed = response(message("x"), status="failed", error={"code": "server_error", "message": "died"})
    begun = events(response(message("x")))[:4]
    forms = [
        streamed([*begun, {"type": "error", "message": "died", "code": None, "param": None, "sequence_number": 4}]),
        streamed([*begun, {"type": "error", "error": {"message": "died"}}]),
        streamed([*begun, {"type": "response.failed", "response": failed, "sequence_number": 4}]),
        answered(failed),
        answered({"error": {"message": "died"}}),
    ]
    for exchange in forms:
        reply = read_reply(exchange)
        assert reply.error["message"] == "died"
        assert protocol.error_in(exchange.final.body) == "died"
    assert protocol.error_in(streamed(events(WHOLE)).final.body) is None


def test_summaries_and_sealed_thoughts_are_not_the_thought() -> None:
    """A summary is read as one; of an encrypted thought only its place is known."""
    summary = reasoning(content=None, summary=[{"type": "summary_text", "text": "in short"}])
    reply = read_reply(answered(response(summary, message("x"))))
    assert (reply.reasoning, reply.reasoning_field, reply.choice.reasoning_whole) == ("in short", "summary_text", False)
    sealed = reasoning(content=None, encrypted_content="Zm9v")
    reply = read_reply(answered(response(sealed, message("x"))))
    assert (reply.reasoning, reply.reasoning_field, reply.choice.reasoning_whole) == (None, "encrypted_content", False)


def test_a_marker_after_the_last_event_is_allowed() -> None:
    """Open Responses ends every stream with ``[DONE]``, OpenAI's own does not: both are whole."""
    exchange = streamed(events(WHOLE, PIECES))
    body = exchange.final.body
    for tail, done in ((b"data: [DONE]\n\n", True), (b"", True)):
        reply = read_reply(_with_body(exchange, body + tail))
        assert (reply.done, reply.anomalies) == (done, ())
    cut = read_reply(_with_body(exchange, body[: body.rindex(b"event: response.completed")] + b"data: [DONE]\n\n"))
    assert not cut.done
    assert "done-missing" in {one.kind for one in cut.anomalies}


def test_a_long_stream_is_read_and_checked_in_one_pass() -> None:
    """Thousands of deltas, in one part or each in another one, are joined and compared without copying them
    again for each: what grows with the square of a stream would not end here."""
    text = "ab" * 8_000
    whole = streamed(events(response(message(text)), [["ab"] * 8_000]))
    reply = read_reply(whole)
    assert reply.content == text
    scattered = [
        {**one, "content_index": at} if "delta" in one else one
        for at, one in enumerate(events(response(message(text)), [["ab"] * 8_000]))
    ]
    case = Case("s", "c", {})
    assert not [one for one in run_checks(case, reply) if one.outcome is Outcome.FAIL]
    failed = {one.check for one in run_checks(case, read_reply(streamed(scattered))) if one.outcome is Outcome.FAIL}
    assert {"responses-parts", "responses-text-done"} <= failed


def test_a_refusal_is_about_no_field_that_was_not_sent() -> None:
    """Responses have no seed: a refusal that names no field is not taken for one of the case's seed."""
    case = Case("s", "c", {"seed": 7, "messages": [{"role": "user", "content": "hi"}]}, api="responses")
    refusal = answered({"error": {"message": "Extra inputs are not permitted."}}, status=400)
    found = {one.check: one.outcome for one in run_checks(case, read_reply(refusal))}
    assert found["request-accepted"] is Outcome.FAIL


def _with_body(exchange: Any, body: bytes) -> Any:
    return replace(exchange, attempts=(replace(exchange.final, body=body),))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "summary", "arguments", "id", "output", "usage", "item", "part"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
KEYS = [
    "type",
    "item",
    "part",
    "delta",
    "item_id",
    "output_index",
    "content_index",
    "response",
    "error",
    "logprobs",
    "text",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_value_in_any_place_raises(data: st.DataObject) -> None:
    """Whatever a server sends, it is read, and every span lies in the body."""
    parts = [dict(one) for one in events(WHOLE, PIECES)]
    for _ in range(data.draw(st.integers(1, 4))):
        one = data.draw(st.sampled_from(parts))
        one[data.draw(st.sampled_from(KEYS))] = data.draw(VALUES)
    for exchange in (
        streamed(parts),
        answered(data.draw(st.sampled_from([*parts, {**WHOLE, "output": data.draw(VALUES)}]))),
    ):
        reply = read_reply(exchange)
        assert all(0 <= span.start <= span.end <= len(reply.body) for span in spans(reply))
        timing_of(exchange, reply)
        for event in reply.events:
            PROTOCOLS.get("responses").preview(event.data)
