"""For every check: a reply that breaks its law, the bytes that prove it, and a reply that keeps it."""

from __future__ import annotations

import gzip
from typing import Any, NamedTuple

from trueweight.core import Case, Endpoint, Exchange, Mode
from trueweight.workflow.explain.handmade import (
    SSE_TYPE,
    call,
    chunk,
    exchange,
    listed,
    message,
    plain,
    stream,
    usage_chunk,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "unit": {"enum": ["C", "F"]},
        "days": {"type": "integer"},
    },
    "required": ["city"],
}
TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "now"}},
]
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}
LONG: dict[str, Any] = {"messages": [{"role": "user", "content": "word " * 300}]}


def case(checks: dict[str, Any] | None = None, answer: Any = None, **request: Any) -> Case:
    """A case with two tools, unless it says otherwise."""
    body = {"messages": [{"role": "user", "content": "hi"}], "tools": TOOLS} | request
    return Case("s", "c", body, checks=checks or {}, answer=answer)


def calls(*arguments: Any, name: str = "weather", finish: str = "tool_calls", **how: Any) -> Exchange:
    """A plain reply with calls of these arguments."""
    made = [call(name, text, id=f"call_{at}") for at, text in enumerate(arguments)]
    return plain(message(finish, tool_calls=made), **how)


def says(content: str | None, finish: str = "stop", **fields: Any) -> Exchange:
    """A plain reply with this content."""
    return plain(message(finish, content=content, **fields))


def parts(*fragments: dict[str, Any]) -> Exchange:
    """A stream of tool-call fragments."""
    return stream([*(chunk(tool_calls=[one]) for one in fragments), chunk("tool_calls"), usage_chunk()])


def fragment(index: int | None, name: str | None, arguments: str, **fields: Any) -> dict[str, Any]:
    """One fragment."""
    function = {"arguments": arguments} | ({} if name is None else {"name": name})
    return ({} if index is None else {"index": index}) | fields | {"function": function}


OK_CALL = calls('{"city":"Oslo"}')
OK_TEXT = says("hello")
OK_STREAM = stream([chunk(role="assistant"), chunk(content="hello"), chunk("stop"), usage_chunk()])
OK_PARTS = parts(
    fragment(0, "weather", "", id="a", type="function"),
    fragment(0, None, '{"city":'),
    fragment(0, None, '"Oslo","x":"' + "y" * 60 + '"}'),
)


ASKED_MODELS = Case("s", "c", {}, endpoint=Endpoint.MODELS)
OK_MODELS = listed({"id": "m", "object": "model", "created": 1_700_000_000, "owned_by": "us"})


class Example(NamedTuple):
    """``evidence`` are bytes that stand within one of the finding's spans; empty if it needs no span."""

    check: str
    bad: Exchange
    evidence: bytes
    good: Exchange
    asked: Case = case()
    good_asked: Case | None = None


def expects(*wanted: dict[str, Any]) -> Case:
    """A case that knows its calls."""
    return case({"tool-call-matches": {"calls": list(wanted)}})


CODE = {"name": "weather", "arguments": {"city": "a\n  b </tool_call> c", "zip": "02134"}}
RIGHT = calls('{"city":"a\\n  b </tool_call> c","zip":"02134"}')
JSON_ASKED = case(response_format=JSON_SCHEMA)


def raw_stream(body: bytes) -> Exchange:
    """A stream of these bytes."""
    return exchange(body, mode=Mode.STREAM, content_type=SSE_TYPE)


