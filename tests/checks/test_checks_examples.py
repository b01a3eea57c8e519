"""Each check fails where its law is broken, shows the bytes, and is quiet where the law is kept."""

from __future__ import annotations

import pytest

from trueweight.checks import all_checks, run_checks, run_paired_checks
from trueweight.core import Finding, Outcome
from trueweight.protocols import read_reply
from trueweight.workflow.explain.examples import EXAMPLES, Example, calls, fragment
from trueweight.workflow.explain.handmade import chunk, stream, usage_chunk
from trueweight.workflow.explain.paired_examples import PAIRED_EXAMPLES, PairedExample, Said, heard_of

ids = [example.check for example in EXAMPLES]
paired_ids = [example.check for example in PAIRED_EXAMPLES]


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
def test_a_broken_law_is_found_and_its_bytes_are_shown(example: Example) -> None:
    """The check named for the failure fails, and a span of its finding holds the evidence."""
    reply = read_reply(example.bad)
    found = [f for f in run_checks(example.asked, reply) if f.check == example.check]
    assert [f.outcome for f in found] == [Outcome.FAIL]
    assert found[0].message
    if example.evidence:
        assert any(example.evidence in reply.body[s.start : s.end] for s in found[0].spans), found


@pytest.mark.parametrize("example", EXAMPLES, ids=ids)
def test_a_kept_law_is_no_finding(example: Example) -> None:
    """The same check does not fail on a reply that keeps its law."""
    found = run_checks(example.good_asked or example.asked, read_reply(example.good))
    assert not [f for f in found if f.check == example.check and f.outcome is not Outcome.PASS]


def paired(example: PairedExample, said: tuple[Said, ...]) -> dict[str, Finding]:
    """What the example's check says of each reply."""
    found = run_paired_checks(heard_of(said), heard_of(example.reference))
    return {trial: f for trial, findings in found.items() for f in findings if f.check == example.check}


@pytest.mark.parametrize("example", PAIRED_EXAMPLES, ids=paired_ids)
def test_replies_that_break_a_law_together_are_found(example: PairedExample) -> None:
    """The check fails on the replies that are marked as broken and on no other."""
    found = paired(example, example.bad)
    failed = {trial for trial, finding in found.items() if finding.outcome is Outcome.FAIL}
    assert failed == {f"{at:020}" for at, one in enumerate(example.bad) if one.broken}
    assert all(found[trial].message for trial in failed)


@pytest.mark.parametrize("example", PAIRED_EXAMPLES, ids=paired_ids)
def test_replies_that_keep_a_law_together_pass(example: PairedExample) -> None:
    """The check has something to say, and it is a pass."""
    assert {finding.outcome for finding in paired(example, example.good).values()} == {Outcome.PASS}


@pytest.mark.parametrize("example", PAIRED_EXAMPLES, ids=paired_ids)
def test_the_order_of_the_record_changes_nothing(example: PairedExample) -> None:
    """The same replies, heard the other way round, give the same findings."""
    heard, reference = heard_of(example.bad), heard_of(example.reference)
    assert run_paired_checks(heard, reference) == run_paired_checks(heard[::-1], reference[::-1])


def test_every_check_has_an_example() -> None:
    """No check is there for show."""
    assert sorted([*ids, *paired_ids]) == [info.id for info in all_checks()]


def test_a_check_that_is_left_out_says_nothing() -> None:
    """``without`` takes a check away, as if it did not exist; it takes no other."""
    for example in EXAMPLES:
        all_found = run_checks(example.asked, read_reply(example.bad))
        some = run_checks(example.asked, read_reply(example.bad), without={example.check})
        assert [f for f in all_found if f.check != example.check] == list(some)


def test_every_check_says_what_why_and_how_to_fix() -> None:
    """``explain`` has something to say of each check."""
    for info in all_checks():
        assert info.requirement.endswith("."), info.id
        assert info.why, info.id
        assert info.fix, info.id
        assert info.source == "" or info.source.startswith("https://"), info.id


def test_a_call_may_cost_otherwise_when_streamed() -> None:
    """What the model wrote for a call is not shown, so another completion count for the same call proves nothing."""
    case = EXAMPLES[0].asked
    call = fragment(0, "weather", '{"city":"Oslo"}', id="a", type="function")
    dear = stream([chunk(tool_calls=[call]), chunk("tool_calls"), usage_chunk(10, 90)])
    found = run_paired_checks(heard_of([Said(case, calls('{"city":"Oslo"}')), Said(case, dear)]), [])
    said = [one.outcome for findings in found.values() for one in findings if one.check == "usage-same-streamed"]
    assert Outcome.FAIL not in said
