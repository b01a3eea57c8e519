"""Use, avoid, undecided, in a word and with the reason: what the assessment decides and the report says."""

from __future__ import annotations

from typing import Any

import pytest
from report_sample import make_summary, typed

from trueweight.core.assessment import Recommendation
from trueweight.report.words import ranked

R = Recommendation


def _groups(summary: dict[str, Any]) -> dict[str, Recommendation]:
    return {one.name: one.recommendation for one in ranked(typed(summary))}


def test_defects_are_told_from_health() -> None:
    """Healthy providers may be used, broken ones are to be avoided, and being slow is not being wrong."""
    assert _groups(make_summary()) == {
        "reference": R.REFERENCE,
        "twin": R.USE,
        "other-stack": R.USE,
        "slow": R.USE,
        "leaky-parser": R.AVOID,
        "no-strict": R.AVOID,
        "int4": R.AVOID,
        "flaky": R.AVOID,
    }


def test_the_reference_comes_first_and_the_worst_last() -> None:
    """Best first, so that the reader may stop reading early."""
    order = [one.name for one in ranked(typed(make_summary()))]
    assert order[0] == "reference"
    assert order[-1] == "leaky-parser"


def _fail_first(
    summary: dict[str, Any], provider: str, count: int, modes: tuple[str, ...] = ("plain", "stream")
) -> None:
    rows = [row for row in summary["cases"] if row["severity"] != "INFO"]
    for row in rows[:count]:
        for mode in modes:
            row["cells"][provider][mode] |= {"outcome": "fail", "passed": 0}


@pytest.mark.slow
@pytest.mark.parametrize(("count", "group"), [(0, R.USE), (2, R.USE), (3, R.UNDECIDED), (7, R.AVOID), (12, R.AVOID)])
def test_a_few_failures_are_undecided_and_many_are_not(count: int, group: Recommendation) -> None:
    """What chance gives one of the hosts that are left is undecided, what chance gives any of them is no fault."""
    summary = make_summary()
    _fail_first(summary, "twin", count)
    assert _groups(summary)["twin"] is group


@pytest.mark.slow
@pytest.mark.parametrize(("count", "group"), [(2, R.USE), (4, R.USE), (5, R.UNDECIDED), (6, R.AVOID), (18, R.AVOID)])
def test_cases_that_fail_in_part_are_evidence(count: int, group: Recommendation) -> None:
    """Half of the trials of these cases fail, in both modes, and none of the reference's: by chance, some cases would
    have gone the other way."""
    summary = make_summary()
    _fail_first(summary, "twin", count)
    for row in summary["cases"]:
        for cell in row["cells"]["twin"].values():
            if cell["outcome"] == "fail":
                cell |= {"outcome": "flaky", "passed": 1}
    assert _groups(summary)["twin"] is group


def test_a_fault_in_one_mode_is_no_case_that_fails_in_part() -> None:
    """The same number of failing trials, all of them in plain replies, is a fault of that mode."""
    summary = make_summary()
    _fail_first(summary, "twin", 12, ("plain",))
    assert _groups(summary)["twin"] is R.AVOID


def test_failing_like_the_reference_is_not_held_against_anyone() -> None:
    """A case that the reference fails too says something of the model, not of the provider."""
    summary = make_summary()
    _fail_first(summary, "twin", 12)
    _fail_first(summary, "reference", 12)
    assert _groups(summary)["twin"] is R.USE


@pytest.mark.parametrize(
    "metric", ["schema_accuracy", "structured_output_accuracy", "trigger_accuracy", "must_pass_rate"]
)
def test_a_difference_with_its_interval_below_zero_is_never_a_pass(metric: str) -> None:
    """Less correct than the reference is not safe, even when no case by case evidence suffices."""
    summary = make_summary()
    versus = summary["providers"]["twin"]["versus_reference"]
    versus[metric] = versus["tool_call_f1"] | {"value": -0.05, "low": -0.09, "high": -0.01}
    assert _groups(summary)["twin"] is R.UNDECIDED


def test_an_interval_of_agreement_below_zero_raises_no_suspicion() -> None:
    """A deterministic reference always agrees with itself, so any other honest host agrees with it less. A p-value that
    would be significant if the provider were the only candidate does raise one."""
    summary = make_summary()
    agreement = summary["providers"]["twin"]["versus_reference"]["tool_call_f1"]
    agreement |= {"value": -0.05, "low": -0.09, "high": -0.01}
    assert _groups(summary)["twin"] is R.USE
    agreement["p_worse"] = 1e-3
    assert _groups(summary)["twin"] is R.UNDECIDED


