"""Sixty ways and more in which honest servers write the same replies: no check accuses one of them.

In process, without sockets; ``trueweight fleet matrix`` sends them all cases over HTTP, each another part.
"""

from __future__ import annotations

from functools import cache

import pytest

from fleet_replies import exchange_with, served
from trueweight.checks import ReplyDigest, digest_choices, run_checks, run_paired_checks
from trueweight.core import Case, Mode, Outcome, Severity
from trueweight.fleet.handwriting import HANDWRITINGS
from trueweight.fleet.known import KnownAnswers
from trueweight.fleet.roster import WRITES
from trueweight.protocols import read_reply
from trueweight.suites import find_suite

SENT = {
    "protocol": ["plain-text", "stream-calls-two", "stream-unicode"],
    "parameters": ["n-two", "logprobs-top", "max-tokens-call"],
    "tool-calls": ["empty-arguments", "follow-up-next-call"],
    "structured-output": ["strict-person"],
}
"""Cases that show a text, calls, log-probabilities, several choices, cuts, histories and documents."""


@cache
def cases() -> tuple[tuple[Case, ...], KnownAnswers]:
    """The cases, and the answers to them."""
    suites = [find_suite(name) for name in SENT]
    chosen = tuple(case for suite in suites for case in suite.cases if case.id in SENT[suite.name])
    return chosen, KnownAnswers(suites)


def digests_and_failures(name: str) -> tuple[list[ReplyDigest], list[tuple[str, str, Mode, str]]]:
    """What the paired checks compare of a provider, and the findings of single replies."""
    chosen, known = cases()
    provider = served(name, known)
    digests: list[ReplyDigest] = []
    failures = []
    for case in chosen:
        for mode in case.modes:
            reply = read_reply(exchange_with(provider, case, mode))
            digests += digest_choices(f"{case.key} {mode}", case, mode, 0, reply)
            failures += [
                (case.key, one.check, mode, one.message)
                for one in run_checks(case, reply)
                if one.outcome in (Outcome.FAIL, Outcome.UNSUPPORTED) and one.severity is not Severity.INFO
            ]
    return digests, failures


@pytest.mark.parametrize("name", HANDWRITINGS)
def test_no_check_accuses_an_honest_handwriting(name: str) -> None:
    """No MUST and no SHOULD, of one reply or of several together, plain and streamed."""
    digests, failures = digests_and_failures(f"{WRITES}{name}")
    assert failures == []
    paired = [
        (trial, one.check, one.message)
        for trial, findings in run_paired_checks(digests).items()
        for one in findings
        if one.outcome is Outcome.FAIL and one.severity is not Severity.INFO
    ]
    assert paired == []


def test_the_handwritings_are_many_and_differ() -> None:
    """At least sixty, and each writes something else than the plain one does."""
    assert len(HANDWRITINGS) >= 60
    assert len({summary for summary, _ in HANDWRITINGS.values()}) == len(HANDWRITINGS)
