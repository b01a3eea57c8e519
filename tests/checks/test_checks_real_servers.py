"""The handwriting of servers in use: fields, ids, chunks and line ends that are theirs alone, and no fault."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check_samples import case
from handmade import SSE_TYPE, call, chunk, exchange, message, plain, sse, stream, usage_chunk, usage_of

from trueweight.checks import run_checks
from trueweight.core import Case, Exchange, Mode, Outcome, Severity
from trueweight.protocols import read_reply

OSLO = '{"city": "Oslo"}'
WEATHER = call("weather", OSLO)
END = (chunk("stop"), usage_chunk())
TOLD = (chunk("tool_calls"), usage_chunk())
HELLO = [chunk(content="hi"), *END]


def choice(said: dict[str, Any], finish: str = "stop", **extra: Any) -> dict[str, Any]:
    """A plain body whose only choice says this, with more fields of the choice."""
    return message() | {"choices": [{"index": 0, "message": said, "finish_reason": finish, **extra}]}


def last(**extra: Any) -> dict[str, Any]:
    """A finishing chunk with more fields of its choice."""
    return chunk() | {"choices": [{"index": 0, "finish_reason": "stop", **extra}]}


def raw(body: bytes) -> Exchange:
    """A stream of these bytes."""
    return exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE)


def pieces(*entries: dict[str, Any]) -> Exchange:
    """A stream of call fragments, a chunk each."""
    return stream([*(chunk(tool_calls=[entry]) for entry in entries), *TOLD])


BODIES = {
    "nulls in every optional place": choice(
        {"role": "assistant", "content": "hi", "refusal": None, "annotations": [], "audio": None, "tool_calls": None}
        | {"function_call": None, "reasoning": None, "reasoning_content": None},
        logprobs=None,
        stop_reason=None,
        matched_stop=151645,
        token_ids=None,
        content_filter_results={"hate": {"filtered": False}},
    )
    | {"service_tier": None, "system_fingerprint": None, "prompt_logprobs": None, "kv_transfer_params": None},
    "usage in detail": message(
        content="hi",
        usage=usage_of(9, 2)
        | {"prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": None}, "queue_time": 0.01, "cost": 1e-5}
        | {"completion_tokens_details": {"reasoning_tokens": 0, "accepted_prediction_tokens": 0}, "is_byok": False},
    ),
    "usage without details": message(
        content="hi", usage=usage_of(9, 2) | {"prompt_tokens_details": None, "completion_tokens_details": None}
    ),
    "counts with a point": message(
        content="hi", usage={"prompt_tokens": 9.0, "completion_tokens": 2.0, "total_tokens": 11.0}
    ),
    "a seed of 64 bits": choice({"role": "assistant", "content": "hi"}, seed=2**64 - 1),
    "an empty legacy call": message(content="hi", function_call={}),
    "an empty refusal": message(content="hi", refusal=""),
    "reasoning without a text": message(content="hi", reasoning="", reasoning_content=""),
    "a call with an index, and a signature": message(
        "tool_calls", tool_calls=[WEATHER | {"index": 0, "extra_content": {"signature": "x"}}]
    ),
    "a call beside an empty line": message("tool_calls", content="\n\n", tool_calls=[WEATHER]),
    "a call id of the model's own": message("tool_calls", tool_calls=[WEATHER | {"id": "functions.weather:0"}]),
    "a call id that only counts": message("tool_calls", tool_calls=[WEATHER | {"id": "call_0"}]),
    "timings and metrics": message(content="hi") | {"timings": {"prompt_ms": 1.5}, "x_groq": {"id": "r"}, "prompt": []},
    "a filtered answer": message("content_filter", content=""),
    "no error": message(content="hi") | {"error": None},
}
STREAMS = {
    "a processing comment": raw(b": PROCESSING\n\n: PROCESSING\n\n" + sse(HELLO)),
    "thousands of keep-alives": raw(b":\n\n" * 3000 + sse(HELLO)),
    "thousands of blank lines": raw(b"\n" * 6000 + sse(HELLO)),
    "a comment after the end": raw(sse(HELLO) + b": bye\n\n"),
    "no space after the colon": raw(sse(HELLO).replace(b"data: ", b"data:")),
    "named and numbered events": raw(
        b"retry: 1000\n\n" + sse(HELLO).replace(b"data: ", b"event: message\nid: 1\ndata: ")
    ),
    "the role in every chunk": stream(
        [
            *(chunk(role="assistant", content=letter) for letter in "hi"),
            chunk("stop", role="assistant"),
            usage_chunk(),
        ]
    ),
    "nulls in every delta": stream(
        [
            chunk(content="h", tool_calls=None, function_call=None, reasoning=None, refusal=None) | {"usage": None},
            chunk("stop", content=None, tool_calls=[]),
            usage_chunk(),
        ]
    ),
    "empty deltas in between": stream([chunk(role="assistant"), chunk(), chunk(content=""), chunk(content="h"), *END]),
    "no delta at the end": stream([chunk(content="h"), last(), usage_chunk()]),
    "usage in the choice too": stream([chunk(content="h"), last(delta={}, usage=usage_of(10, 5)), usage_chunk()]),
    "usage beside an empty delta": stream(
        [chunk(content="h"), chunk("stop"), chunk(role="assistant", content="") | {"usage": usage_of(10, 5)}]
    ),
    "usage at the finish and after it": stream(
        [chunk(content="h"), chunk("stop") | {"usage": usage_of(10, 5)}, usage_chunk()]
    ),
    "citations": stream([part | {"citations": []} for part in HELLO]),
    "padding": stream([part | {"obfuscation": "xyz"} for part in HELLO]),
    "a refusal in pieces": stream([chunk(refusal=""), chunk(refusal="No."), *END]),
    "name, nothing, arguments": pieces(
        {"index": 0, "id": "functions.weather:0", "type": "function", "function": {"name": "weather"}},
        {"index": 0, "function": {"arguments": ""}},
        {"index": 0, "function": {"arguments": '{"city": '}},
        {"index": 0, "function": {"arguments": '"Oslo"}'}},
    ),
    "the id in every piece": pieces(
        {"index": 0, "id": "a", "type": "function", "function": {"name": "weather", "arguments": ""}},
        {"index": 0, "id": "a", "type": "function", "function": {"arguments": OSLO}},
    ),
    "empty id and name in later pieces": pieces(
        {"index": 0, "id": "a", "type": "function", "function": {"name": "weather", "arguments": ""}},
        {"index": 0, "id": "", "type": "function", "function": {"name": "", "arguments": OSLO}},
    ),
    "null arguments in the first piece": pieces(
        {"index": 0, "id": "a", "type": "function", "function": {"name": "weather", "arguments": None}},
        {"index": 0, "function": {"arguments": OSLO}},
    ),
    "two calls, woven": stream(
        [
            chunk(tool_calls=[call("weather", "", index=0, id="a"), call("now", "", index=1, id="b")]),
            chunk(tool_calls=[{"index": at, "function": {"arguments": "{"}} for at in (1, 0)]),
            chunk(tool_calls=[{"index": 0, "function": {"arguments": '"city":"Oslo"}'}}]),
            chunk(tool_calls=[{"index": 1, "function": {"arguments": "}"}}]),
            *TOLD,
        ]
    ),
    "an index that counts from 1": pieces(WEATHER | {"index": 1}),
    "text before a call": stream([chunk(content="Let me see."), chunk(tool_calls=[WEATHER | {"index": 0}]), *TOLD]),
}  # fmt: skip
WAITING = {
    "blank lines": b"\n" * 6000,
    "spaces": b"   \n" * 1500,
    "a byte order mark": b"\xef\xbb\xbf",
}


def failing(made: Exchange, asked: Case | None = None) -> dict[str, Severity]:
    """Checks that fail, and how badly."""
    found = run_checks(asked or case(), read_reply(made))
    return {one.check: one.severity for one in found if one.outcome is Outcome.FAIL}


@pytest.mark.parametrize("name", BODIES)
def test_a_plain_body_may_be_written_so(name: str) -> None:
    """No check fails, at any severity."""
    assert failing(plain(BODIES[name])) == {}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_may_be_written_so(name: str) -> None:
    """No check fails, at any severity."""
    assert failing(STREAMS[name]) == {}


@pytest.mark.parametrize("before", WAITING)
def test_a_body_may_come_after_a_wait(before: str) -> None:
    """Some servers hold a slow connection open by white space; calls and their places are read all the same."""
    body = WAITING[before] + json.dumps(message("tool_calls", tool_calls=[WEATHER])).encode()
    made = exchange(body)
    assert failing(made) == {}
    [one] = read_reply(made).calls
    assert one.span is not None
    assert json.loads(body[one.span.start : one.span.end]) == WEATHER


def test_what_is_only_worth_knowing_is_no_more_than_that() -> None:
    """A gateway's own first chunk, two names for reasoning, CR LF, an end without its blank line: INFO each."""
    own = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []}
    for made, check in (
        (stream([own, *HELLO]), "choices-not-empty"),
        (stream([chunk(reasoning="hm", reasoning_content="hm"), *HELLO]), "reasoning-field"),
        (plain(message(content="hi", reasoning="hm")), "reasoning-field"),
        (raw(sse(HELLO).replace(b"\n", b"\r\n")), "sse-style"),
        (raw(sse(HELLO)[:-1]), "sse-style"),
    ):
        assert failing(made) == {check: Severity.INFO}