def test_a_bar_decides_where_there_is_one() -> None:
    """A verdict stands above the comparison, and inconclusive is undecided."""
    summary = make_summary()
    for name, outcome in (("twin", "inconclusive"), ("leaky-parser", "pass"), ("slow", "fail")):
        summary["providers"][name]["verdict"] = {"outcome": outcome}
    groups = _groups(summary)
    assert (groups["twin"], groups["leaky-parser"], groups["slow"]) == (
        R.UNDECIDED,
        R.USE,
        R.AVOID,
    )


def test_who_never_answered_is_undecided() -> None:
    """No answer is no evidence about the model: not a pass, and not a fail."""
    summary = make_summary()
    summary["providers"]["twin"]["metrics"]["success_rate"] |= {"value": 0.0, "low": None, "high": 0.02}
    assert _groups(summary)["twin"] is R.UNDECIDED


def test_without_a_reference_must_laws_decide() -> None:
    """A providers file without a reference still gets an answer."""
    summary = make_summary()
    summary["run"]["reference"] = None
    groups = _groups(summary)
    assert groups["leaky-parser"] is R.AVOID
    assert groups["reference"] is R.USE


def _words(summary: dict[str, Any]) -> dict[str, str]:
    return {one.name: one.word for one in ranked(typed(summary))}


def test_without_drift_nobody_is_cleared_of_it() -> None:
    """No fault found is all that answers can say; being the same model takes a drift verdict."""
    summary = make_summary()
    assert _words(summary)["twin"] == "no fault"
    summary["providers"]["twin"]["drift"] = {"verdict": "equivalent"}
    assert _words(summary)["twin"] == "no drift"


@pytest.mark.parametrize(
    ("verdict", "group"),
    [
        ("drift", R.AVOID),
        ("inconclusive", R.UNDECIDED),
        ("misconfigured", R.UNDECIDED),
    ],
)
def test_drift_can_spoil_a_standing(verdict: str, group: Recommendation) -> None:
    """A faultless provider that drifts is to be avoided; one of which drift knows nothing is open."""
    summary = make_summary()
    summary["providers"]["twin"]["drift"] = {"verdict": verdict, "rung": "Q4_0"}
    assert _groups(summary)["twin"] is group


def test_no_drift_verdict_repairs_a_fault() -> None:
    """The same weights behind a broken parser are broken."""
    summary = make_summary()
    summary["providers"]["leaky-parser"]["drift"] = {"verdict": "equivalent"}
    assert _groups(summary)["leaky-parser"] is R.AVOID


def test_slower_is_said_only_beyond_chance_and_where_it_matters() -> None:
    """A significant millisecond is no reason; a significant half is, and it is still no fault."""
    summary = make_summary()
    slow = summary["providers"]["slow"]
    slow["versus_reference"]["ttft"] = {"value": 500.0, "low": 450.0, "high": 550.0, "unit": "ms", "p": 1e-6}
    assert _words(summary)["slow"] == "slower"
    assert _groups(summary)["slow"] is R.USE
    slow["versus_reference"]["ttft"] |= {"low": 1.0}
    assert _words(summary)["slow"] == "no fault"


def test_a_bar_decides_before_anything_else() -> None:
    """With a verdict the bar's ruling and its first deciding rule are what is shown."""
    summary = make_summary()
    reasons = [
        {"rule": "ttft ≤ 500", "outcome": "pass", "message": "300"},
        {"rule": "schema_accuracy ≥ 0.99", "outcome": "fail", "message": "0.93 [0.9, 0.95], n = 80"},
    ]
    summary["providers"]["twin"]["verdict"] = {"outcome": "fail", "reasons": reasons}
    summary["providers"]["leaky-parser"]["verdict"] = {"outcome": "pass", "reasons": []}
    found = {one.name: one for one in ranked(typed(summary))}
    assert found["twin"].word == "FAIL"
    assert found["twin"].reason == "schema_accuracy ≥ 0.99: 0.93 [0.9, 0.95], n = 80"
    assert found["leaky-parser"].recommendation is R.USE


def test_failing_first_attempts_are_unreliable_even_if_retries_help() -> None:
    """Every client would have to retry: that is said, and held against it."""
    summary = make_summary()
    metrics = summary["providers"]["twin"]["metrics"]
    metrics["first_attempt_success_rate"] |= {"value": 0.7, "low": 0.62, "high": 0.77}
    assert _words(summary)["twin"] == "unreliable"


