"""Each check fails on its example, shows the bytes, passes on the healthy reply, and is needed to find the failure."""

from __future__ import annotations

import pytest

from trueweight.checks import all_checks, run_checks, run_paired_checks
from trueweight.core import CheckInfo, ConfigError, Exchange, Finding, Mode, Outcome, Reply
from trueweight.core.example import SAMPLE_CALL, Example, PairedExample, SampleReply, SampleTrial, calls, sample_case
from trueweight.protocols import read_reply
from trueweight.workflow.explain import digests, sample_exchange

SINGLE = [(info, info.example) for info in all_checks() if isinstance(info.example, Example)]
PAIRED = [(info, info.example) for info in all_checks() if isinstance(info.example, PairedExample)]
single = pytest.mark.parametrize(("info", "example"), SINGLE, ids=[info.id for info, _ in SINGLE])
paired = pytest.mark.parametrize(("info", "example"), PAIRED, ids=[info.id for info, _ in PAIRED])


def read(made: SampleReply | Exchange, api: str | None = None) -> Reply:
    """The reply of an example, as a server of the check's API sends it."""
    return read_reply(sample_exchange(made, api))


@single
def test_a_broken_requirement_is_found_and_its_bytes_are_shown(info: CheckInfo, example: Example) -> None:
    """The check fails, and a span of its finding holds the evidence."""
    reply = read(example.bad, info.protocol)
    found = [f for f in run_checks(example.case, reply) if f.check == info.id]
    assert [f.outcome for f in found] == [Outcome.FAIL]
    assert found[0].message
    if example.evidence:
        assert any(example.evidence.encode() in reply.body[s.start : s.end] for s in found[0].spans), found


@single
def test_a_kept_requirement_is_no_finding(info: CheckInfo, example: Example) -> None:
    """The same check does not fail on the reply that keeps its requirement."""
    found = run_checks(example.good_case or example.case, read(example.good, info.protocol))
    assert not [f for f in found if f.check == info.id and f.outcome is not Outcome.PASS]


def judge(info: CheckInfo, example: PairedExample, samples: tuple[SampleTrial, ...]) -> dict[str, Finding]:
    """What the check says of each reply."""
    found = run_paired_checks(digests(samples), digests(example.reference))
    return {trial: f for trial, findings in found.items() for f in findings if f.check == info.id}


@paired
def test_replies_that_break_a_requirement_together_are_found(info: CheckInfo, example: PairedExample) -> None:
    """The check fails on the replies that are marked as broken and on no other."""
    found = judge(info, example, example.bad)
    failed = {trial for trial, finding in found.items() if finding.outcome is Outcome.FAIL}
    assert failed == {f"{at:020}" for at, one in enumerate(example.bad) if one.broken}
    assert all(found[trial].message for trial in failed)


@paired
def test_replies_that_keep_a_requirement_together_pass(info: CheckInfo, example: PairedExample) -> None:
    """The check judges them, and they pass."""
    assert {finding.outcome for finding in judge(info, example, example.good).values()} == {Outcome.PASS}


@paired
def test_the_order_of_the_record_changes_nothing(info: CheckInfo, example: PairedExample) -> None:
    """The same replies in reverse order give the same findings."""
    ours, reference = digests(example.bad), digests(example.reference)
    assert run_paired_checks(ours, reference) == run_paired_checks(ours[::-1], reference[::-1])


def test_every_check_has_an_example() -> None:
    """Each check declares one."""
    assert [info.id for info in all_checks() if info.example is None] == []


@single
def test_a_check_that_is_left_out_gives_no_finding(info: CheckInfo, example: Example) -> None:
    """``without`` takes the check away, and no other: no other check gives its finding."""
    reply = read(example.bad, info.protocol)
    every = run_checks(example.case, reply)
    some = run_checks(example.case, reply, without={info.id})
    assert [f for f in every if f.check != info.id] == list(some)


def test_every_check_says_what_why_and_how_to_fix() -> None:
    """``explain`` has text for each field of each check."""
    for info in all_checks():
        assert info.requirement.endswith("."), info.id
        assert info.why, info.id
        assert info.fix, info.id
        assert info.source.startswith("https://"), info.id


def test_a_call_may_cost_otherwise_when_streamed() -> None:
    """What the model wrote for a call is not shown, so another completion count for the same call proves nothing."""
    case = sample_case()
    dear = calls('{"city":"Oslo"}', mode=Mode.STREAM, usage=(10, 90))
    found = run_paired_checks(digests([SampleTrial(case, SAMPLE_CALL), SampleTrial(case, dear)]), [])
    outcomes = [one.outcome for findings in found.values() for one in findings if one.check == "usage-same-streamed"]
    assert Outcome.FAIL not in outcomes


def test_an_example_of_an_api_without_sample_replies_is_a_clear_error() -> None:
    """The list of models answers no prompt, so the examples of its checks are exchanges."""
    with pytest.raises(ConfigError, match="the API models has no sample replies"):
        sample_exchange(SAMPLE_CALL, "models")
