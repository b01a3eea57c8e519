"""Healthy oddities are no findings, and a check gives none where it cannot judge."""

from __future__ import annotations

import json

import pytest
from check_samples import (
    LONG,
    OK_CALL,
    OK_PARTS,
    OK_STREAM,
    OK_TEXT,
    broken,
    calls,
    case,
    examples,
    fragment,
    parts,
    says,
)
from handmade import SSE_TYPE, call, chunk, exchange, message, plain, sse, stream, usage_chunk, usage_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trueweight.checks import run_checks
from trueweight.core import Case, Exchange, Mode, Outcome
from trueweight.protocols import read_reply


def fails(made: Exchange, asked: Case | None = None) -> list[str]:
    """Ids of the checks that fail."""
    found = run_checks(asked or case(), read_reply(made))
    return [f.check for f in found if f.outcome is Outcome.FAIL]


CALL_STREAM = [chunk(role="assistant", content=None), chunk(tool_calls=[call("now", index=0)]), chunk("tool_calls")]
TWO_CALLS = parts(
    fragment(0, "now", "{}", id="a", type="function"),
    fragment(1, "now", "{}", id="b", type="function"),
)
LINES = sse([chunk(role="assistant", content=""), chunk(content="héllo"), chunk("stop"), usage_chunk()])
COMMENTED = b": OPENROUTER PROCESSING\n\n" + LINES.replace(b"\n\n", b"\n\n: keep-alive\n\n")


@pytest.mark.parametrize(
    ("oddity", "made"),
    [
        ("comments and keep-alives", exchange(COMMENTED, mode=Mode.STREAM, content_type=SSE_TYPE)),
        ("a role-only first delta", stream([chunk(role="assistant"), chunk("stop", content="x"), usage_chunk()])),
        ("an empty first content", stream([chunk(content=""), chunk("stop", content="x"), usage_chunk()])),
        ("a usage-only last chunk", OK_STREAM),
        ("usage null on chunks", stream([chunk(content="x") | {"usage": None}, chunk("stop"), usage_chunk()])),
        ("usage on the finishing chunk", stream([chunk(content="x"), chunk("stop") | {"usage": usage_of(1, 1)}])),
        ("unknown fields in a body", plain(message(content="x", audio=None) | {"x_timing": {"a": [1]}})),
        ("unknown fields in chunks", stream([chunk(content="x", y=1) | {"z": {}}, chunk("stop"), usage_chunk()])),
        ("a call in one delta", stream([*CALL_STREAM, usage_chunk()])),
        ("a call in many deltas", OK_PARTS),
        ("null content with calls", OK_CALL),
        ("content beside calls", plain(message("tool_calls", content="Let me see.", tool_calls=[call("now")]))),
        ("ids of another format", plain(message("tool_calls", tool_calls=[call("now", id="functions.now:0")]))),
        ("nine-character ids", plain(message("tool_calls", tool_calls=[call("now", id="aB3dE6gH9")]))),
        ("white space in arguments", calls('{ "city" :\n "Oslo" }')),
        ("an empty list of calls", says("x", tool_calls=[])),
        ("null refusal and calls", says("x", refusal=None, tool_calls=None)),
        ("comparisons and tags", says("if a <b> or x < |y|: <div>, List<T>, [INFO], a[0] | b, <|>, f<T>(x)")),
        ("the word functions", says("Use functions.weather:0 is an id; see functions.md: 3 of them")),
        ("emoji with joiners", says("👩‍👩‍👧 🏳️‍🌈 नमस्ते")),
        ("two parallel calls", TWO_CALLS),
    ],
)  # fmt: skip
def test_a_healthy_oddity_is_no_finding(oddity: str, made: Exchange) -> None:
    """No check fails on what real, healthy servers do."""
    assert fails(made) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_chunk_boundaries_are_no_finding(size: int) -> None:
    """A stream cut anywhere, inside lines and code points too, is as healthy as a whole one."""
    made = exchange(LINES, mode=Mode.STREAM, content_type=SSE_TYPE, cuts=range(size, len(LINES), size))
    assert fails(made) == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("It is <tool_call>.", case(messages=[{"role": "user", "content": "Say <tool_call>"}])),
        ("<|im_start|>", case(answer={"content": "<|im_start|>"})),
        ("[TOOL_CALLS]", case(tools=[{"type": "function", "function": {"name": "f", "description": "[TOOL_CALLS]"}}])),
        ("<think>", case(messages=[{"role": "user", "content": "What does <think> mean?"}])),
    ],
)
def test_a_marker_that_was_asked_for_is_no_leak(text: str, asked: Case) -> None:
    """The request, its tools or the case's answer have the marker, so the reply may."""
    assert fails(says(text), asked) == []


def test_marker_text_inside_arguments_is_fine() -> None:
    """An argument may hold any text."""
    assert fails(calls('{"city":"</tool_call><|im_end|>[TOOL_CALLS]"}')) == []


