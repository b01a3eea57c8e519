"""Runs whose truth is known, from observations to recommendations: what every host fails hides no fault of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trueweight.assess import Bar, assess, judge_against
from trueweight.assess.bar import Rule
from trueweight.core import Finding, Mode, Outcome, Ruling, Severity
from trueweight.core.assessment import LimitCode, ReasonCode, Recommendation
from trueweight.core.bar_outcome import RuleCode, RuleOutcome
from trueweight.core.summary import Summary
from trueweight.report.words.limits import run_limits
from trueweight.report.words.reasons import reason_sentence
from trueweight.workflow.compare import compare
from trueweight.workflow.judge.summary import summarise

pytestmark = pytest.mark.slow  # simulated nights


def assessed(bench: Any, fleet: Any, also: Any, seed: int = 1) -> Summary:
    """The summary of a fleet of which all trials pass but for the fault, with further findings."""
    fleets, judged = bench.fleets, bench.judged
    rng = np.random.default_rng(seed)
    return assess(summarise(judged.judged_run(fleet, fleets.draw(fleet, rng), rng, also)))


def fails_everywhere(severity: Severity) -> Any:
    """A check that all hosts fail in every trial."""
    finding = Finding("all-fail", Outcome.FAIL, severity, "It fails.")
    return lambda name, case, mode: (finding,)


def recommended(summary: Summary) -> dict[str, Recommendation]:
    """The recommendations by name."""
    return {name: one.assessment.recommendation for name, one in summary.providers.items()}


@pytest.mark.parametrize("reference", [True, False])
def test_a_check_that_all_fail_everywhere_hides_no_fault(bench: Any, reference: bool) -> None:
    """Without it, all pass rates would be 0 and nothing could be found. The limit of the run names it."""
    fleet = bench.fleets.Fleet(4, 90, 1, 1.0, "fixed", "even", reference, 0.25)
    summary = assessed(bench, fleet, fails_everywhere(Severity.SHOULD))
    found = recommended(summary)
    assert found.pop("host-3") is Recommendation.AVOID
    assert set(found.values()) <= {Recommendation.USE, Recommendation.REFERENCE}
    (limit,) = [limit for limit in summary.limits if limit.code is LimitCode.FAILED_BY_ALL]
    assert (limit.count, limit.of, limit.checks) == (90, 90, ("all-fail",))
    assert any("90 of 90 cases (all-fail)" in words for words in run_limits(summary))


def test_hosts_that_all_fail_a_must_in_every_trial_are_not_cleared(bench: Any) -> None:
    """They do not differ, and no reply of theirs is valid: undecided, with the check as the reason."""
    summary = assessed(
        bench, bench.fleets.Fleet(3, 45, 1, 1.0, "fixed", "even", False), fails_everywhere(Severity.MUST)
    )
    assert set(recommended(summary).values()) == {Recommendation.UNDECIDED}


def test_hosts_that_fail_a_must_in_most_cases_are_not_cleared(bench: Any) -> None:
    """The same where they fail it in 60 of 70 cases only: no reference says that the model is so weak."""
    finding = Finding("most-fail", Outcome.FAIL, Severity.MUST, "It fails.")
    fleet = bench.fleets.Fleet(3, 70, 1, 1.0, "fixed", "even", False)
    summary = assessed(bench, fleet, lambda name, case, mode: (finding,) if case < 60 else ())
    assert set(recommended(summary).values()) == {Recommendation.UNDECIDED}


def test_a_check_that_does_not_apply_to_one_host_is_not_failed_by_all(bench: Any) -> None:
    """Two hosts leave thoughts in the content. The check judges no reply of the third, which passes."""
    finding = Finding("two-fail", Outcome.FAIL, Severity.SHOULD, "It fails.")
    fleet = bench.fleets.Fleet(3, 45, 1, 1.0, "fixed", "even", False)
    summary = assessed(bench, fleet, lambda name, case, mode: () if name == "host-1" else (finding,))
    assert not [one for one in summary.limits if one.code is LimitCode.FAILED_BY_ALL]
    cells = [summary.cases[0].modes(name)[Mode.PLAIN] for name in summary.providers]
    assert [cell.compared for cell in cells] == [None, None, None]


def test_in_one_mode_it_is_left_out_in_that_mode(bench: Any) -> None:
    """All fail a check in streams. Plain replies are compared whole, streams without it."""
    finding = Finding("all-fail", Outcome.FAIL, Severity.SHOULD, "It fails.")
    fleet = bench.fleets.Fleet(3, 45, 1, 1.0, "fixed", "even", False)
    summary = assessed(bench, fleet, lambda name, case, mode: (finding,) if mode is Mode.STREAM else ())
    cells = summary.cases[0].modes("host-1")
    assert cells[Mode.STREAM].failed_by_all == ("all-fail",)
    assert (cells[Mode.STREAM].passed, cells[Mode.STREAM].compared) == (0, (1, 1))
    assert (cells[Mode.PLAIN].failed_by_all, cells[Mode.PLAIN].compared) == ((), None)


@pytest.mark.parametrize("reference", [True, False])
def test_a_fault_in_streams_only_is_found(bench: Any, reference: bool) -> None:
    """One host fails a fifth of its streams and no plain reply; all others pass."""
    fleet = bench.fleets.Fleet(4, 60, 1, 1.0, "fixed", "even", reference, 0.2, one_mode=True)
    summary = assessed(bench, fleet, None)
    found = recommended(summary)
    assert found.pop("host-3") is Recommendation.AVOID
    assert Recommendation.AVOID not in found.values()
    reason = summary.providers["host-3"].assessment.reasons[0]
    assert reason.way == Mode.STREAM
    assert "in streams in" in reason_sentence(reason, summary.providers["host-3"])


def test_a_conviction_carries_an_interval_that_shows_it(bench: Any) -> None:
    """Six cases that only one host fails, and two that the reference fails: against the reference alone that is within
    chance. The interval from the mean of all others, whose test convicts, ends at zero at most; the sentence has it."""
    fleets, judged = bench.fleets, bench.judged
    fleet = fleets.Fleet(6, 60, 1, 1.0, "fixed", "even", True)
    rng = np.random.default_rng(1)
    drawn = fleets.draw(fleet, rng)
    drawn["host-5"][:6] = False
    drawn[fleets.REFERENCE][50:52] = False
    provider = assess(summarise(judged.judged_run(fleet, drawn, rng))).providers["host-5"]
    reason = provider.assessment.reasons[0]
    assert reason.code is ReasonCode.CASES_WORSE
    assert reason.joint is not None
    assert reason.joint.high is not None
    assert reason.joint.value is not None
    assert reason.joint.value <= reason.joint.high <= 0
    assert "From the mean of all other providers: −9.3 points" in reason_sentence(reason, provider)


def test_runs_with_unequal_repeats_are_compared_by_as_many_trials(bench: Any) -> None:
    """The second run has three repeats, of which the first holds in every case and the others fail in twenty of sixty:
    the repeats that both runs have are the same, so nothing changed; three repeats against three show the fall."""
    fleets, judged = bench.fleets, bench.judged
    fleet = fleets.Fleet(2, 60, 1, 1.0, "fixed", "even", False)
    rng = np.random.default_rng(1)
    drawn = fleets.draw(fleet, rng)
    thrice = {name: np.repeat(passes, 3, axis=2) for name, passes in drawn.items()}
    worse = {name: passes.copy() for name, passes in thrice.items()}
    for passes in worse.values():
        passes[:20, :, 1:] = False
    once, three, fallen = (
        judged.judged_run(fleet._replace(repeats=repeats), passes, rng)
        for repeats, passes in ((1, drawn), (3, thrice), (3, worse))
    )
    assert [one.metric for one in compare(once, fallen).significant if one.metric == "must_pass_rate"] == []
    assert compare(once, fallen).providers["host-1"].metrics["must_pass_rate"].difference.value == 0
    assert "must_pass_rate" in compare(three, fallen).worse("host-1")


def test_two_nights_of_a_healthy_fleet_are_seldom_called_worse(bench: Any) -> None:
    """Twelve pairs of runs of four hosts, one of them with more repeats: at most one pair is called worse."""
    fleets = bench.fleets
    rng = np.random.default_rng(4)
    fleet = fleets.Fleet(4, 30, 1, 0.95, "alike", "uneven", True)
    assert sum(bench.nights.worse(fleet, repeats, 0.0, rng)[0] for repeats in [(1, 1), (1, 2)] * 6) <= 1


@pytest.mark.parametrize(
    ("metric", "bound", "failing"),
    [
        ("must_pass_rate", 0.9, 1), ("must_pass_rate", 0.97, 3), ("must_pass_rate", 0.95, 0),
        ("structured_output_accuracy", 0.8, 1), ("structured_output_accuracy", 0.95, 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("repeats", [1, 3])
def test_so_many_more_cases_decide(bench: Any, metric: str, bound: float, failing: int, repeats: int) -> None:
    """A run that does not decide a bar says how many more cases would. A run with so many more, of which the same share
    fails, decides."""
    bar = Bar((Rule(metric, at_least=bound),))
    few = 30

    def outcome(cases: int) -> RuleOutcome:
        fleet = bench.fleets.Fleet(1, cases, repeats, 1.0, "fixed", "even", False)
        drawn = bench.fleets.draw(fleet, np.random.default_rng(1))
        own = np.arange(2 if metric.startswith("structured") else 0, cases, 3)  # they request JSON, or offer tools
        for passes in drawn.values():
            passes[own[: failing * cases // few]] = False
        run = bench.judged.judged_run(fleet, drawn, np.random.default_rng(1))
        return judge_against(bar, summarise(run))["host-0"].rules[0]

    before = outcome(few)
    assert (before.outcome, before.code) == (Ruling.INCONCLUSIVE, RuleCode.MORE_NEEDED)
    assert before.more_cases is not None
    assert outcome(few + before.more_cases).outcome is not Ruling.INCONCLUSIVE
