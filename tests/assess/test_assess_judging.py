"""A bar decides by the honest end of an interval, and lack of data is never a pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import make_case, make_difference, make_finding, make_provider_summary, make_summary
from summaries import make_estimate as estimate
from trueweight.assess import Bar, Limit, Rule, assess, exit_code, judge_against
from trueweight.core import ConfigError, Estimate, ExitCode, Role, Ruling, Severity
from trueweight.core.assessment import NOT_ASSESSED, Recommendation
from trueweight.core.bar_outcome import RuleCode, Side
from trueweight.core.summary import Counts, Summary
from trueweight.metrics import wilson
from trueweight.statistics.proportion import n_that_decides


def summary(**providers: dict[str, Any]) -> Summary:
    """A summary of candidates, each given by the parts that matter."""
    return make_summary({name: make_provider_summary(**parts) for name, parts in providers.items()}, bar_digest="b")


def ruling(rule: Rule, found: Estimate) -> Ruling:
    """Outcome of one rule on one estimate."""
    return judge_against(Bar((rule,)), summary(p={"metrics": {rule.metric: found}}))["p"].outcome


@pytest.mark.parametrize(
    ("low", "high", "near", "far", "value"),
    [
        (0.91, 0.99, "pass", "pass", "pass"),
        (0.85, 0.97, "inconclusive", "pass", "pass"),
        (0.81, 0.93, "inconclusive", "pass", "fail"),
        (0.70, 0.85, "fail", "fail", "fail"),
        (0.95, None, "pass", "pass", "pass"),
        (0.85, None, "inconclusive", "pass", "pass"),
    ],
)
def test_each_side_decides_by_its_own_end(low: float, high: float | None, near: str, far: str, value: str) -> None:
    """At least 0.9: the near end must meet it, the far end must miss it, or the value alone decides."""
    found = estimate(1.0 if high is None else (low + high) / 2, low, high)
    rulings = [
        ruling(Rule("success_rate", at_least=0.9, side=side), found) for side in (Side.NEAR, Side.FAR, Side.VALUE)
    ]
    assert rulings == [near, far, value]


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_at_most_is_at_least_in_a_mirror(a: float, b: float, c: float, bound: float) -> None:
    """Negating value, ends and bound turns the one rule into the other."""
    low, value, high = sorted((a, b, c))
    rule = Rule("success_rate", at_most=bound)
    mirrored = Rule("success_rate", at_least=-bound)
    assert ruling(rule, estimate(value, low, high)) is ruling(mirrored, estimate(-value, -high, -low))


def test_lack_of_data_is_inconclusive() -> None:
    """A metric that does not apply, one never measured, one without an interval, and no answers at all: no pass."""
    rule = Rule("success_rate", at_least=0.5)
    none = estimate(None, None, None, 0, note="nothing was asked")
    assert ruling(rule, none) is Ruling.INCONCLUSIVE
    assert judge_against(Bar((rule,)), summary(p={}))["p"].outcome is Ruling.INCONCLUSIVE
    assert ruling(rule, estimate(0.9, None, None)) is Ruling.INCONCLUSIVE
    silent = summary(p={"counts": Counts(trials=10, recorded=10)})
    assert judge_against(Bar(limits=(Limit(Severity.MUST, 0),)), silent)["p"].outcome is Ruling.INCONCLUSIVE


def test_a_law_that_nobody_could_look_at_is_not_held() -> None:
    """No failing check, but one case without any answer: open, and it says how many; a failing check decides anyway."""
    limit = Bar(limits=(Limit(Severity.MUST, 0),))
    cases = [make_case({"p": "transport" if i == 0 else "pass"}, f"s/c{i}") for i in range(10)]
    outcome = judge_against(limit, make_summary({"p": make_provider_summary()}, cases))["p"]
    assert outcome.outcome is Ruling.INCONCLUSIVE
    assert (outcome.rules[0].code, outcome.rules[0].unanswered) == (RuleCode.CHECKS_UNANSWERED, 1)
    failing = make_summary({"p": make_provider_summary(findings=(make_finding(),))}, cases)
    assert judge_against(limit, failing)["p"].outcome is Ruling.FAIL


def test_a_rule_against_the_baseline_is_open_without_one_and_held_to_the_paired_difference_with_one() -> None:
    """``versus = "baseline"``: no baseline is no pass; with one, the interval of the change decides."""
    bar = Bar((Rule("schema_accuracy", at_least=-0.02, versus_baseline=True),))
    seen = summary(p={})
    assert judge_against(bar, seen)["p"].outcome is Ruling.INCONCLUSIVE
    for low, high, expected in ((-0.01, 0.01, "pass"), (-0.3, -0.1, "fail"), (-0.1, 0.1, "inconclusive")):
        since = {"p": {"schema_accuracy": estimate((low + high) / 2, low, high, unit="difference")}}
        assert judge_against(bar, seen, since)["p"].outcome == expected


def test_limits_count_checks_and_can_leave_out_the_references_own() -> None:
    """One MUST check fails where the reference fails too: over a limit of 0, unless the limit looks beyond those."""
    seen = summary(p={"findings": (make_finding(reference_fails=1),)})
    plain, beyond = (Bar(limits=(Limit(Severity.MUST, 0, flag),)) for flag in (False, True))
    assert judge_against(plain, seen)["p"].outcome is Ruling.FAIL
    assert judge_against(beyond, seen)["p"].outcome is Ruling.PASS


def test_rules_reach_whom_they_name() -> None:
    """Candidates by default, a named provider, an unknown name refused, and nobody judged is not a pass."""
    seen = summary(ref={"role": Role.REFERENCE}, a={}, b={})
    assert set(judge_against(Bar((Rule("ttft", at_most=1),)), seen)) == {"a", "b"}
    assert set(judge_against(Bar((Rule("ttft", at_most=1, providers=("a",)),)), seen)) == {"a"}
    with pytest.raises(ConfigError, match="which the run does not have"):
        judge_against(Bar((Rule("ttft", at_most=1, providers=("bb",)),)), seen)
    assert exit_code(seen) is ExitCode.INCONCLUSIVE


def test_one_exit_code_for_all() -> None:
    """A failure outweighs doubt, doubt outweighs passes; the reference's difference is judged where asked."""
    ends = ((0.0, -0.01, 0.01), (-0.2, -0.3, -0.1), (0.0, -0.1, 0.1))
    good, bad, open_ = (make_difference(*one) for one in ends)
    rule = Rule("tool_call_f1", at_least=-0.05, versus_reference=True)

    def code(*found: Estimate) -> ExitCode:
        parts = {f"p{i}": {"versus_reference": {"tool_call_f1": one}} for i, one in enumerate(found)}
        seen = assess(summary(**parts), judge_against(Bar((rule,)), summary(**parts)))
        # One that never answered is infrastructure, unless another one fails.
        assert exit_code(seen, ["p0"]) in (ExitCode.FINDINGS, ExitCode.INFRASTRUCTURE)
        return exit_code(seen)

    assert code(good, good) is ExitCode.OK
    assert code(good, open_) is ExitCode.INCONCLUSIVE
    assert code(open_, bad, good) is ExitCode.FINDINGS
    without = make_summary({"a": make_provider_summary()})
    assert exit_code(without) is ExitCode.OK
    assert exit_code(without, ["a"]) is ExitCode.INFRASTRUCTURE