def test_a_null_delta_at_the_end_is_named() -> None:
    """Clients that read choices[0].delta.content raise on it, so it is a finding (agent-framework#5734)."""
    made = stream([chunk(content="h"), last(delta=None), usage_chunk()])
    assert failing(made) == {"delta-object": Severity.MUST}


def test_a_custom_tool_takes_text_and_no_arguments() -> None:
    """A call to one is sound where the request has it; where it has none, the call is of no known type and empty."""
    made = plain(
        message("tool_calls", tool_calls=[{"id": "a", "type": "custom", "custom": {"name": "run", "input": "1"}}])
    )
    assert failing(made, case(tools=[{"type": "custom", "custom": {"name": "run"}}])) == {}
    assert failing(made).keys() == {"call-type", "tool-name-present", "tool-arguments-empty-object"}


def test_a_tool_that_the_server_runs_has_a_type_of_its_own() -> None:
    """Its calls carry that type; where the request has no such tool, they do not."""
    tools = [{"type": "builtin_function", "function": {"name": "$web_search"}}]
    made = plain(message("tool_calls", tool_calls=[call("$web_search", '{"q": "x"}', type="builtin_function")]))
    assert failing(made, case(tools=tools)) == {}
    assert "call-type" in failing(made)


def test_an_empty_finish_reason_is_named_as_such() -> None:
    """It is no reason, so nothing comes after it, and it does not end a stream; typed clients stumble all the same."""
    blank = [chunk("", content="h"), chunk("", content="i")]
    assert failing(stream([*blank, *END])) == {"finish-reason-known": Severity.SHOULD}
    assert "stream-complete" in failing(stream(blank))
    assert "finish-reason-known" in failing(plain(message("", content="h")))


