"""Each shipped suite gives the same outcomes on a provider that thinks as on its twin that does not."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from trueweight.core import (
    Attempt,
    Case,
    Exchange,
    Failure,
    FailureKind,
    Mode,
    Outcome,
    Provider,
    RequestRecord,
    Severity,
    Stamp,
    Trial,
    with_allowance,
)
from trueweight.fleet.completion import Write
from trueweight.fleet.known import KnownAnswers, shipped_answers
from trueweight.fleet.network import MODEL
from trueweight.fleet.provider import FleetProvider, HttpRequest
from trueweight.fleet.roster import FleetMember, members_named, roster
from trueweight.suites import find_suite, shipped_suites
from trueweight.workflow.judge.exchange import judge_exchange

ALLOWANCE = 1024
EVERY = 12
"""One case in so many is sent to each thinker; each thinker begins at another one."""
KNOWN_OF_THOUGHTS = frozenset(
    {"answer-in-content", "reasoning-field", "reasoning-present", "think-tags-in-content", "thinking-switch"}
)
"""Checks of the thought itself, in which a thinker may differ from its twin."""
NOT_TWINS = frozenset({"thinks-endlessly", "thinks-at-one", "thinks-in-new-limits"})
"""It never answers, or refuses the temperature or the limit of the cases."""
THINKERS = tuple(one.name for one in roster() if one.thinker is not None and one.name not in NOT_TWINS)


@pytest.fixture(scope="module")
def known() -> KnownAnswers:
    """The answers of all shipped suites."""
    return shipped_answers()


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    """The cases of all shipped suites."""
    return [case for suite in shipped_suites() for case in find_suite(suite).cases]


def failing(found: Mapping[str, Outcome]) -> set[str]:
    """The checks that fail."""
    return {check for check, outcome in found.items() if outcome is Outcome.FAIL}


def outcomes(member: FleetMember, known: KnownAnswers, case: Case, mode: Mode) -> Mapping[str, Outcome] | None:
    """Check → outcome of one trial, MUST and SHOULD; None if the reply is not judged. No socket is opened."""
    fleet = FleetProvider(member, known, rng=random.Random(0), clock=lambda: 0.0)
    provider = Provider("p", "http://127.0.0.1", MODEL)
    trial = Trial.of(with_allowance(case, ALLOWANCE), provider, 0, mode, case.api or "chat")
    line, body = trial.protocol.line, trial.body()
    response = fleet.respond(HttpRequest(line.method, f"/v1{line.path}", {}, body.encode()))
    sent = b"".join(step.data for step in response.steps if isinstance(step, Write))
    failure = Failure(FailureKind.CLIENT_ERROR) if 400 <= response.status < 500 else None
    attempt = Attempt(
        0, 0, None, 0, 9, response.status, headers=response.headers, body=sent, stamps=(Stamp(1, 0),), failure=failure
    )
    request = RequestRecord("POST", "http://127.0.0.1", (), body)
    exchange = Exchange("t", "p", case.suite, case.id, 0, mode, "", request, (attempt,), api=case.api or "chat")
    seen = judge_exchange(trial.case, provider, exchange, thinking_allowance=ALLOWANCE).observation
    if seen.cut_in_thought:
        return None
    # A passing check of the thought has no counterpart on the twin.
    return {
        one.check: one.outcome
        for one in seen.findings
        if one.severity is not Severity.INFO
        and one.check not in KNOWN_OF_THOUGHTS
        and not (one.outcome is Outcome.PASS and "reasoning" in one.check)
    }


@pytest.mark.parametrize("name", THINKERS)
def test_a_thinker_has_the_outcomes_of_its_twin(name: str, known: KnownAnswers, cases: list[Case]) -> None:
    """Case by case and check by check, whatever the field of the thought, its length and its switch."""
    differ = differences(name, known, cases[THINKERS.index(name) % EVERY :: EVERY])
    assert not differ, "\n".join(map(str, differ))


@pytest.mark.slow
def test_the_thinker_of_the_demo_has_the_outcomes_of_its_twin_in_every_case(
    known: KnownAnswers, cases: list[Case]
) -> None:
    """All cases of the shipped suites, each in one of its modes."""
    differ = differences("thinker", known, cases)
    assert not differ, "\n".join(map(str, differ))


def differences(name: str, known: KnownAnswers, cases: list[Case]) -> list[tuple[object, ...]]:
    """What a thinker and its twin differ in: case, mode, check, and the two outcomes."""
    (thinker,), (twin,) = members_named([name]), members_named(["twin"])
    differ: list[tuple[object, ...]] = []
    for at, case in enumerate(cases):
        mode = case.modes[at % len(case.modes)]
        theirs, own = (outcomes(one, known, case, mode) for one in (twin, thinker))
        assert theirs is not None
        if own is None:
            differ.append((case.key, mode.value, "cut in thought"))
            continue
        # A limit that the case tests may end before the answer: then there is less to judge, and still nothing fails.
        judged = {check for check in theirs if check in case.checks and not case.keeps_limit}
        differ += [
            (case.key, mode.value, check, theirs.get(check), own.get(check))
            for check in sorted(judged | failing(theirs) | failing(own))
            if theirs.get(check) != own.get(check)
        ]
    return differ
