"""An exchange becomes the observation that measuring counts with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from trueweight.core import Case, Exchange, FailureKind, Finish, Observation, Outcome, Price, Provider
from trueweight.workflow.judge import judge_exchange
from trueweight.workflow.judge.exchange import case_info
from trueweight.workflow.judge.lean import lean

Make = Callable[..., Any]


@pytest.fixture
def judged(make_case: Make, make_provider: Make, make_exchange: Make) -> Callable[..., Observation]:
    """Judge one exchange of one case."""

    def judge(body: bytes = b"", case: dict[str, Any] | None = None, **said: Any) -> Observation:
        the_case: Case = make_case("c", **(case or {}))
        provider: Provider = make_provider("p")
        exchange: Exchange = make_exchange(the_case, provider, body, **said)
        return judge_exchange(the_case, provider, exchange).observation

    return judge


def test_a_valid_call_is_seen_by_what_is_there(judged: Make, say: Make, call: Make) -> None:
    """Called, valid, with its tokens priced: 100 × $1 + 50 × $2 per million."""
    seen = judged(say(calls=[call()], finish="tool_calls"))
    assert (seen.called, seen.calls_valid, seen.finish) == (True, True, Finish.CALLS)
    assert seen.cost == pytest.approx(200e-6)
    assert seen.timing.service == 20_000_000


def test_an_answer_that_reports_no_usage_has_no_known_cost(
    make_case: Make, make_provider: Make, make_exchange: Make, say: Make
) -> None:
    """What a failed attempt reported is a part of the cost, and no whole. A price per request alone needs no usage."""
    case, silent = make_case("c"), say("Hello.").replace(b"_tokens", b"_words")
    exchange = make_exchange(case, make_provider("p"), silent, retries=1)
    billed = b'{"usage": {"prompt_tokens": 100, "completion_tokens": 50}}'
    exchange = replace(exchange, attempts=(replace(exchange.attempts[0], body=billed), exchange.final))
    by_tokens, by_request = (
        replace(make_provider("p"), price=price) for price in (Price(1.0, 2.0), Price(0.0, 0.0, request=0.01))
    )
    assert judge_exchange(case, by_tokens, exchange).observation.cost is None
    assert judge_exchange(case, by_request, exchange).observation.cost == pytest.approx(0.02)


def test_one_invalid_call_spoils_the_reply(judged: Make, say: Make, call: Make) -> None:
    """A reply is valid only if all its calls are."""
    seen = judged(say(calls=[call(), call(arguments='{"town": 1}')], finish="tool_calls"))
    assert (seen.called, seen.calls_valid) == (True, False)
    assert any(finding.outcome is Outcome.FAIL for finding in seen.findings)


def test_a_failure_of_transport_is_nobodys_answer(judged: Make) -> None:
    """Nothing to judge: no findings, the kind of failure, and what the case expects is still known."""
    seen = judged(lost=FailureKind.RESET, case={"checks": {"tool-call-expected": {"call": "must"}}})
    assert (seen.arrived, seen.ok, seen.failure, seen.findings) == (False, False, FailureKind.RESET, ())
    assert seen.expects_call is True


def test_a_retry_is_an_attempt_on_record(judged: Make, say: Make) -> None:
    """Two resets, then an answer: three attempts, first not ok, final ok."""
    seen = judged(say("hello"), retries=2)
    assert (seen.attempts, seen.first_ok, seen.ok) == (3, False, True)


def test_a_stale_connection_is_not_the_providers_failure(judged: Make, say: Make) -> None:
    """A kept connection that was closed already is on record, and the attempt after it is the first that counts."""
    seen = judged(say("hello"), retries=1, early_kind=FailureKind.STALE_CONNECTION)
    assert (seen.attempts, seen.first_ok, seen.ok) == (2, True, True)


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ({}, None),
        ({"tool-call-expected": {"call": "must"}}, True),
        ({"tool-call-expected": {"call": "must-not"}}, False),
        ({"tool-call-expected": {"call": "may"}}, None),
        ({"tool-call-matches": {"calls": [{"name": "weather"}]}}, True),
        ({"tool-call-matches": {"calls": []}}, False),
    ],
)
def test_what_a_case_expects(judged: Make, say: Make, checks: dict[str, Any], expected: bool | None) -> None:
    """Must and must-not are expectations, may and silence are none."""
    assert judged(say("hello"), case={"checks": checks}).expects_call is expected


def test_structured_output_is_classified_only_where_asked(judged: Make, say: Make) -> None:
    """Fenced JSON is fenced for a case that asked for JSON, and nothing for one that did not."""
    request = {"messages": [], "response_format": {"type": "json_object"}}
    fenced = say('```json\n{"a": 1}\n```')
    assert judged(fenced, case={"request": request}).structured == "fenced"
    assert judged(say('{"a": 1}'), case={"request": request}).structured == "valid"
    assert judged(fenced).structured is None


@pytest.mark.parametrize("checks", [{"finish-reason": {"one_of": ["length"]}}, {"request-refused": {}}])
def test_a_case_made_to_be_cut_or_refused_asks_for_no_json(judged: Make, say: Make, checks: dict[str, Any]) -> None:
    """Half a document is what a healthy provider answers to it, and must not lower anyone's accuracy."""
    case = {"request": {"messages": [], "response_format": {"type": "json_object"}}, "checks": checks}
    assert judged(say('{"a": ', finish="length"), case=case).structured is None


@pytest.mark.parametrize(
    ("checks", "asked"),
    [({}, True), ({"finish-reason": {"one_of": ["length"]}}, False), ({"request-refused": {}}, False)],
)
def test_a_case_made_to_be_cut_or_refused_asks_for_no_call(
    make_case: Make, checks: dict[str, Any], asked: bool
) -> None:
    """Half a call is what a healthy provider answers to it: neither valid nor a missed call."""
    assert case_info(make_case("c", checks=checks)).tools is asked
    limited = replace(make_case("c", checks=checks), keeps_limit=True)
    assert not case_info(limited).tools  # a healthy call is cut there


def test_a_run_keeps_no_evidence(judged: Make, say: Make, call: Make) -> None:
    """Judging one exchange shows the bytes; what a run keeps of it has the message alone, to fit in memory."""
    seen = judged(say(calls=[call("{")], finish="tool_calls"))
    whole, kept = (
        [finding for finding in one.findings if finding.outcome is Outcome.FAIL] for one in (seen, lean(seen, "chat"))
    )
    assert any(finding.spans for finding in whole)
    assert kept
    assert not any(finding.spans or finding.expected or finding.got for finding in kept)
    assert [finding.message for finding in kept] == [finding.message for finding in whole]
