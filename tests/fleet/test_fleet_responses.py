"""Responses of the fleet: the same answers as chat completions."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_replies import exchange_with, served
from trueweight.checks import all_checks, run_checks
from trueweight.core import PROTOCOLS, Case, Mode, Outcome
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.provider import FleetProvider
from trueweight.protocols import read_reply
from trueweight.suites import find_suite


def _facts(provider: FleetProvider, case: Case, mode: Mode, api: str) -> tuple[Any, ...]:
    reply = read_reply(exchange_with(provider, case, mode, api))
    calls = [(one.name, one.arguments) for one in reply.calls]
    # Usage has its details in every response, and in chat completions where there is something to say.
    shared = {info.id for info in all_checks() if info.protocol is None} - {
        "usage-cached-within",
        "usage-reasoning-within",
    }
    outcomes = {one.check: one.outcome for one in run_checks(case, reply) if one.check in shared}
    outcomes = {check: outcome for check, outcome in outcomes.items() if outcome is not Outcome.NOT_APPLICABLE}
    return (reply.status // 100, reply.content or "", reply.reasoning, calls, reply.finish, outcomes)


@pytest.mark.parametrize("suite", ["tool-calls", "structured-output", "reasoning", "protocol"])
def test_a_case_is_answered_alike_through_both_apis(suite: str) -> None:
    """The model decides once, and each check of any API has the same outcome: what differs between the APIs of a host
    is a fault of its server, not of the model."""
    found = find_suite(suite)
    provider = served("reference", KnownAnswers([found]))
    protocol = PROTOCOLS.get("responses")
    asked = [case for case in found.cases if case.api is None and not protocol.cannot_express(case)][::4]
    for case in asked:
        if case.request.get("temperature") == 0:
            for mode in case.modes:
                assert _facts(provider, case, mode, "chat") == _facts(provider, case, mode, "responses"), case.key
    assert len(asked) > 8