@pytest.mark.parametrize(
    "body",
    [
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
        {"object": "error", "message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs, not permitted"}]}},
        {"detail": "seed is not supported"},
        {"message": "Unsupported parameter: seed"},
        {"errors": ["unknown field seed"]},
    ],
)  # fmt: skip
def test_a_validator_refuses_in_words_too(body: dict[str, Any]) -> None:
    """It names what it does not support, so that is UNSUPPORTED; that its form is not the API's is said beside it."""
    found = {one.check: one.outcome for one in run_checks(case(seed=7), read_reply(plain(body, status=422)))}
    assert found == {"request-accepted": Outcome.UNSUPPORTED, "error-object": Outcome.FAIL}


TOOLS_OFF = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
LATE = [{"role": "user", "content": "hi"}, {"role": "system", "content": "be brief"}]
PARTS = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
CALLED = [{"role": "assistant", "content": None, "tool_calls": [call("weather", OSLO)]}]
IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]}]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (TOOLS_OFF, case()),
        ("guided decoding is off: no JSON schema can be enforced", case(response_format={"type": "json_object"})),
        ("This model has no vision encoder", case(messages=IMAGE)),
        ("Thinking cannot be controlled", case(reasoning_effort="none")),
        ("This model's maximum context length is 4096 tokens; reduce the length of the messages.", case()),
        ("the request exceeds the available context size, try increasing it", case()),
        ("prompt is too long: 200348 tokens > 200000 maximum", case()),
        ("Please reduce the length of the messages or completion.", case()),
        ("'temperature' does not support 0 with this model", case(temperature=0)),
        ("System message must be at the beginning.", case(messages=LATE)),
        ("Conversation roles must alternate user/assistant/user/assistant/...", case(messages=LATE)),
        ("messages[0].content must be a string", case(messages=PARTS)),
        ("'messages.1.content' : value must be a string", case(messages=CALLED)),
    ],
)
def test_a_refusal_is_read_by_what_it_refuses(words: str, asked: Case) -> None:
    """Servers name a parameter in their own words (vllm#9986)."""
    found = {
        one.check: one.outcome
        for one in run_checks(asked, read_reply(plain({"error": {"message": words}}, status=400)))
    }
    assert found == {"request-accepted": Outcome.UNSUPPORTED, "error-object": Outcome.PASS}


CRASHES = (
    "list index out of range",
    "Bad request.",
    "cannot unmarshal array into field x",
    "'NoneType' object has no attribute 'content'",
)


