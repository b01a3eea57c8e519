"""A thought is read wherever a server sends it, and the answer is the same as without it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import chunk, exchange, kinds, message, plain, sse, stream, usage_chunk

from trueweight.core import Exchange, Reply, RequestRecord
from trueweight.protocols import IN_CONTENT, locate, read_reply, timing_of

DETAIL = {"type": "reasoning.text", "text": "hm", "index": 0}
SUMMARY = {"type": "reasoning.summary", "summary": "hm"}
SEALED = {"type": "reasoning.encrypted", "data": "c2VhbGVk"}


@pytest.mark.parametrize(
    ("fields", "text", "field", "whole"),
    [
        ({"reasoning_content": "hm"}, "hm", "reasoning_content", True),
        ({"reasoning": "hm"}, "hm", "reasoning", True),
        ({"reasoning_details": [DETAIL]}, "hm", "reasoning_details", True),
        ({"reasoning": "hm", "reasoning_details": [DETAIL]}, "hm", "reasoning", True),
        ({"reasoning": None, "reasoning_details": [DETAIL]}, "hm", "reasoning_details", True),
        ({"reasoning_details": [SUMMARY]}, "hm", "reasoning_details", False),
        ({"reasoning_details": [SEALED]}, None, "reasoning_details", False),
        ({"reasoning_details": []}, None, None, True),
        ({"reasoning_details": "hm"}, None, None, True),
        ({"reasoning": ""}, "", "reasoning", True),
        ({}, None, None, True),
    ],
)
def test_every_field_is_read_plain_and_streamed(fields: dict, text: str | None, field: str | None, whole: bool) -> None:
    """Text, field and whether it is the thought itself; the answer beside it is untouched."""
    for made in (plain(message(content="4", **fields)), stream([chunk(**fields), chunk("stop", content="4")])):
        choice = read_reply(made).choice
        assert (choice.reasoning, choice.reasoning_field, choice.reasoning_whole) == (text, field, whole)
        assert choice.content == "4"


def of_content(*pieces: str, finish: str = "stop", request: str = "{}") -> Reply:
    """The reply of a stream with this content."""
    made = stream([*(chunk(content=piece) for piece in pieces), chunk(finish), usage_chunk()])
    return read_reply(asked_for(made, request))


def asked_for(made: Exchange, body: str) -> Exchange:
    """The exchange with another request body."""
    return replace(made, request=RequestRecord("POST", "http://127.0.0.1", (), body))


@pytest.mark.parametrize(
    ("pieces", "thought", "answer"),
    [
        (("<think>hm</think>4",), "hm", "4"),
        (("<th", "ink>h", "m</thi", "nk>\n", "\n4"), "hm", "4"),
        (("<think>\nhm\n</think>\n\n{", '"a": 1}'), "\nhm\n", '{"a": 1}'),
        (("hm</think>", "4"), "hm", "4"),
        (("[THINK]hm[/THINK]4",), "hm", "4"),
        (("◁think▷hm◁/think▷4",), "hm", "4"),
        (("<seed:think>hm</seed:think>4",), "hm", "4"),
        (("<mm:think>hm</mm:think>4",), "hm", "4"),
        (("<thought>hm</thought>4",), "hm", "4"),
        (("<|START_THINKING|>hm<|END_THINKING|>4",), "hm", "4"),
        (("<|channel>thought", "\nhm<channel|>4"), "\nhm", "4"),
        (("<|channel|>analysis<|message|>h", "m<|end|><|start|>assistant<|channel|>final<|message|>4"), "hm", "4"),
        (("<|channel|>analysis<|message|>hm<|end|><|channel|>final<|message|>4",), "hm", "4"),
        (("<think>hm</think>",), "hm", None),
        (("<think></think>4",), "", "4"),
    ],
)
def test_tags_in_the_content_are_a_thought(pieces: tuple[str, ...], thought: str, answer: str | None) -> None:
    """Wherever the stream is cut, also if the chat template wrote the first tag. Evidence in the answer is found."""
    reply = of_content(*pieces)
    assert (reply.reasoning, reply.content, reply.reasoning_field) == (thought, answer, IN_CONTENT)
    if answer:
        (span, *_) = locate(reply, answer[-1])
        assert reply.body[span.start : span.end].decode() == answer[-1]


def test_a_thought_that_the_limit_cuts_has_no_answer() -> None:
    """Without its end it is a thought only under the finish reason length."""
    assert of_content("<think>h", "m", finish="length").content is None
    assert of_content("<think>h", "m", finish="length").reasoning == "hm"
    assert of_content("<think>h", "m").content == "<think>hm"


@pytest.mark.parametrize("text", ["Use <think>x</think> here", "a < think > b", "x <think> y </think>", "<thinker>x"])
def test_tags_inside_an_answer_are_its_text(text: str) -> None:
    """Only a thought at the beginning is taken."""
    assert of_content(text).content == text


def test_a_tag_that_the_request_names_is_text() -> None:
    """A case may ask for the tag itself."""
    assert of_content("<think>x</think>y", request='{"messages": "Say <think>x</think>y"}').content.startswith(
        "<think>"
    )


def test_log_probabilities_of_a_thought_are_not_those_of_the_answer() -> None:
    """They are per token of the content, so those of the thought are left out with it."""
    entries = [{"token": token, "logprob": -0.1} for token in ("<think>", "hm", "</think>", "4")]
    choice = {"index": 0, "message": {"content": "<think>hm</think>4"}, "finish_reason": "stop"}
    made = plain({"id": "x", "choices": [choice | {"logprobs": {"content": entries}}]})
    logprobs = read_reply(made).logprobs
    assert logprobs is not None
    assert [entry["token"] for entry in logprobs] == ["4"]


def timed(*documents: dict) -> object:
    """Times of a stream with an event every 1000 ns, sent at 100."""
    sizes = [len(sse([document], done=False)) for document in documents]
    cuts = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    made = stream(list(documents), cuts=cuts, times=[1000 * (i + 1) for i in range(len(sizes) + 1)], t_send=100)
    return timing_of(made, read_reply(made))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"reasoning_content": "h"}, {"reasoning_content": "m"}),
        ({"reasoning_details": [DETAIL]}, {"reasoning_details": [SEALED]}),
        ({"content": "<think>h"}, {"content": "m</think>"}),
    ],
)
def test_first_token_first_output_and_thinking(first: dict, second: dict) -> None:
    """The first token is the thought's, the first output the answer's; between them the model thinks."""
    times = timed(chunk(**first), chunk(**second), chunk(content="4"), chunk("stop"), usage_chunk(completion=9))
    assert (times.ttft, times.ttfo, times.thinking) == (900, 2900, 2000)


def test_a_hidden_thought_does_not_speed_its_answer_up() -> None:
    """Tokens per second are those of the events: a thought that was not streamed was written before the first one."""
    usage = usage_chunk(completion=102)
    usage["usage"]["completion_tokens_details"] = {"reasoning_tokens": 100}
    times = timed(chunk(content="a"), chunk(content="b"), chunk("stop"), usage)
    assert times.output_speed == pytest.approx(2 * 1e9 / 1000)
    assert times.thinking is None


def test_details_of_another_shape_are_no_error() -> None:
    """A hostile server may send anything there."""
    for odd in ({}, [1, None, {"type": 3, "text": 4}], [[]], "x", 7, [{"text": "hm"}]):
        assert kinds(plain(message(content="4", reasoning_details=odd))) == []
        read_reply(exchange(b'{"choices": [{"message": {"reasoning_details": [{"type": {}}]}}]}'))
