"""Recorded bodies of all three APIs, as their documentation has them: streams, batches, parts, and what is left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from in_process import trueweight
from trueweight.core import TokenCount
from trueweight.suites import find_suite
from trueweight.suites.importers import read_format
from trueweight.suites.importers.chat_shape import ChatShape, as_chat
from trueweight.suites.importers.logs.reading import read_log
from trueweight.suites.importers.recorded_answer import answer_in, model_in, usage_in

ARGUMENTS = '{"city":"Oslo"}'
CALLED = {"calls": [{"name": "weather", "arguments": {"city": "Oslo"}}], "content": "I look."}


def _chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": choices}


def _fragment(**function: str) -> dict[str, Any]:
    first = {"id": "call_1", "type": "function"} if "name" in function else {}
    return _chunk({"tool_calls": [{"index": 0, **first, "function": function}]})


CHAT = [
    _chunk({"role": "assistant", "content": "I "}),
    _chunk({"content": "look."}),
    _fragment(name="weather", arguments=""),
    _fragment(arguments='{"city":'),
    _fragment(arguments='"Oslo"}'),
    _chunk({}, "tool_calls"),
    {
        **_chunk({}),
        "choices": [],
        "usage": {
            "prompt_tokens": 120, "completion_tokens": 9, "total_tokens": 129,
            "prompt_tokens_details": {"cached_tokens": 100},
        },
    },
]  # fmt: skip
_TEXT = {"type": "output_text", "text": "I look.", "annotations": []}
_ITEMS = [
    {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [_TEXT]},
    {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "weather", "arguments": ARGUMENTS},
]
_RESPONSE = {"id": "resp_1", "object": "response", "model": "m-1", "status": "in_progress", "output": []}
_DONE = {
    **_RESPONSE, "status": "completed", "output": _ITEMS,
    "usage": {"input_tokens": 120, "input_tokens_details": {"cached_tokens": 100}, "output_tokens": 9},
}  # fmt: skip
RESPONSES = [
    {"type": kind, "sequence_number": at, **rest}
    for at, (kind, rest) in enumerate(
        (
            ("response.created", {"response": _RESPONSE}),
            ("response.output_item.added", {"output_index": 0, "item": {**_ITEMS[0], "content": []}}),
            (
                "response.output_text.delta",
                {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": "I look."},
            ),
            ("response.output_item.done", {"output_index": 0, "item": _ITEMS[0]}),
            ("response.output_item.added", {"output_index": 1, "item": {**_ITEMS[1], "arguments": ""}}),
            (
                "response.function_call_arguments.delta",
                {"item_id": "fc_1", "output_index": 1, "delta": ARGUMENTS},
            ),
            ("response.output_item.done", {"output_index": 1, "item": _ITEMS[1]}),
            ("response.completed", {"response": _DONE}),
        )
    )
]
_USAGE = {"input_tokens": 20, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": 1}
_MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": [], "usage": _USAGE}
MESSAGES = [
    {"type": "message_start", "message": _MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I look."}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ARGUMENTS}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
]
STREAMS = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}
TOOL = {"name": "weather", "input_schema": {"type": "object"}}
REQUESTS: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Weather?"}], "stream": True},
    "responses": {"input": "Weather?", "stream": True},
    "messages": {"messages": [{"role": "user", "content": "Weather?"}], "max_tokens": 9, "tools": [TOOL]},
}


def as_text(events: Sequence[dict[str, Any]]) -> str:
    """The events as a server sends them: named where they have a type, with the end that chat completions has."""
    named = "".join(
        (f"event: {one['type']}\n" if "type" in one else "") + f"data: {json.dumps(one)}\n\n" for one in events
    )
    return named if "type" in events[0] else named + "data: [DONE]\n\n"


def write(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("api", STREAMS)
@pytest.mark.parametrize("form", ["text", "events"])
def test_the_answer_of_a_recorded_stream_is_read(api: str, form: str, tmp_path: Path) -> None:
    """Calls, text, model and tokens of each API, for a suite and for a workload, from its bytes or its events."""
    stream = as_text(STREAMS[api]) if form == "text" else STREAMS[api]
    assert (answer_in(stream), model_in(stream), usage_in(stream)) == (CALLED, "m-1", TokenCount(120, 9, 100))
    path = write(tmp_path / "log.jsonl", {"request": REQUESTS[api], "response": stream})
    (case,) = read_format("openai-log", path, "mine").cases
    assert case.answer == CALLED
    (line,) = read_log(path).lines
    assert line.recorded is not None
    assert (line.recorded.answer, line.recorded.input_tokens, line.recorded.output_tokens) == (CALLED, 120, 9)
    gateway = {"request_body": REQUESTS[api], "response_body": {"streamed_data": as_text(STREAMS[api])}}
    (line,) = read_log(write(tmp_path / "gateway.jsonl", gateway)).lines
    assert line.recorded is not None
    assert line.recorded.answer == CALLED


_PARTS = {"cached_tokens": 100, "cache_write_tokens": 15}
USAGES: dict[str, dict[str, Any]] = {
    "chat": {"prompt_tokens": 120, "completion_tokens": 9, "prompt_tokens_details": _PARTS},
    "responses": {"input_tokens": 120, "output_tokens": 9, "input_tokens_details": _PARTS},
    "messages": {**_USAGE, "input_tokens": 5, "cache_creation_input_tokens": 15, "output_tokens": 9},
}
PLAIN: dict[str, dict[str, Any]] = {
    "chat": {"model": "m-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "Sunny."}}]},
    "responses": {"model": "m-1", "output": [_ITEMS[0]]},
    "messages": {**_MESSAGE, "content": [{"type": "text", "text": "Sunny."}]},
}


def _with_usage(event: dict[str, Any], usage: dict[str, Any]) -> dict[str, Any]:
    """The event with these counts in place of its own."""
    return {
        name: _with_usage(value, usage) if name in ("response", "message") else usage if name == "usage" else value
        for name, value in event.items()
    }


@pytest.mark.parametrize("api", STREAMS)
@pytest.mark.parametrize("streamed", [False, True])
def test_tokens_that_were_written_to_a_cache_are_recorded_and_billed(api: str, streamed: bool, tmp_path: Path) -> None:
    """5 of 120 tokens are new, 100 came from a cache and 15 were written to it, which costs more."""
    stream = [_with_usage(event, USAGES[api]) for event in STREAMS[api]]
    response = stream if streamed else {**PLAIN[api], "usage": USAGES[api]}
    log = write(tmp_path / "log.jsonl", {"request": REQUESTS[api], "response": response})
    (line,) = read_log(log).lines
    assert line.recorded is not None
    assert (line.recorded.input_tokens, line.recorded.cached_input_tokens) == (120, 100)
    assert (line.recorded.cache_write_input_tokens, line.recorded.output_tokens) == (15, 9)
    assert trueweight("workload", "from", log, "-o", "tickets", cwd=tmp_path).returncode == 0
    plan = tmp_path / "tickets" / "workload.yaml"
    price = "price: {input: 2, output: 10, cached: 0.2, cache_write: 2.5}"
    plan.write_text(plan.read_text("utf-8").replace("price: null", price), "utf-8")
    (case,) = find_suite(str(tmp_path / "tickets")).cases
    assert case.task is not None
    assert case.task.recorded is not None
    assert case.task.recorded.cost == pytest.approx((5 * 2 + 100 * 0.2 + 15 * 2.5 + 9 * 10) / 1e6)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_cost_and_thoughts_that_a_recorded_response_states_are_kept(streamed: bool, tmp_path: Path) -> None:
    """A router's cost in its usage; and thoughts that are counted outside of the completion's tokens."""
    usage = {"prompt_tokens": 120, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 30}}
    usage["cost"] = 0.25
    response = [_with_usage(event, usage) for event in CHAT] if streamed else {**PLAIN["chat"], "usage": usage}
    (line,) = read_log(write(tmp_path / "log.jsonl", {"request": REQUESTS["chat"], "response": response})).lines
    assert line.recorded is not None
    assert (line.recorded.output_tokens, line.recorded.cost) == (39, 0.25)


@pytest.mark.parametrize(
    ("details", "counts"),
    [
        ({"input": 5, "input_cached_tokens": 100, "input_cache_creation": 15, "output": 9, "total": 129}, (120, 9)),
        ({"input": 5, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 15, "output": 9}, (120, 9)),
        ({"input": 120, "input_cache_read": 100, "input_cache_creation": 15, "output": 9, "total": 129}, (120, 9)),
        ({"input": 120, "input_cached_tokens": 0, "output": 4, "output_reasoning_tokens": 5}, (120, 9)),
    ],
)
def test_counts_of_langfuse_add_up(details: dict[str, int], counts: tuple[int, int], tmp_path: Path) -> None:
    """It counts each token once, under its own name; some integrations count those of a cache twice."""
    row = {"type": "GENERATION", "input": REQUESTS["chat"]["messages"], "output": "Sunny.", "usage_details": details}
    (line,) = read_log(write(tmp_path / "log.jsonl", row)).lines
    assert line.recorded is not None
    assert (line.recorded.input_tokens, line.recorded.output_tokens) == counts


@pytest.mark.parametrize("api", STREAMS)
def test_a_stream_without_its_end_has_no_answer(api: str, tmp_path: Path) -> None:
    """Half an answer is none, and the text of events is never taken for the answer."""
    half = STREAMS[api][: len(STREAMS[api]) // 2]
    error = [*half, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}]
    if api == "chat":
        error = [*half, {"error": {"message": "Overloaded", "code": 529}}]
    for events in (half, error):
        text = "".join(f"data: {json.dumps(one)}\n\n" for one in events)
        assert answer_in(text) is None
        (line,) = read_log(write(tmp_path / "log.jsonl", {"request": REQUESTS[api], "response": text})).lines
        assert line.recorded is None


def test_lines_of_message_batches_are_a_log(tmp_path: Path) -> None:
    """A workload joins their requests and results; a result that did not succeed is a failed request."""
    request = REQUESTS["messages"]
    reply = {**_MESSAGE, "content": [{"type": "text", "text": "Sunny."}]}
    requests = [{"custom_id": name, "params": {**request, "max_tokens": at}} for at, name in enumerate("abc", 5)]
    results = [
        {"custom_id": "a", "result": {"type": "succeeded", "message": reply}},
        {"custom_id": "b", "result": {"type": "errored", "error": {"type": "invalid_request_error"}}},
        {"custom_id": "c", "result": {"type": "expired"}},
    ]
    write(tmp_path / "in.jsonl", *requests)
    write(tmp_path / "out.jsonl", *results)
    log = read_log(tmp_path)
    assert [line.recorded.answer for line in log.lines if line.recorded] == [{"content": "Sunny."}]
    assert sum("failed" in line.reason for line in log.left_out) == 2
    assert (len(log.lines), log.rows) == (1, 6)


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
SHOWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}


def asked(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}], "max_tokens": 9}


def given(*parts: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": list(parts)}]}


SAY = {"type": "text", "text": "See"}


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (asked(IMAGE, SAY), [SHOWN, SAY]),
        (asked(SAY, SAY), [SAY, SAY]),
        (asked(SAY, {"type": "image", "source": {"type": "url", "url": "http://x/y.png"}}),
         [SAY, {"type": "image_url", "image_url": {"url": "http://x/y.png"}}]),
        (given({"type": "input_text", "text": "See"}), "See"),
        (given({"type": "input_text", "text": "See"},
               {"type": "input_image", "image_url": "http://x", "detail": "low"}),
         [SAY, {"type": "image_url", "image_url": {"url": "http://x", "detail": "low"}}]),
        (given({"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}),
         [{"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AA"}}]),
        (given({"type": "refusal", "refusal": "No."}), "No."),
    ],
)  # fmt: skip
def test_parts_keep_their_order_and_their_kind(body: Any, content: Any) -> None:
    """Of both APIs: no image comes behind the text that follows it, and no file becomes an empty image."""
    shape = as_chat(body, "/v1/messages" if "messages" in body else "")
    assert isinstance(shape, ChatShape)
    assert shape.body["messages"] == [{"role": "user", "content": content}]


DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "At nine."}}
RESULT = {"type": "tool_result", "tool_use_id": "t"}


@pytest.mark.parametrize(
    ("body", "url", "reason"),
    [
        (asked(DOCUMENT, SAY), "", "a part of type document"),
        (asked({"type": "image", "source": {"type": "file", "file_id": "f"}}), "", "a file that the server keeps"),
        (asked({**RESULT, "content": [SAY, IMAGE]}), "", "a result of a tool has a part of type image"),
        ({**asked(SAY), "tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "", "run at the server"),
        (given({"type": "input_file", "file_id": "f"}), "", "a file that the server keeps"),
        (given({"type": "input_image", "file_id": "f"}), "", "a file that the server keeps"),
        ({"input": "x", "tools": [{"type": "custom", "name": "code"}]}, "", "custom tools"),
        ({"input": "x", "prompt": {"id": "pmpt_1"}}, "", "a prompt that the server keeps"),
        ({"input": "x", "tool_choice": {"type": "mcp", "server_label": "s"}}, "", "tool_choice has the type mcp"),
        ({"input": [{"type": "item_reference", "id": "i"}]}, "", "an item of type item_reference"),
        (asked(SAY), "https://host/v1/messages/count_tokens?beta=true", "answers no text"),
    ],
)
def test_what_chat_completions_cannot_express_is_left_out(body: Any, url: str, reason: str) -> None:
    """With its reason: a request without its image or its document would be another one."""
    shape = as_chat(body, url)
    assert isinstance(shape, str)
    assert reason in shape


def test_settings_inside_fields_are_kept_or_named() -> None:
    """Effort, verbosity, allowed tools and log-probabilities have counterparts; the others are listed."""
    tool = {"type": "function", "name": "f", "parameters": {"type": "object"}}
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}
    body = {"input": "x", "tools": [tool], "tool_choice": allowed, "text": {"verbosity": "low"}, "top_logprobs": 2}
    shape = as_chat({**body, "reasoning": {"effort": "low", "summary": "auto"}})
    assert isinstance(shape, ChatShape)
    named = {"type": "function", "function": {"name": "f"}}
    assert shape.body["tool_choice"] == {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "required", "tools": [named]},
    }
    kept = {"verbosity": "low", "reasoning_effort": "low", "top_logprobs": 2, "logprobs": True}
    assert {name: shape.body[name] for name in kept} == kept
    assert shape.dropped == ("reasoning.summary",)
    cached = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
    config = {"effort": "max", "format": {"type": "json_schema", "schema": {"type": "object"}}}
    shape = as_chat({**asked(cached), "output_config": config, "tools": [{**TOOL, "defer_loading": True}]})
    assert isinstance(shape, ChatShape)
    assert "response_format" in shape.body
    assert shape.dropped == ("output_config.effort", "blocks[].cache_control", "tools[].defer_loading")