@pytest.mark.parametrize("words", CRASHES)
def test_a_refusal_without_a_reason_is_no_missing_feature(words: str) -> None:
    """The words of a crash name no parameter."""
    made = plain({"error": {"message": words}}, status=400)
    assert "request-accepted" in failing(made, case())
    assert "request-accepted" in failing(made, case(messages=CALLED))


_TOOLS = [{"type": "function", "function": {"name": "f"}}]
_CACHED = [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}]


@pytest.mark.parametrize(
    ("about", "words", "fields"),
    [
        ("store", "store is not supported: this server keeps no responses", {"store": True}),
        ("background", "background mode is not supported", {"background": True}),
        ("previous_response_id", "previous_response_id is not supported", {"previous_response_id": "resp_1"}),
        ("service_tier", "Unknown field: service_tier", {"service_tier": "flex"}),
        ("thinking", "adaptive thinking is not supported", {"thinking": {"type": "enabled"}}),
        ("cache_control", "messages.0.content.0.cache_control: Extra inputs are not permitted", {"messages": _CACHED}),
        ("cache_control", "prompt caching is not supported", {"messages": _CACHED}),
        ("tool_choice", "only tool choice auto is supported", {"tools": _TOOLS, "tool_choice": "required"}),
        (
            "parallel_tool_calls",
            "parallel tool calls are not supported",
            {"tools": _TOOLS, "parallel_tool_calls": True},
        ),
    ],
)
def test_a_refusal_names_the_part_that_is_not_offered(about: str, words: str, fields: dict[str, Any]) -> None:
    """Whatever the part, of any API; by its own name, not by that of another one."""
    (found,) = (
        one
        for one in run_checks(case(**fields), read_reply(plain({"error": {"message": words}}, status=400)))
        if one.check == "request-accepted"
    )
    assert (found.outcome, found.about) == (Outcome.UNSUPPORTED, about)


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("'frobnicate' is not supported", {"seed": 1}),
        ("Your account does not have access to this model", {"seed": 1}),
        ("Unknown parameter: 'seed'", {"tools": _TOOLS}),
        ("'logprobs' is not supported", {"stop": ["x"]}),
        ("unknown error", {"n": 2}),
        ("Unknown model m", {"logit_bias": {"1": 5}}),
        ("store is empty", {"store": True}),
    ],
)
def test_a_refusal_of_something_else_is_no_missing_feature(words: str, fields: dict[str, Any]) -> None:
    """It names a field that was not sent, or none: the request has no part that the server does not offer."""
    assert "request-accepted" in failing(plain({"error": {"message": words}}, status=400), case(**fields))


@pytest.mark.parametrize(("filler", "refused"), [(10, True), (10_000, False)])
def test_names_are_looked_for_at_the_beginning_of_a_refusal(filler: int, refused: bool) -> None:
    """Each name of a refusal of some megabytes would be looked for in all of the request, which takes minutes."""
    words = f"not supported: {'so ' * filler}'other_field'"
    failed = failing(plain({"error": {"message": words}}, status=400), case(tools=[{"type": "function"}]))
    assert ("request-accepted" in failed) is refused


def test_an_error_inside_a_list_is_read() -> None:
    """Some gateways wrap their refusals; that the form is another one is no wrong answer."""
    made = plain([{"error": {"message": "seed is not supported"}}], status=400)
    found = {one.check: one.outcome for one in run_checks(case(seed=7), read_reply(made))}
    assert found == {"request-accepted": Outcome.UNSUPPORTED, "error-object": Outcome.PASS}


def test_a_thought_counted_beside_the_completion_counts_for_min_tokens() -> None:
    """Some hosts count the tokens of a thought beside those of the answer, in the total."""
    usage = {**usage_of(9, 20), "total_tokens": 179, "completion_tokens_details": {"reasoning_tokens": 150}}
    asked = Case("s", "c", {"messages": [], "min_tokens": 160, "max_tokens": 192})
    failed = run_checks(asked, read_reply(plain(message(usage=usage, content="yes"))))
    assert [one.check for one in failed if one.outcome is Outcome.FAIL] == []


def test_names_of_tokens_of_a_byte_level_bpe_spell_the_content() -> None:
    """Some engines send the names of the vocabulary, in which a letter is a byte, and no bytes."""
    entries = [{"token": token, "logprob": -0.1, "bytes": None, "top_logprobs": []} for token in ("Ã©", "Ġdu")]
    asked = Case("s", "c", {"messages": [], "logprobs": True})
    reply = plain(choice({"role": "assistant", "content": "é du"}, logprobs={"content": entries}))
    failed = run_checks(asked, read_reply(reply))
    assert [one.check for one in failed if one.outcome is Outcome.FAIL] == []