def test_the_bars_outcome_goes_into_the_assessment() -> None:
    """It decides the recommendation; the summary that was given is not changed."""
    seen = summary(p={"metrics": {"success_rate": estimate(0.99, 0.95, 1.0)}})
    out = assess(seen, judge_against(Bar((Rule("success_rate", at_least=0.9),)), seen)).providers["p"].assessment
    assert out.bar is not None
    assert (out.bar.outcome, out.recommendation) == (Ruling.PASS, Recommendation.USE)
    assert seen.providers["p"].assessment is NOT_ASSESSED


@settings(deadline=None)
@given(st.integers(2, 400), st.integers(0, 400), st.sampled_from([0.5, 0.8, 0.9, 0.95]))
def test_the_n_that_would_decide_decides_and_is_not_far_too_large(n: int, k: int, bound: float) -> None:
    """At the same rate, an interval over that n (a tenth more, for rounding) is on one side of the bound."""
    k = min(k, n)
    low, high = wilson(k, n).interval
    found = estimate(k / n, low, high, n)
    if ruling(Rule("success_rate", at_least=bound), found) is not Ruling.INCONCLUSIVE:
        return
    more = n_that_decides(found, bound)
    if k / n == bound:
        assert more is None
        return
    assert more is not None
    assert more > n
    # A rate near 0 or 1 makes Wilson's arm shrink a little otherwise than by the root of n.
    size = 2 * more
    low, high = wilson(round(k / n * size), size).interval
    assert (low is not None and low >= bound) or (high is not None and high < bound)


def test_all_of_n_says_how_many_more_without_a_failure() -> None:
    """20 of 20 against 0.98: 149 in a row would do, the smallest n with 5% ** (1/n) at 0.98 or more."""
    assert n_that_decides(estimate(1.0, 0.86, None, 20), 0.98) == 149
