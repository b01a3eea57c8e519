"""What a cache brings is told from what a host brings whose answers vary."""

from __future__ import annotations

import random

import pytest

from trueweight.checks import run_paired_checks
from trueweight.core import Case, Mode, Outcome, ReplyDigest

WORD = "CEDAR-8261"


def digest_of(case: Case, mode: Mode, *, right: bool) -> ReplyDigest:
    """A reply with the word, or with another text."""
    said = WORD if right else "CEDAR-8216"
    return ReplyDigest(f"{case.id}/{mode}", case, mode, 0, said, (), said, 0, False, None, 10, 5)


def failures(first: list[tuple[bool, bool]], again: list[tuple[bool, bool]]) -> int:
    """How many replies to repeated requests fail; whether each is right, plain and streamed."""
    replies = []
    for at, (before, after) in enumerate(zip(first, again, strict=True)):
        one = Case("s", f"one-{at}", {})
        two = Case("s", f"again-{at}", {}, checks={"answer-after-others": {"as": f"one-{at}", "word": WORD}})
        for case, rights in ((one, before), (two, after)):
            replies += [digest_of(case, mode, right=right) for mode, right in zip(Mode, rights, strict=True)]
    found = run_paired_checks(replies, ())
    every = [finding for findings in found.values() for finding in findings]
    return sum(one.check == "answer-after-others" and one.outcome is Outcome.FAIL for one in every)


def test_a_cache_whose_answers_go_bad_is_found_though_the_second_mode_comes_from_it_too() -> None:
    """Only the first of all replies is right: the stream of the same request is computed from the cache."""
    assert failures([(True, False)] * 11, [(False, False)] * 11) == 22


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_host_whose_answers_vary_is_not_accused(rate: float) -> None:
    """In 300 runs one may be, by chance, and twice that would be a fault of the test."""
    rng = random.Random(f"{rate}")
    runs = [[[(rng.random() < rate, rng.random() < rate) for _ in range(11)] for _ in range(2)] for _ in range(300)]
    assert sum(failures(*run) > 0 for run in runs) <= 1


def test_a_few_wrong_answers_are_no_proof() -> None:
    """Nine requests that went wrong, and none the other way round, are chance in 1 of 512 hosts."""
    assert failures([(True, True)] * 11, [(False, False)] * 9 + [(True, True)] * 2) == 0
    assert failures([(True, True)] * 11, [(False, False)] * 10 + [(True, True)]) == 20
