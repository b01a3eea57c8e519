"""A provider of the fleet that answers a case in memory: no socket is opened."""

from __future__ import annotations

import random

from trueweight.core import (
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Provider,
    RequestRecord,
    Stamp,
    Trial,
    with_allowance,
)
from trueweight.fleet.completion import Write
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.network import MODEL
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.fleet.roster import FleetMember

ALLOWANCE = 1024
"""Tokens for a thought in each case's limit."""


def provider_of(member: FleetMember) -> Provider:
    """Its entry, without a switch."""
    return Provider(member.name, "http://127.0.0.1", MODEL)


def answered(member: FleetMember, known: KnownAnswers, case: Case, mode: Mode) -> tuple[Trial, Exchange]:
    """The trial of a case with room for a thought, and its exchange."""
    fleet = FleetProvider(member, known, rng=random.Random(0), clock=lambda: 0.0)
    trial = Trial.of(with_allowance(case, ALLOWANCE), provider_of(member), 0, mode, case.api or "chat")
    line, body = trial.protocol.line, trial.body()
    response = fleet.respond(HttpRequest(line.method, f"/v1{line.path}", {}, body.encode()))
    sent = b"".join(step.data for step in response.steps if isinstance(step, Write))
    failure = Failure(FailureKind.CLIENT_ERROR) if 400 <= response.status < 500 else None
    attempt = Attempt(
        0, 0, None, 0, 9, response.status, headers=response.headers, body=sent, stamps=(Stamp(1, 0),), failure=failure
    )
    request = RequestRecord("POST", "http://127.0.0.1", (), body)
    started = "2026-01-01T00:00:00.000000+00:00"
    return trial, Exchange(
        trial.id, member.name, case.suite, case.id, 0, mode, started, request, (attempt,), api=case.api or "chat"
    )