@pytest.mark.parametrize(
    "marker",
    [
        "<tool_call>", "</tool_call>", "<|tool_call_begin|>", "<|tool_calls_section_begin|>", "<|python_tag|>",
        "[TOOL_CALLS]", "<function=weather>", "</function>", "<｜tool▁calls▁begin｜>", "<|channel|>",
        "<minimax:tool_call>", "<arg_key>", "<|message|>", "<start_function_call>", "<parameter=city>",
        "<|tool_call_argument_begin|>",
    ],
)  # fmt: skip
def test_markers_of_every_known_family_are_found(marker: str) -> None:
    """A leaked marker of each family is found."""
    assert fails(says(f"ok {marker} weather")) == ["markers-in-content"]


@pytest.mark.parametrize(
    "marker",
    [
        "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<end_of_turn>",
        "<turn|>", "[/INST]", "<|start_header_id|>", "<|return|>", "<|user|>", "<｜end▁of▁sentence｜>", "<｜User｜>",
        "</answer>",
    ],
)  # fmt: skip
def test_markers_of_turns_are_no_calls(marker: str) -> None:
    """They are found by another check, in content and in reasoning, whose sentence speaks of no call."""
    assert fails(says(f"It is so.{marker}")) == ["turn-markers"]
    assert fails(says("It is so.", reasoning_content=f"Hm.{marker}")) == ["turn-markers"]


def test_a_4xx_is_judged_by_http_checks_only() -> None:
    """A refusal is no completion: only checks of HTTP judge it."""
    refused = plain({"error": {"message": "response_format is not supported"}}, status=400)
    found = run_checks(case(response_format={"type": "json_object"}), read_reply(refused))
    assert {f.check: f.outcome for f in found} == {
        "error-object": Outcome.PASS,
        "request-accepted": Outcome.UNSUPPORTED,
    }


def test_a_refusal_that_names_no_feature_is_a_failure() -> None:
    """UNSUPPORTED is only for a message that names a parameter of the request."""
    assert fails(plain({"error": {"message": "too bad"}}, status=400)) == ["request-accepted"]
    assert "request-accepted" in fails(exchange(b"response_format", status=400))


def test_a_forced_named_call_may_end_with_stop() -> None:
    """The API itself ends a call forced by name with stop."""
    asked = case(tool_choice={"type": "function", "function": {"name": "now"}})
    assert fails(calls("{}", name="now", finish="stop"), asked) == []


def test_an_honest_cut_is_no_broken_call() -> None:
    """Under a finish reason of length incomplete arguments are what was announced."""
    assert fails(calls('{"city":"Os', finish="length"), case(max_tokens=5)) == []


def test_a_cut_call_is_no_text() -> None:
    """Where the limit fell into a call, its markup in the content is a leak all the same, and the cut is said."""
    found = run_checks(case(max_tokens=5), read_reply(says('<tool_call>\n{"name": "wea', "length")))
    [leak] = [one for one in found if one.outcome is Outcome.FAIL]
    assert leak.check == "markers-in-content"
    assert "cut (finish reason length)" in leak.message


def test_a_long_prompt_that_was_read_whole_is_no_finding() -> None:
    """Cached tokens count as read; another check finds that they are not in the prompt tokens."""
    usage = {"prompt_tokens": 30, "completion_tokens": 1, "total_tokens": 31}
    cached = plain(message(content="x", usage=usage | {"prompt_tokens_details": {"cached_tokens": 300}}))
    assert fails(cached, case(**LONG)) == ["usage-cached-within"]


FINAL = [broken(example).final for example in examples().values()]
BODIES = [attempt.body for attempt in FINAL if attempt.status == 200]
DOCUMENTS = [body.decode() for body in BODIES if body.startswith(b'{"id"')]
shapes = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DOCUMENTS), st.data())
def test_no_reply_makes_a_check_raise(body: str, data: st.DataObject) -> None:
    """Any value in any place of a response ends in findings, whatever the case asks, and with spans in the body."""
    document = json.loads(body)
    holder, key = data.draw(st.sampled_from(places(document)))
    holder[key] = data.draw(shapes)
    asked = data.draw(st.sampled_from([example.case for example in examples().values()]))
    for made in (plain(document), stream([document])):
        reply = read_reply(made)
        for found in run_checks(asked, reply):
            found.message.encode()
            assert all(0 <= s.start <= s.end <= len(reply.body) for s in found.spans)


def places(document: object) -> list[tuple[object, object]]:
    """Every (container, key) in a JSON value."""
    if isinstance(document, dict):
        return [(document, k) for k in document] + [p for v in document.values() for p in places(v)]
    if isinstance(document, list):
        return [(document, i) for i in range(len(document))] + [p for v in document for p in places(v)]
    return []


def test_the_plain_examples_are_healthy() -> None:
    """The healthy samples of the other tests have no finding."""
    assert [fails(made) for made in (OK_TEXT, OK_CALL, OK_STREAM, OK_PARTS)] == [[], [], [], []]


@pytest.mark.parametrize("piece", ["a", "ab ", "<", "{", "```", "[TOOL", "\u200d\ufffd"])
def test_long_hostile_text_is_judged_in_linear_time(piece: str) -> None:
    """A quarter of a million repeats that tempt every pattern to backtrack: it ends, and the loop is named."""
    made = says(piece * 250_000, "length")
    assert "text-no-loop" in fails(made, case(response_format={"type": "json_object"}))