EXAMPLES: tuple[Example, ...] = (
    Example("http-json", exchange(b"<html>busy</html>", content_type="text/html"), b"<html>", OK_TEXT),
    Example("json-portable", exchange(b'{"choices":[],"choices":[],"x":NaN}'), b"NaN", OK_TEXT),
    Example("body-utf8", exchange(b'{"x":"\xff"}'), b"\xff", OK_TEXT),
    Example(
        "content-encoding", exchange(gzip.compress(b"{}" * 99)[:-9], headers={"Content-Encoding": "gzip"}), b"", OK_TEXT
    ),
    Example("content-type", exchange(b"{}", content_type="text/plain"), b"", OK_TEXT),
    Example("error-object", exchange(b"bad", status=400), b"bad", plain({"error": {"message": "no"}}, status=400)),
    Example("request-accepted", plain({"error": {"message": "bad luck"}}, status=400), b"bad luck", OK_TEXT),
    Example(
        "request-refused",
        OK_TEXT,
        b"hello",
        plain({"error": {"message": "no"}}, status=400),
        case({"request-refused": {}}),
    ),
    Example("models-list", listed({"id": "m"}, {"name": "n"}), b'"n"', OK_MODELS, ASKED_MODELS),
    Example("models-fields", listed({"id": "m", "object": "model"}), b'"m"', OK_MODELS, ASKED_MODELS),
    Example("stream-honoured", plain(message(content="x"), mode=Mode.STREAM), b"chat.completion", OK_STREAM),
    Example("sse-shape", raw_stream(b"data: {oops\n\n"), b"{oops", OK_STREAM),
    Example("sse-style", raw_stream(b"data: {}\r\n\r\n"), b"\r\n", OK_STREAM),
    Example("stream-complete", stream([chunk(content="half")], done=False), b"half", OK_STREAM),
    Example("stream-done", stream([chunk("stop", content="all")], done=False), b"all", OK_STREAM),
    Example("error-in-stream", stream([chunk(content="x"), {"error": {"message": "died"}}]), b"died", OK_STREAM),
    Example("response-shape", plain(message() | {"choices": "none"}), b'"none"', OK_TEXT),
    Example("chunk-shape", stream([chunk(content=7)]), b"7", OK_STREAM),
    Example("choices-not-empty", stream([chunk() | {"choices": []}]), b'"choices": []', OK_STREAM),
    Example("choice-index", plain({"choices": [{"message": {}}]}), b"message", OK_TEXT),
    Example("response-fields", plain(message() | {"object": "thing"}), b"thing", OK_TEXT),
    Example("stream-one-response", stream([chunk(), chunk() | {"id": "zzz"}]), b"zzz", OK_STREAM),
    Example("usage-present", plain(message(content="x", usage=None)), b"choices", OK_TEXT),
    Example(
        "usage-once", stream([chunk(content="a") | {"usage": {"prompt_tokens": 77}}, usage_chunk()]), b"77", OK_STREAM
    ),
    Example(
        "usage-adds-up",
        plain(message(usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 9})),
        b"9",
        OK_TEXT,
    ),
    Example(
        "usage-unasked",
        OK_STREAM,
        b'"choices": []',
        stream([chunk(content="x"), chunk("stop")]),
        case(stream_options=None),
    ),
    Example("usage-not-zero", plain(message(content="x", usage=(3, 0))), b'"completion_tokens": 0', OK_TEXT),
    Example(
        "prompt-not-truncated",
        plain(message(content="x", usage=(99, 1))),
        b'"prompt_tokens": 99',
        plain(message(usage=(310, 1))),
        case(**LONG),
    ),
    Example("finish-reason-known", says("x", "eos"), b'"eos"', OK_TEXT),
    Example("finish-reason-agrees", calls("{}", finish="stop"), b'"stop"', OK_CALL),
    Example("finish-without-calls", says(None, "tool_calls", tool_calls=[]), b'"tool_calls"', OK_CALL),
    Example(
        "finish-reason-length",
        calls('{"city":"O'),
        b'"tool_calls"',
        calls('{"city":"O', finish="length"),
        case(max_tokens=5),
    ),
    Example("finish-once", stream([chunk("stop"), chunk(content="more")]), b"more", OK_STREAM),
    Example("finish-reason", says("x", "length"), b'"length"', OK_TEXT, case({"finish-reason": {"one_of": ["stop"]}})),
    Example("tool-name-declared", calls("{}", name="wether"), b"wether", OK_CALL),
    Example("tool-name-clean", calls("{}", name="weather<|end|>"), b"<|end|>", OK_CALL),
    Example("tool-name-present", plain(message(tool_calls=[call(None)])), b"call_1", OK_CALL),
    Example("call-id-present", plain(message(tool_calls=[call("weather", id=None)])), b"weather", OK_CALL),
    Example("call-id-unique", plain(message(tool_calls=[call("now"), call("now")])), b"call_1", OK_CALL),
    Example("call-type", plain(message(tool_calls=[call("now", type="tool")])), b'"tool"', OK_CALL),
    Example("tool-choice-none", OK_CALL, b"weather", OK_TEXT, case(tool_choice="none")),
    Example("tool-choice-required", OK_TEXT, b"finish_reason", OK_CALL, case(tool_choice="required")),
    Example(
        "tool-choice-named",
        calls("{}", name="now"),
        b"now",
        OK_CALL,
        case(tool_choice={"type": "function", "function": {"name": "weather"}}),
    ),
    Example("parallel-calls-off", calls("{}", "{}"), b"call_1", OK_CALL, case(parallel_tool_calls=False)),
    Example("tool-index-present", parts(fragment(None, "now", "{}", id="a")), b"now", OK_PARTS),
    Example(
        "tool-index-unique", parts(fragment(0, "now", "{}", id="a"), fragment(0, "now", "{}", id="bb")), b"bb", OK_PARTS
    ),
    Example(
        "tool-fragment-nulls",
        parts(fragment(0, "now", "{", id="a"), fragment(0, None, "}", id=None)),
        b"null",
        OK_PARTS,
    ),
    Example("tool-fragment-names", parts(fragment(0, "now", "{", id="a"), fragment(0, "now", "}")), b"now", OK_PARTS),
    Example(
        "arguments-streamed",
        parts(fragment(0, "now", "", id="a"), fragment(0, None, '{"x":"' + "y" * 70 + '"}')),
        b"yyy",
        OK_PARTS,
    ),
    Example("tool-arguments-json", calls('"city":"Oslo"}'), b"Oslo", OK_CALL),
    Example("tool-arguments-complete", calls('{"city":"Os'), b"Os", OK_CALL),
    Example("tool-arguments-once", calls('{"city":"Oslo"}{"city":"Oslo"}'), b"}{", OK_CALL),
    Example("tool-arguments-empty-object", calls("", name="now"), b"now", calls("{}", name="now")),
    Example("tool-arguments-text", calls({"city": "Oslo"}), b"Oslo", OK_CALL),
    Example("tool-arguments-schema", calls('{"city":"O"}'), b"city", OK_CALL),
    Example("tool-arguments-enum", calls('{"city":"Oslo","unit":"K"}'), b"K", OK_CALL),
    Example("tool-arguments-types", calls('{"city":"Oslo","days":"3"}'), b"days", OK_CALL),
    Example("tool-arguments-required", calls("{}"), b"{}", OK_CALL),
    Example("call-after-empty-call", calls("{}", ""), b"call_1", calls("{}", '{"city":"Oslo"}')),
    Example("markers-in-content", says('<tool_call>{"name":"now"}</tool_call>'), b"<tool_call>", OK_TEXT),
    Example(
        "markers-in-reasoning",
        says("x", reasoning_content="<|tool_call_begin|>"),
        b"<|tool_call_begin|>",
        says("x", reasoning_content="hm"),
    ),
    Example("think-tags-in-content", says("<think>hm</think>x"), b"<think>", OK_TEXT),
    Example("history-ids-in-content", says('functions.weather:0 {"city":"Oslo"}'), b"functions.weather:0", OK_TEXT),
    Example(
        "answer-in-content", says("", reasoning_content="It is 4."), b"It is 4.", says("4", reasoning_content="2+2")
    ),
    Example("reasoning-field", says("x", reasoning="hm"), b"reasoning", says("x", reasoning_content="hm")),
    Example("reply-not-empty", says(""), b'"stop"', OK_TEXT),
    Example("text-whole-characters", says("a \ufffd"), "\ufffd".encode(), OK_TEXT),
    Example("text-visible", says("a\u200bb"), "\u200b".encode(), says("👩\u200d🚀")),
    Example("text-no-loop", says("so " * 300, "length"), b"so so", says("so " * 5 + "x" * 250 + "end", "length")),
    Example("content-matches", OK_TEXT, b"hello", says("bye"), case({"content-matches": {"contains": ["bye"]}})),
    Example(
        "structured-output", says("[]"), b"[]", says('{"city":"Oslo"}'), case({"structured-output": {"schema": SCHEMA}})
    ),
    Example(
        "structured-output-bare", says('```json\n{"city":"Oslo"}\n```'), b"```", says('{"city":"Oslo"}'), JSON_ASKED
    ),
    Example("structured-output-schema", says('{"city":7}'), b"7", says('{"city":"Oslo"}'), JSON_ASKED),
    Example(
        "json-equals", says('{"a":true}'), b"true", says('{ "a": 1.0 }'), case({"json-equals": {"value": {"a": 1}}})
    ),
    Example("tool-call-expected", OK_TEXT, b"finish_reason", OK_CALL, case({"tool-call-expected": {"call": "must"}})),
    Example("tool-call-matches", calls('{"city":"Rome"}'), b"Rome", RIGHT, expects(CODE)),
    Example("argument-whitespace", calls('{"city":"a b </tool_call> c","zip":"02134"}'), b"a b", RIGHT, expects(CODE)),
    Example("argument-markers", calls('{"city":"a\\n  b ","zip":"02134"}'), b"a\\\\n  b", RIGHT, expects(CODE)),
    Example("argument-coerced", calls('{"city":"x","zip":2134}'), b"2134", RIGHT, expects(CODE)),
    Example("stop-honoured", says("one END two"), b"END", OK_TEXT, case(stop=["END"])),
    Example("n-honoured", OK_TEXT, b"choices", OK_TEXT, case(n=2), case(n=1)),
    Example(
        "logprobs-honoured",
        OK_TEXT,
        b"choices",
        plain(
            {
                **message(),
                "choices": [{"index": 0, "message": {"content": "x"}, "logprobs": {"content": [{"token": "x"}]}}],
            }
        ),
        case(logprobs=True),
    ),
    Example("max-tokens-honoured", plain(message(content="x", usage=(1, 50))), b"50", OK_TEXT, case(max_tokens=10)),
    Example("no-legacy-function-call", says(None, function_call={"name": "now"}), b"function_call", OK_TEXT),
    Example(
        "reasoning-present",
        OK_TEXT,
        b"hello",
        says("4", reasoning_content="2+2"),
        case({"reasoning-present": {}}),
    ),
    Example(
        "text-script",
        says("Good morning, Привет"),
        "П".encode(),
        says("Good morning, café 42 €"),
        case({"text-script": {"only": ["latin"]}}),
    ),
    Example(
        "text-repetition",
        says("we go round and round in circles here " * 5),
        b"we",
        says("one two three four five six seven eight nine"),
        case({"text-repetition": {}}),
    ),
    Example(
        "text-beside-call",
        calls('{"city":"Oslo"}'),
        b'"content": null',
        plain(message("tool_calls", content="Looking.", tool_calls=[call("weather", '{"city":"Oslo"}')])),
        case({"text-beside-call": {"contains": ["Looking."]}}),
    ),
)
