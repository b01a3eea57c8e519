"""Each shipped suite gives the same outcomes on a provider that thinks as on its twin that does not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import pytest

from fleet_replies import exchange_with, served
from trueweight.core import Case, Exchange, Mode, Outcome, Provider, Severity, with_allowance
from trueweight.fleet.known import KnownAnswers, shipped_answers
from trueweight.fleet.network import MODEL
from trueweight.fleet.roster import FleetMember, members_named, roster
from trueweight.store import Manifest
from trueweight.suites import find_suite, shipped_suites
from trueweight.workflow.judge import judge_exchanges
from trueweight.workflow.judge.exchange import judge_exchange

ALLOWANCE = 1024
"""Tokens for a thought in each case's limit."""
EVERY = 12
"""One case in so many is sent to each thinker; each thinker begins at another one."""
KNOWN_OF_THOUGHTS = frozenset(
    {
        "answer-in-content",
        "effort-none-obeyed",
        "messages-signature",
        "reasoning-field",
        "reasoning-present",
        "think-tags-in-content",
        "thinking-switch",
        "usage-covers-thought",
    }
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
    """The cases of all shipped suites, but for those that continue a response, which are nothing by themselves."""
    return [case for suite in shipped_suites() for case in find_suite(suite).cases if case.follows is None]


def provider_of(member: FleetMember) -> Provider:
    """Its entry, without a switch."""
    return Provider(member.name, "http://127.0.0.1", MODEL)


def answered(member: FleetMember, known: KnownAnswers, case: Case, mode: Mode) -> Exchange:
    """The exchange of a case with room for a thought."""
    return exchange_with(served(member, known), with_allowance(case, ALLOWANCE), mode)


def failing(found: Mapping[str, Outcome]) -> set[str]:
    """The checks that fail."""
    return {check for check, outcome in found.items() if outcome is Outcome.FAIL}


def outcomes(member: FleetMember, known: KnownAnswers, case: Case, mode: Mode) -> Mapping[str, Outcome] | None:
    """Check → outcome of one trial, MUST and SHOULD; None if the reply is not judged."""
    exchange, roomy = answered(member, known, case, mode), with_allowance(case, ALLOWANCE)
    seen = judge_exchange(roomy, provider_of(member), exchange, thinking_allowance=ALLOWANCE).observation
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


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if at % 4 else []) for at, name in enumerate(THINKERS)]
)
def test_a_thinker_has_the_outcomes_of_its_twin(name: str, known: KnownAnswers, cases: list[Case]) -> None:
    """Case by case and check by check, whatever the field of the thought, its length and its switch."""
    differ = differences(name, known, cases[THINKERS.index(name) % EVERY :: EVERY])
    assert not differ, "\n".join(map(str, differ))


@pytest.mark.slow
@pytest.mark.parametrize("suite", shipped_suites())
def test_a_suite_gives_the_same_on_a_thinking_twin(suite: str, known: KnownAnswers) -> None:
    """Every case in every mode, also the checks that compare replies with each other, and what the metrics count."""
    members = members_named(["twin", "thinks-long"])
    written = [case for case in find_suite(suite).cases if case.follows is None]
    cases = {case.key: with_allowance(case, ALLOWANCE) for case in written}
    exchanges = [answered(member, known, case, mode) for member in members for case in written for mode in case.modes]
    manifest = Manifest(
        tool_version="", seed=0, repeats=1, passes=1, suites=(), started_at="", thinking_allowance=ALLOWANCE,
        providers=tuple(map(provider_of, members)),
    )  # fmt: skip
    found: defaultdict[tuple[str, Mode], list[object]] = defaultdict(list)
    for seen in judge_exchanges(manifest, cases, exchanges).observations:
        assert not seen.cut_in_thought, seen.case
        fails = sorted(one.check for one in seen.findings if one.outcome is Outcome.FAIL)
        whole = not cases[seen.case].keeps_limit
        counted = (seen.called, seen.calls_valid, seen.structured, seen.finish) if whole else ()
        found[seen.case, seen.mode].append((seen.ok, seen.status, fails, counted))
    assert len(found) == sum(len(case.modes) for case in cases.values())
    differ = [(*at, *both) for at, both in found.items() if len(both) != 2 or both[0] != both[1]]
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
