"""Replies of simulated providers in the test's process, without a socket; and a fleet's entries, changed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from trueweight.core import Case, Exchange, Mode, Provider, Trial
from trueweight.fleet.completion import ResponseScript, Write
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import MODEL
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.fleet.roster import WRITES, FleetMember, members_named, roster
from trueweight.workflow.matrix.select import as_exchange

HEALTHY_STACKS = (
    "reference",
    "other-stack",
    *(one.name for one in roster() if one.name.startswith(("healthy-", WRITES))),
)
"""Healthy providers that write the same in many ways."""


def served(member: str | FleetMember, known: KnownAnswers | None = None, **more: str) -> FleetProvider:
    """A provider of the fleet. It knows no answer by heart unless they are given."""
    entry = members_named([member])[0] if isinstance(member, str) else member
    return FleetProvider(entry, known or KnownAnswers(), rng=random.Random(0), clock=lambda: 1_700_000_000.0, **more)


def body_of(response: ResponseScript) -> bytes:
    """The bytes of its body."""
    return b"".join(step.data for step in response.steps if isinstance(step, Write))


def exchange_with(
    provider: FleetProvider, case: Case, mode: Mode, api: str | None = None, *, first: Case | None = None
) -> Exchange:
    """The request of a case and the provider's response, as if they had gone over the wire.

    Args:
        api: None is the case's, or chat completions.
        first: the case whose response it continues.
    """
    trial = Trial.of(case, Provider(provider.member.name, "http://127.0.0.1/v1", MODEL), 0, mode, api)
    before = b"" if first is None else exchange_with(provider, first, mode, api).final.body
    line, body = trial.protocol.line, trial.body(trial.protocol.stored_id(before) if before else "")
    response = provider.respond(HttpRequest(line.method, f"/v1{line.path}", {}, body.encode()))
    exchange = as_exchange(case, mode, response)
    return replace(
        exchange,
        trial=trial.id,
        provider=trial.provider.name,
        api=trial.api,
        started_at="2026-01-01T00:00:00.000000+00:00",
        request=replace(exchange.request, method=line.method, body=body),
    )


def without_thinking(providers: Path) -> str:
    """The text of a fleet's ``providers.toml`` whose entries do not mention thinking."""
    lines = providers.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("thinking"))