def _counted(summary: dict[str, Any], provider: str, **counts: int) -> None:
    summary["providers"][provider]["counts"] |= counts


def test_who_was_not_asked_is_undecided() -> None:
    """Nothing found in nothing is no verdict."""
    summary = make_summary()
    _counted(summary, "twin", recorded=0, arrived=0, cases_answered=0)
    summary["providers"]["twin"]["metrics"] = {}
    found = {one.name: one for one in ranked(typed(summary))}["twin"]
    assert (found.recommendation, found.reason) == (R.UNDECIDED, "no request sent yet")


@pytest.mark.parametrize(("answered", "group"), [(1, R.UNDECIDED), (28, R.UNDECIDED), (29, R.USE)])
def test_who_answered_a_part_is_cleared_only_if_the_part_is_enough(answered: int, group: Recommendation) -> None:
    """With 28 cases one in ten could fail unseen (95%), with 29 it could not."""
    summary = make_summary()
    _counted(summary, "twin", recorded=2 * answered, arrived=2 * answered, cases_answered=answered)
    found = {one.name: one for one in ranked(typed(summary))}["twin"]
    assert found.recommendation is group
    assert (f"answered {answered} of 80 cases" in found.reason) is (group is R.UNDECIDED)


def test_a_reference_that_never_answered_is_none() -> None:
    """No candidate is cleared by it; the candidates are compared with each other, and it is named in words."""
    summary = make_summary()
    _counted(summary, "reference", recorded=40, arrived=0)
    summary["providers"]["reference"]["metrics"] = {}
    assert _words(summary)["reference"] == "no answer"
    assert _words(summary)["leaky-parser"] == "worse"
    found = {one.name: one for one in ranked(typed(summary))}["twin"]
    assert (found.recommendation, found.reason) == (
        R.UNDECIDED,
        "not compared: the reference gave no answer to compare with",
    )


def test_many_metrics_are_many_chances() -> None:
    """One p of 0.01 among twelve metrics is what chance gives; one of a millionth is not."""
    summary = make_summary()
    none = {"value": 0.0, "low": -0.1, "high": 0.1, "unit": "difference", "p_holm": 1.0}
    below = {"value": -0.1, "low": -0.19, "high": -0.01, "unit": "difference", "p_holm": 0.01}
    versus = {f"metric_{i}": none for i in range(11)} | {"trigger_accuracy": below}
    summary["providers"]["twin"]["versus_reference"] = versus
    assert _groups(summary)["twin"] is R.UNDECIDED
    versus["trigger_accuracy"] = {**below, "p_holm": 1e-6}
    assert _groups(summary)["twin"] is R.AVOID


def test_slower_is_more_than_the_reference_differs_from_itself() -> None:
    """Where the reference's second run is as much slower than its first, nobody is slower."""
    summary = make_summary()
    slow = summary["providers"]["slow"]["versus_reference"]
    slow["ttft"] = {"value": 500.0, "low": 450.0, "high": 550.0, "unit": "ms", "p": 1e-6}
    summary["noise_floor"]["ttft"] = {"value": 400.0, "low": 300.0, "high": 460.0, "unit": "ms"}
    assert _words(summary)["slow"] == "no fault"
    summary["noise_floor"]["ttft"]["high"] = 440.0
    assert _words(summary)["slow"] == "slower"


def test_what_takes_longest_to_decide_is_the_ground_of_the_undecided() -> None:
    """More trials until everything is decided, not until something is."""
    summary = make_summary()
    reasons = [
        {"rule": f"metric ≥ {n}", "outcome": "inconclusive", "message": "?", "more_trials": n} for n in (60, 790, 88)
    ]
    summary["providers"]["twin"]["verdict"] = {"outcome": "inconclusive", "reasons": reasons}
    found = {one.name: one for one in ranked(typed(summary))}["twin"]
    assert found.reason == "metric ≥ 790: about 790 more trials would decide; and 2 more rules"


def test_who_refuses_everything_did_answer() -> None:
    """A wrong model name is no dead line: the words lead to the right place."""
    summary = make_summary()
    summary["providers"]["twin"]["metrics"]["success_rate"] |= {"value": 0.0, "low": None, "high": 0.02}
    _counted(summary, "twin", recorded=160, arrived=160)
    found = {one.name: one for one in ranked(typed(summary))}["twin"]
    assert (found.recommendation, found.reason) == (R.UNDECIDED, "refused every request")
