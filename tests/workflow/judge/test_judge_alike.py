"""Replies that are alike but for their ids and times are judged once: with the result that each has by itself."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from trueweight.checks import all_checks
from trueweight.core import Case, Exchange, Provider, ReplyDigest, Stamp
from trueweight.core.example import Example, SampleReply
from trueweight.core.observation import Observation
from trueweight.core.reply_digest import digest_choices
from trueweight.workflow.explain import sample_exchange
from trueweight.workflow.judge.alike import AlikeReplies
from trueweight.workflow.judge.exchange import Judged, judge_exchange
from trueweight.workflow.judge.lean import lean

SINGLE = [(info, info.example) for info in all_checks() if isinstance(info.example, Example)]
IDS = re.compile(rb'(?<=[^\\]"id": ")[\w-]+(?=")|(?<="item_id": ")[\w-]+(?=")|(?<="call_id": ")[\w-]+(?=")')


def renewed(exchange: Exchange, seed: int) -> Exchange:
    """The exchange with other ids, another time of creation, and chunks that arrive at other times."""
    rng = random.Random(seed)
    names: dict[bytes, bytes] = {}

    def fresh(found: re.Match[bytes]) -> bytes:
        return names.setdefault(found[0], b"call_" + b"".join(rng.choices([b"a", b"B", b"7", b"_"], k=20)))

    attempt = exchange.final
    body = IDS.sub(fresh, attempt.body).replace(b"1700000000", b"17%08d" % rng.randrange(10**8))
    ends = [0, *(found.end() for found in re.finditer(rb"\n\n", body))]
    late = 600_000_000 * rng.randrange(2)
    stamps = tuple(Stamp(late + 5_000_000 * n + rng.randrange(10**6), end) for n, end in enumerate(ends))
    attempt = replace(attempt, body=body, stamps=stamps, t_done=stamps[-1].ns + 1)
    return replace(exchange, trial=f"{seed:020}", repeat=seed, attempts=(*exchange.attempts[:-1], attempt))


def alone(case: Case, provider: Provider, exchange: Exchange) -> tuple[Judged, Observation, tuple[ReplyDigest, ...]]:
    """What an exchange is worth by itself."""
    judged = judge_exchange(case, provider, exchange)
    digests: tuple[ReplyDigest, ...] = ()
    if judged.reply is not None:
        digests = digest_choices(exchange.trial, case, exchange.mode, exchange.repeat, judged.reply)
    return judged, lean(judged.observation, exchange.api), digests


@pytest.fixture
def provider(make_provider: Callable[..., Provider]) -> Provider:
    """A provider with a price."""
    return make_provider("p")


def samples() -> list[tuple[Case, SampleReply | Exchange, str | None]]:
    """The broken and the healthy reply of every check's example."""
    bad = [(example.case, example.bad, info.protocol) for info, example in SINGLE]
    return bad + [(example.good_case or example.case, example.good, info.protocol) for info, example in SINGLE]


def test_what_is_found_does_not_depend_on_ids_and_times(provider: Provider) -> None:
    """For the example of every check, in the API in which it is shown: the judgement by an alike reply is the same."""
    compared = 0
    for case, sample, api in samples():
        exchange = sample_exchange(sample, api)
        first, second = renewed(exchange, 1), renewed(exchange, 2)
        alike = AlikeReplies()
        key, other = alike.key_of(case, first), alike.key_of(case, second)
        if key is None or key != other:
            continue
        alike.keep(key, *alone(case, provider, first))
        found = alike.find(key, second)
        if found is not None:
            compared += 1
            assert found == alone(case, provider, second)[1:]
    assert compared > 150


def weather(call: str, arguments: Any = '{"city": "Paris"}') -> dict[str, Any]:
    return {"id": call, "type": "function", "function": {"name": "weather", "arguments": arguments}}


Call = Callable[..., Exchange]


@pytest.fixture
def say_call(
    make_exchange: Callable[..., Exchange],
    make_case: Callable[..., Case],
    provider: Provider,
    say: Callable[..., bytes],
) -> Call:
    """An exchange whose reply calls the tool, with this id and these arguments."""

    def make(call: str, arguments: Any = '{"city": "Paris"}', **more: Any) -> Exchange:
        body = say(None, [weather(call, arguments)], "tool_calls")
        return make_exchange(make_case("c"), provider, body, **more)

    return make


def test_a_kept_judgement_is_used_only_where_nothing_else_differs(
    say_call: Call, make_case: Callable[..., Case]
) -> None:
    """Other ids of the same length are alike. Other arguments, statuses, requests, two attempts and a short id, which a
    model may have written, are not; nor is an id of the request."""
    alike, case = AlikeReplies(), make_case("c")
    key = alike.key_of(case, say_call("call_aaaaaaaa"))
    assert key is not None
    assert alike.key_of(case, say_call("call_bbbbbbbb")) == key
    of_request = say_call("call_cccccccc")
    of_request = replace(of_request, request=replace(of_request.request, body='{"id": "call_cccccccc"}'))
    others = [
        say_call("call_aaaaaaaaa"),
        say_call("call_aaaaaaaa", '{"city": "Oslo"}'),
        say_call("call_aaaaaaaa", status=400),
        say_call("call_1"),
        of_request,
    ]
    assert key not in [alike.key_of(case, one) for one in others]
    assert alike.key_of(case, say_call("call_aaaaaaaa", retries=1)) is None


def test_arguments_that_are_an_object_are_judged_by_themselves(
    say_call: Call, provider: Provider, make_case: Callable[..., Case]
) -> None:
    """They have an id of their own in the body, which looks as that of a call: the judgement says what is in them."""
    alike, case = AlikeReplies(), make_case("c")
    for order in ("order-4711-a", "order-4711-b"):
        exchange = say_call("call_aaaaaaaa", {"city": "Paris", "id": order})
        key = alike.key_of(case, exchange)
        assert key is not None
        kept = alike.find(key, exchange)
        found = alone(case, provider, exchange)
        assert kept is None or kept == found[1:]
        alike.keep(key, *found)
