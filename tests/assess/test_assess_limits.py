"""A limit on failing checks is about rates beyond the reference's; only what no model can cause fails it at one."""

from __future__ import annotations

import pytest

from summaries import make_case, make_finding, make_provider_summary, make_summary
from trueweight.assess import Bar, Limit, judge_against
from trueweight.core import Comparison, Role, Ruling, Severity
from trueweight.core.bar_outcome import RuleCode
from trueweight.core.finding_summary import BlameCode, BlameReason, FindingSummary
from trueweight.core.summary import Summary
from trueweight.report.words import rule_words

PLAIN, BEYOND = (Bar(limits=(Limit(Severity.MUST, 0, flag),)) for flag in (False, True))
ENGINE, MODEL = BlameReason(code=BlameCode.ENGINE_ONLY), BlameReason(code=BlameCode.TOO_FEW)


def beyond(p: float) -> Comparison:
    """A failure rate five points above the reference's, with a corrected p-value."""
    return Comparison(0.05, 0.01, 0.09, 60, "difference", "m", p_holm=p)


def run(finding: FindingSummary, *, reference: bool = True) -> Summary:
    """A candidate with one failing check."""
    providers = {"p": make_provider_summary(findings=(finding,))}
    if reference:
        providers["ref"] = make_provider_summary(Role.REFERENCE)
    return make_summary(providers, [make_case(dict.fromkeys(providers, "pass"), f"s/c{i}") for i in range(10)])


@pytest.mark.parametrize(
    ("finding", "plain", "lenient"),
    [
        (make_finding(blame_reason=ENGINE, reference_fails=0), "fail", "fail"),
        (make_finding(blame_reason=ENGINE, reference_fails=1, beyond=beyond(1.0)), "fail", "pass"),
        (make_finding(blame_reason=MODEL, reference_fails=0, beyond=beyond(0.4)), "inconclusive", "pass"),
        (make_finding(blame_reason=MODEL, reference_fails=0, beyond=beyond(0.01)), "fail", "fail"),
        (make_finding(blame_reason=MODEL, reference_fails=0), "inconclusive", "inconclusive"),
        (make_finding(blame_reason=MODEL, reference_fails=1), "inconclusive", "pass"),
    ],
)
def test_one_failure_counts_only_if_no_model_can_cause_it(finding: FindingSummary, plain: str, lenient: str) -> None:
    """Engine-only: at one. Else by the rate beyond the reference's: what a model can cause is no fail by itself."""
    assert [judge_against(bar, run(finding))["p"].outcome for bar in (PLAIN, BEYOND)] == [plain, lenient]


def test_without_a_comparison_a_check_that_a_model_can_break_fails_nobody() -> None:
    """One host, no reference: the limit is open, and the words say why."""
    finding = make_finding(blame_reason=BlameReason(code=BlameCode.NO_REFERENCE))
    outcome = judge_against(BEYOND, run(finding, reference=False))["p"]
    assert outcome.outcome is Ruling.INCONCLUSIVE
    (rule,) = outcome.rules
    assert (rule.code, rule.checks) == (RuleCode.CHECKS_UNCERTAIN, ("c",))
    assert rule_words(rule) == "1 fail in 10 answers of 10 trials, but not beyond what a model by itself can cause: c"
