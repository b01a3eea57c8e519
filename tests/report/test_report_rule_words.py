"""The outcome of a rule, and a broken requirement, as a reader of the page knows their numbers."""

from __future__ import annotations

import pytest

from trueweight.core import Estimate, Role, Ruling, Severity
from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.bar_outcome import RuleCode, RuleOutcome
from trueweight.core.finding_summary import FindingSummary
from trueweight.core.summary import Counts, ProviderSummary
from trueweight.report.words import rule_name, rule_words
from trueweight.report.words.checks import broken_words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Estimate(0.9861, 0.951, 0.997, 80, "proportion", "m"), "98.6% (95.1–99.7), n = 80"),
        (Estimate(-0.031, -0.052, 0.004, 80, "difference", "m"), "−3.1 points (−5.2 to +0.4), n = 80"),
        (Estimate(312.4, 290.0, 340.0, 40, "ms", "m"), "312 ms (290–340), n = 40"),
        (Estimate(1.0, 0.97, None, 99, "proportion", "m"), "100.0% (≥ 97.0), n = 99"),
    ],
)
def test_a_rule_has_the_units_of_the_page(found: Estimate, words: str) -> None:
    """Percent and percentage points, as everywhere on the page; never a bare proportion."""
    assert rule_words(RuleOutcome(rule="r", outcome=Ruling.PASS, code=RuleCode.MEASURED, estimate=found)) == words


def test_the_rule_about_a_baseline_is_named_here() -> None:
    """It is in no bar, so it has no notation; its name is made from its code."""
    rule = RuleOutcome(rule="", outcome=Ruling.PASS, code=RuleCode.CHANGED, cases=3)
    assert rule_name(rule) == "nothing got worse than the baseline beyond chance"
    assert rule_name(RuleOutcome(rule="ttft ≤ 300", outcome=Ruling.PASS)) == "ttft ≤ 300"


def test_a_check_without_a_phrase_does_not_read_as_its_opposite() -> None:
    """The requirement is quoted, and the sentence says that it fails."""
    failing = FindingSummary(
        check="x-no-apology", severity=Severity.MUST, outcome="fail", fails=2, of=28, cases=("s/a", "s/b"),
        cases_judged=28, requirement="The content has no apology.", source="", example="", message="",
    )  # fmt: skip
    provider = ProviderSummary(
        role=Role.CANDIDATE, model="m", precision=None, declared=None, metrics={}, versus_reference={},
        counts=Counts(), failures={}, findings=(failing,),
    )  # fmt: skip
    reason = Reason(code=ReasonCode.REQUIREMENT_BROKEN, check="x-no-apology", count=2, of=28)
    assert broken_words(reason, provider) == "2 of 28 cases fail the requirement “The content has no apology.”"
