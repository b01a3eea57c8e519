"""Chat completions besides single replies: usage in raw bytes, previews, sizes, and several choices."""

from __future__ import annotations

from typing import Any

import pytest
from handmade import chunk, message, plain, stream, usage_chunk

from trueweight.core import PROTOCOLS, Case, Event, Finish, Provider, RequestSize, Span, TokenCount
from trueweight.protocols import read_reply

CHAT = PROTOCOLS.get("chat")
PROVIDER = Provider("p", "http://h/v1", "m")


def two(text: str, finish: str | None = None, index: int = 1) -> dict[str, object]:
    """A chunk of the choice with that index."""
    return chunk() | {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]}


def test_every_choice_is_kept_with_its_own_finish_and_anomalies() -> None:
    """Interleaved choices do not mix; a view shows one of them, with the anomalies of the reply and of that choice."""
    made = stream([two("a", index=0), two("x"), two("b", "stop", 0), two("y", "length"), two("z"), usage_chunk()])
    reply = read_reply(made)
    assert [(one.index, one.content, one.finish) for one in reply.choices] == [
        (0, "ab", Finish.STOP), (1, "xyz", Finish.LENGTH)
    ]  # fmt: skip
    assert (reply.content, reply.finish) == ("ab", Finish.STOP)
    first, second = reply.choice_views()
    assert (second.content, second.finish_text, second.usage) == ("xyz", "length", reply.usage)
    assert [anomaly.kind for anomaly in first.anomalies] == []
    assert [(anomaly.kind, anomaly.choice) for anomaly in second.anomalies] == [("text-after-finish", 1)]


def test_a_reply_of_one_choice_is_its_own_view() -> None:
    """And so is a reply of none."""
    for made in (plain(message(content="x")), plain({"error": {"message": "no"}})):
        reply = read_reply(made)
        assert reply.choice_views() == (reply,)


@pytest.mark.parametrize(
    ("body", "tokens"),
    [
        (b"", None),
        (b'{"usage":{"prompt_tokens":7,"completion_tokens":3}}', TokenCount(7, 3)),
        (
            b'data: {"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\ndata: {"usage":{"prompt_tokens": 9}}',
            TokenCount(9, 1),
        ),
        (b'{"usage":{"prompt_tokens":4}} and then it broke off', TokenCount(4, 0)),
        (
            b'{"usage":{"prompt_tokens":5,"prompt_tokens_details":{}}, "usage": {"prompt_tokens":null}}',
            TokenCount(5, 0),
        ),
        (b'{"content":"\\"prompt_tokens\\": 1000000"}', None),
        (b'"prompt_tokens":null' * 10_000, None),
    ],
)
def test_usage_is_found_in_bytes_that_need_not_be_whole(body: bytes, tokens: tuple[int, int] | None) -> None:
    """The last numbers count; text that the model wrote has escaped quotes and is none of them."""
    assert CHAT.tokens_in(body) == tokens


def test_the_size_of_a_request_bounds_its_tokens() -> None:
    """The higher limit, times the choices; what is no prompt does not count."""
    request = {"messages": [{"role": "user", "content": "ü"}], "max_tokens": 5, "max_completion_tokens": 9, "n": 3}
    size = CHAT.size(Case("s", "c", request), PROVIDER)
    prompt = '{"messages": [{"role": "user", "content": "ü"}]}'
    assert size == RequestSize(prompt_bytes=len(prompt.encode()), messages=1, output_tokens=9, choices=3)


def test_a_preview_leaves_the_envelope_out() -> None:
    """Of what is no chunk nothing is shown."""
    event = Event(0, Span(0, 1), chunk(content="Hi"), "")
    assert CHAT.preview(event.data) == 'delta {"content":"Hi"}'
    assert CHAT.preview([1]) == CHAT.preview(None) == ""


def test_the_list_of_models_is_no_completion() -> None:
    """It has no body, no size, no tokens and no stream."""
    models = PROTOCOLS.get("models")
    case = Case("s", "c", {}, api="models")
    assert (models.line, models.completions) == (("GET", "/models"), False)
    assert models.size(case, PROVIDER) is None
    assert [models.body(case, PROVIDER, mode) for mode in models.modes] == [""]
    assert models.tokens_in(b'{"prompt_tokens": 3}') is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 90, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 8}}, (90, 9, 8, None)),  # noqa: E501
        ({"prompt_tokens": 100, "completion_tokens": 9, "prompt_cache_hit_tokens": 64}, (100, 9, 64, None)),
        ({"prompt_tokens": 100, "completion_tokens": 9, "cached_tokens": 32}, (100, 9, 32, None)),
        (
            {"prompt_tokens": 90, "completion_tokens": 9,
             "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 70}}, (90, 9, 8, None, 70),
        ),
        ({"prompt_tokens": 90, "completion_tokens": 9, "cache_creation_input_tokens": 7}, (90, 9, 0, None, 7)),
        (
            {"prompt_tokens": 5, "completion_tokens": 60, "total_tokens": 65,
             "completion_tokens_details": {"reasoning_tokens": 50}}, (5, 60, 0, None),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 10, "total_tokens": 65,
             "completion_tokens_details": {"reasoning_tokens": 50}}, (5, 60, 0, None),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 50}},
            (5, 60, 0, None),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost": 0.0125}, (5, 1, 0, 0.0125)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost": 2e-05}, (5, 1, 0, 2e-05)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost": {"total_cost": 0.5}}, (5, 1, 0, 0.5)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost": "0.00125"}, (5, 1, 0, 0.00125)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "estimated_cost": "1e-05"}, (5, 1, 0, 1e-05)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost": "free"}, (5, 1, 0, None)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost": ""}, (5, 1, 0, None)),
        ({"prompt_tokens": 5, "completion_tokens": 10, "total_tokens": 65, "reasoning_tokens": 50}, (5, 60, 0, None)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "estimated_cost": 0.25}, (5, 1, 0, 0.25)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "cost_in_usd_ticks": 37756000}, (5, 1, 0, 0.0037756)),
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "cost": 0.25, "is_byok": True,
             "cost_details": {"upstream_inference_cost": 0.5}}, (5, 1, 0, 0.75),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 1, "cost": 0.25, "is_byok": False,
             "cost_details": {"upstream_inference_cost": 0.25}}, (5, 1, 0, 0.25),
        ),
    ],
)  # fmt: skip
def test_what_is_billed_is_the_same_in_bytes_and_reply(usage: dict[str, Any], tokens: tuple[Any, ...]) -> None:
    """Cached input, thinking outside the completion's count, and a stated cost: the budget and the metric agree."""
    made = plain({"id": "x", "choices": [], "usage": usage})
    assert CHAT.tokens_in(made.final.body) == TokenCount(*tokens)
    assert CHAT.may_state_cost(made.final.body) or tokens[3] is None
    reply = CHAT.read(made)
    assert reply.usage is not None
    assert reply.usage.bill == TokenCount(*tokens)


def test_a_cost_at_either_end_of_a_long_body_is_looked_for() -> None:
    """Without a price a request is charged only what the reply states, wherever token counts are looked for."""
    cost = b'{"usage": {"prompt_tokens": 5, "cost": 0.25}}'
    for body in (cost + b" " * 70_000, b" " * 70_000 + cost, cost):
        tokens = CHAT.tokens_in(body)
        assert tokens is not None
        assert tokens.cost == 0.25
        assert CHAT.may_state_cost(body)
    assert not CHAT.may_state_cost(b"x" * 70_000)
