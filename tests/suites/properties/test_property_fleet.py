"""A healthy fleet provider answers generated cases rightly from the prompt alone, and judges' checks agree."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from trueweight.checks import run_checks
from trueweight.core import Attempt, Case, Exchange, Mode, Outcome, RequestRecord, Stamp
from trueweight.fleet import MODEL, members_named
from trueweight.fleet.completion import Write
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.protocols import read_reply
from trueweight.suites import find_suite, generated_suites

EXAMPLES = 25


@pytest.fixture(scope="module")
def provider() -> FleetProvider:
    """One that knows no answer by heart."""
    (entry,) = members_named(["twin"])
    return FleetProvider(entry, KnownAnswers(), rng=random.Random(1), clock=lambda: 0.0)


def reply_to(provider: FleetProvider, request: dict[str, Any], mode: Mode) -> Exchange:
    """Its answer, as an exchange."""
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if mode is Mode.STREAM else {}
    body = json.dumps({"model": MODEL, **request, **streamed}).encode()
    response = provider.respond(HttpRequest("POST", "/v1/chat/completions", {}, body))
    data = b"".join(step.data for step in response.steps if isinstance(step, Write))
    attempt = Attempt(0, 0, None, 1, 2, response.status, "HTTP/1.1", response.headers, data, (Stamp(1, 0),))
    record = RequestRecord("POST", "http://x", (), body.decode())
    return Exchange("t", "p", "s", "c", 0, mode, "2026-01-01T00:00:00+00:00", record, (attempt,))


@pytest.mark.slow
@pytest.mark.parametrize("name", generated_suites())
def test_a_healthy_provider_is_right(provider: FleetProvider, name: str) -> None:
    """No check fails any of its replies, and those that know the answer have judged it."""
    for case in find_suite(name, examples=EXAMPLES).cases:
        exchange = reply_to(provider, dict(case.request), case.modes[-1])
        findings = {finding.check: finding for finding in run_checks(case, read_reply(exchange))}
        failed = [(case.id, one.check, one.message) for one in findings.values() if one.outcome is Outcome.FAIL]
        assert failed == []
        assert set(case.checks) <= {check for check, one in findings.items() if one.outcome is Outcome.PASS}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"text": "other"}, "is valid, but not the expected call"),
        ({"text": 3}, "is invalid"),
        (None, "did not come at all"),
    ],
)
def test_a_wrong_call_is_told_from_an_invalid_one(said: Any, words: str) -> None:
    """Both fail the expectation; the message says which it is."""
    case = next(case for case in find_suite("property-arguments", examples=7).cases if case.id.startswith("marker"))
    name = case.checks["tool-call-matches"]["calls"][0]["name"]
    calls = [{"id": "1", "type": "function", "function": {"name": name, "arguments": json.dumps(said)}}]
    assert words in _finding(case, {"role": "assistant", "content": "x", "tool_calls": calls if said else None})


@pytest.mark.parametrize("valid", [True, False])
def test_a_wrong_document_is_told_from_an_invalid_one(valid: bool) -> None:
    """Of two documents that were not asked for only one breaks the schema."""
    case = find_suite("property-structured", examples=5).cases[0]
    schema = case.request["response_format"]["json_schema"]["schema"]
    schema = {**schema, "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    own = Case("s", "c", {**case.request, "response_format": wanted}, checks={"json-equals": {"value": {"a": 1}}})
    message = {"role": "assistant", "content": json.dumps({"a": 2 if valid else "2"})}
    words = "the JSON is valid, but another value" if valid else "the JSON breaks the schema and is another value"
    assert words in _finding(own, message)


def _finding(case: Case, message: dict[str, Any]) -> str:
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    body = json.dumps(
        {"id": "r", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    ).encode()
    headers = (("content-type", "application/json"),)
    attempt = Attempt(0, 0, None, 1, 2, 200, "HTTP/1.1", headers, body, (Stamp(1, 0),))
    record = RequestRecord("POST", "http://x", (), "{}")
    when = "2026-01-01T00:00:00+00:00"
    exchange = Exchange("t", "p", case.suite, case.id, 0, Mode.PLAIN, when, record, (attempt,))
    expected = ("tool-call-matches", "json-equals")
    findings = [one for one in run_checks(case, read_reply(exchange)) if one.check in expected]
    assert [one.outcome for one in findings] == [Outcome.FAIL]
    return findings[0].message
