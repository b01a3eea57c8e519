"""Messages made by hand: what the API allows is no finding, and a fault is found by the check that names it."""

from __future__ import annotations

import pytest
from check_samples import failed

from trueweight.checks import run_checks
from trueweight.core import PROTOCOLS, Exchange, Outcome
from trueweight.core.example import sample_case
from trueweight.core.json_value import JsonObject
from trueweight.protocols import read_reply
from trueweight.protocols.messages.sample import (
    answered,
    delta,
    events,
    raw_stream,
    sse,
    stream,
    text,
    thinking,
    tool_use,
)

CASE = sample_case()
HELLO = events(text("hello"))
SEARCH: JsonObject = {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}
FOUND: JsonObject = {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}


def searched() -> list[JsonObject]:
    """A stream that begins with a tool that the server runs, and its result."""
    later = [{**one, "index": 2} if "index" in one else one for one in HELLO[1:]]
    begin = {"type": "content_block_start", "index": 0, "content_block": SEARCH}
    result = {"type": "content_block_start", "index": 1, "content_block": FOUND}
    stops = [{"type": "content_block_stop", "index": at} for at in (0, 1)]
    return [HELLO[0], begin, delta(0, "input_json_delta", partial_json="{}"), stops[0], result, stops[1], *later]


@pytest.mark.parametrize(
    ("oddity", "made"),
    [
        ("a new stop reason", answered({"type": "compaction", "content": "so far"}, stop="compaction")),
        ("an empty stop sequence", answered(text("hi"), stop_sequence="")),
        ("a refusal", answered(stop="refusal")),
        ("a pause", answered(SEARCH, stop="pause_turn")),
        ("a call that the limit cut", answered(tool_use(given={}), stop="max_tokens")),
        ("tools of the server", answered(SEARCH, FOUND, text("hi"))),
        ("tools of the server, streamed", stream(searched())),
        ("a thought that is left out", answered(thinking(""), text("hi"))),
        ("an unknown block", answered({"type": "hologram"}, text("hi"))),
        ("an unknown event", stream([*HELLO[:3], {"type": "news"}, *HELLO[3:]])),
        ("a ping before the message", stream([{"type": "ping"}, *HELLO])),
        ("a ping without a type", raw_stream(b"event: ping\ndata: {}\n\n" + sse(HELLO))),
        ("the stop reason in the second of two deltas", stream([*HELLO[:4], HELLO[4] | {"delta": {}}, *HELLO[4:]])),
    ],
)
def test_what_the_api_allows_is_no_finding(oddity: str, made: Exchange) -> None:
    """By the types of the official SDK, and by what it leaves out."""
    assert failed(made, CASE) == []


@pytest.mark.parametrize("kind", ["output_text", "reasoning", "function"])
def test_a_block_of_another_api_is_found(kind: str) -> None:
    """Alone or beside a text, and in a stream."""
    block = {"type": kind, "text": "hello"}
    assert failed(answered(block), CASE) == failed(answered(block, text("hi")), CASE) == ["messages-shape"]
    streamed = stream([HELLO[0], HELLO[1] | {"content_block": block}, *HELLO[2:]])
    assert failed(streamed, CASE) == ["messages-event-shape"]


def test_only_the_last_call_can_be_cut() -> None:
    """An earlier call without its arguments is a fault also where the limit ended the message."""
    both = answered(tool_use(given={}), tool_use(given={"city": "Oslo"}, id="toolu_2"), stop="max_tokens")
    assert failed(both, CASE) == ["tool-arguments-required"]


def test_an_error_that_is_no_json_is_an_error() -> None:
    """The event's name says so; it is no stream that breaks off without a reason."""
    made = raw_stream(sse(HELLO[:3]) + b"event: error\ndata: engine died\n\n")
    assert {"error-in-stream", "messages-error-event"} <= set(failed(made, CASE))
    assert PROTOCOLS.get("messages").error_in(made.final.body) == "engine died"


@pytest.mark.parametrize("odd", [[], {}, ["text_delta"], 5])
def test_a_type_that_is_no_text_makes_no_check_raise(odd: object) -> None:
    """Of a delta, a block or an event: it is a flaw of their shape."""
    for made in (
        stream([*HELLO[:2], {**HELLO[2], "delta": {"type": odd, "text": "x"}}, *HELLO[3:]]),
        stream([HELLO[0], {**HELLO[1], "content_block": {"type": odd, "text": ""}}, *HELLO[2:]]),
        answered({"type": odd, "text": "x"}),
    ):
        found = run_checks(CASE, read_reply(made))
        assert not [one for one in found if one.problem is not None]
        assert [one.check for one in found if one.outcome is Outcome.FAIL and one.check.endswith("shape")]
