"""Messages of the fleet: the same answers as chat completions, and where the key may stand."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_replies import exchange_with, served
from trueweight.core import PROTOCOLS, Case, Mode
from trueweight.fleet import MODEL
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.protocols import read_reply
from trueweight.suites import find_suite


def test_the_key_is_taken_in_either_header() -> None:
    """As most hosts take it; a wrong one is refused."""
    provider = served("reference", api_key="k")
    ask = b'{"model": "%s", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}' % MODEL.encode()
    statuses = [
        provider.respond(HttpRequest("POST", "/v1/messages", headers, ask)).status
        for headers in ({"x-api-key": "k"}, {"authorization": "Bearer k"}, {"x-api-key": "other"}, {})
    ]
    assert statuses == [200, 200, 401, 401]


def _facts(provider: FleetProvider, case: Case, mode: Mode, api: str) -> tuple[Any, ...]:
    reply = read_reply(exchange_with(provider, case, mode, api))
    calls = [(one.name, one.arguments) for one in reply.calls]
    return (reply.status // 100, reply.content or "", reply.reasoning, calls, reply.finish)


@pytest.mark.parametrize("suite", ["tool-calls", "structured-output", "reasoning", "protocol"])
def test_a_case_is_answered_alike_through_both_apis(suite: str) -> None:
    """The model decides once: what differs between the APIs of a host is a fault of its server, not of the model."""
    found = find_suite(suite)
    provider = served("reference", KnownAnswers([found]))
    protocol = PROTOCOLS.get("messages")
    asked = [case for case in found.cases if case.api is None and not protocol.cannot_express(case)][::4]
    for case in asked:
        if case.request.get("temperature") == 0 and "truncated" not in case.tags:
            for mode in case.modes:
                assert _facts(provider, case, mode, "chat") == _facts(provider, case, mode, "messages"), case.key
    assert len(asked) > 8
