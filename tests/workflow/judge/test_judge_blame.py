"""Blame: the model for what the reference fails too, the server for what no model can break."""

from __future__ import annotations

import msgspec
import pytest

from summaries import make_finding
from trueweight.checks import all_checks
from trueweight.core import CheckInfo, Finding, Mode, Observation, Outcome, Severity
from trueweight.core.assessment import Blame
from trueweight.core.finding_summary import BlameCode
from trueweight.workflow.judge.blame import JudgedCases, SentCase, blame, correct_blame, judged_cases

CHOICE = CheckInfo("choice", "A law.", Severity.SHOULD)
ENGINE = CheckInfo("engine", "A law.", Severity.MUST, engine=True)
TEN = frozenset(SentCase(f"s/{n}", "chat") for n in range(10))


def some(count: int) -> frozenset[SentCase]:
    """The first so many cases."""
    return frozenset(sorted(TEN)[:count])


@pytest.mark.parametrize(
    ("info", "ours", "theirs", "who"),
    [
        (CHOICE, JudgedCases(TEN, some(6)), JudgedCases(TEN, frozenset()), Blame.SERVING),
        (CHOICE, JudgedCases(TEN, some(5)), JudgedCases(TEN, frozenset()), Blame.UNCLEAR),
        (CHOICE, JudgedCases(TEN, some(6)), JudgedCases(TEN, some(6)), Blame.MODEL),
        (CHOICE, JudgedCases(TEN, some(6)), JudgedCases(TEN, some(3)), Blame.MODEL),
        (CHOICE, JudgedCases(TEN, TEN), JudgedCases(TEN, some(2)), Blame.SERVING),
        (CHOICE, JudgedCases(TEN, some(2)), JudgedCases(TEN, TEN), Blame.MODEL),
        (CHOICE, JudgedCases(TEN, some(6)), None, Blame.UNCLEAR),
        (CHOICE, JudgedCases(TEN, some(6)), JudgedCases(frozenset(), frozenset()), Blame.UNCLEAR),
        (ENGINE, JudgedCases(TEN, some(1)), None, Blame.SERVING),
        (ENGINE, JudgedCases(TEN, some(1)), JudgedCases(TEN, TEN), Blame.SERVING),
        (None, JudgedCases(TEN, some(1)), None, Blame.UNCLEAR),
    ],
)
def test_blame_follows_the_reference(
    info: CheckInfo | None, ours: JudgedCases, theirs: JudgedCases | None, who: Blame
) -> None:
    """Serving only beyond chance, or where no model could; the model where the reference fails as well."""
    assert blame(info, ours, theirs)[0] is who


def test_a_reference_that_fails_elsewhere_takes_the_evidence_away() -> None:
    """Six cases that only we fail against six that only the reference fails are chance."""
    twelve = [SentCase(str(n), "chat") for n in range(12)]
    ours = JudgedCases(frozenset(twelve), frozenset(twelve[:6]))
    theirs = JudgedCases(frozenset(twelve), frozenset(twelve[6:]))
    assert blame(CHOICE, ours, theirs)[0] is Blame.UNCLEAR


def test_a_failure_through_another_api_is_no_shared_failure() -> None:
    """The reference fails ten cases through chat, the provider the same ten through another API: nothing is shared,
    and each case counts once."""
    both = TEN | {SentCase(one.case, "other") for one in TEN}
    found, why = blame(CHOICE, JudgedCases(both, both - TEN), JudgedCases(both, TEN))
    assert found is Blame.SERVING
    assert (why.alone, why.reverse) == (10, 0)


def test_one_pass_of_the_reference_counts() -> None:
    """The reference fails six cases in its first pass and none in its second: with as many trials on each side, it
    passes what the provider fails."""
    seen = [
        Observation(
            f"{n}-{repeat}", "ref", "s", f"s/{n}", repeat, Mode.PLAIN, 1, True, True, True,
            findings=(Finding("choice", Outcome.FAIL if n < 6 and not repeat else Outcome.PASS, Severity.SHOULD),),
        )
        for n in range(10)
        for repeat in range(2)
    ]  # fmt: skip
    both, second = judged_cases(seen)["choice"], judged_cases(seen, range(1, 2))["choice"]
    ours = JudgedCases(TEN, some(6))
    assert blame(CHOICE, ours, both)[0] is Blame.MODEL
    assert blame(CHOICE, ours, second)[0] is Blame.SERVING


def test_blame_is_corrected_for_the_other_findings() -> None:
    """Six cases against none are p = 1/32. As the only finding it is beyond chance, beside another that could be so
    too it is not; one that could not be so costs nothing."""
    alone, few = ((JudgedCases(TEN, some(n)), JudgedCases(TEN, frozenset())) for n in (6, 3))
    one, small = (
        make_finding(check, blame_reason=blame(CHOICE, *sides)[1]) for check, sides in (("a", alone), ("b", few))
    )
    again = msgspec.structs.replace(one, check="c")
    for others, expected in (((), Blame.SERVING), ((small,), Blame.SERVING), ((again,), Blame.UNCLEAR)):
        found = correct_blame({"p": (one, *others), "ref": ()})["p"][0]
        assert found.blame is expected
        assert found.blame_reason is not None
        assert (found.blame_reason.code is BlameCode.REFERENCE_PASSES) == (expected is Blame.SERVING)


def test_no_check_of_a_choice_is_called_the_engines() -> None:
    """What a model decides, a check must not lay at the server's door without the reference."""
    engine = {info.id for info in all_checks() if info.engine}
    choices = {"tool-call-expected", "tool-call-matches", "content-matches", "json-equals", "tool-name-declared"}
    assert not choices & engine
    assert {"sse-shape", "usage-present", "tool-index-present", "stream-same-calls"} <= engine
