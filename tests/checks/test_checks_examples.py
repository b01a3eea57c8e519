"""Each check fails where its law is broken, shows the bytes, and is quiet where the law is kept."""

from __future__ import annotations

import pytest
from examples import EXAMPLES, Example

from trueweight.checks import all_checks, run_checks
from trueweight.core import Outcome
from trueweight.read import read_reply

ids = [example.check for example in EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
def test_a_broken_law_is_found_and_its_bytes_are_shown(example: Example) -> None:
    """The check named for the failure fails, and a span of its finding holds the evidence."""
    reply = read_reply(example.bad)
    found = [f for f in run_checks(example.case, reply) if f.check == example.check]
    assert [f.outcome for f in found] == [Outcome.FAIL]
    assert found[0].message
    if example.evidence:
        assert any(example.evidence in reply.body[s.start : s.end] for s in found[0].spans), found


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
def test_a_kept_law_is_no_finding(example: Example) -> None:
    """The same check does not fail on a reply that keeps its law."""
    found = run_checks(example.good_case or example.case, read_reply(example.good))
    assert not [f for f in found if f.check == example.check and f.outcome is not Outcome.PASS]


def test_every_check_has_an_example() -> None:
    """No check is there for show."""
    assert sorted(ids) == [info.id for info in all_checks()]


def test_every_check_says_what_why_and_how_to_fix() -> None:
    """``explain`` has something to say of each check."""
    for info in all_checks():
        assert info.law.endswith("."), info.id
        assert info.why, info.id
        assert info.fix, info.id
        assert info.source == "" or info.source.startswith("https://"), info.id
