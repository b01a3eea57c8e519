"""Agreement with the reference is no correctness: it convicts nobody who is right more often."""

from __future__ import annotations

import pytest

from summaries import make_provider_summary, make_summary
from trueweight.assess.observations import LITTLE_SEEN, observe
from trueweight.assess.significance import run_tests
from trueweight.core import Comparison, Role
from trueweight.core.assessment import ReasonCode


def compared(value: float, high: float, p: float) -> Comparison:
    """A difference from the reference with its one-sided p-value."""
    return Comparison(value, value - 0.05, high, 100, "difference", "m", p=min(1.0, 2 * p), p_worse=p)


@pytest.mark.parametrize(("right", "worse"), [(0.1, ()), (-0.1, ("tool_call_f1",))])
def test_a_candidate_that_is_right_more_often_is_not_worse_because_it_disagrees(
    right: float, worse: tuple[str, ...]
) -> None:
    """It calls tools significantly more often than the reference does: a fault, unless the cases require the calls."""
    versus = {"tool_call_f1": compared(-0.2, -0.1, 1e-9), "trigger_accuracy": compared(right, right + 0.05, 0.5)}
    seen = make_summary(
        {
            "ref": make_provider_summary(Role.REFERENCE),
            "a": make_provider_summary(versus_reference=versus),
        }
    )
    assert tuple(test.metric for test in run_tests(seen, "ref")["a"].worse_metrics) == worse


def test_less_agreement_than_a_deterministic_reference_has_with_itself_raises_no_suspicion() -> None:
    """The interval of the difference in F1 lies below zero for any other honest host; that of an accuracy does not."""
    for metric, suspect in (("tool_call_f1", ()), ("schema_accuracy", ("schema_accuracy",))):
        one = make_provider_summary(versus_reference={metric: compared(-0.2, -0.1, 0.6)})
        seen = make_summary({"ref": make_provider_summary(Role.REFERENCE), "a": one})
        assert tuple(test.metric for test in run_tests(seen, "ref")["a"].suspect_metrics) == suspect


def test_what_keeps_a_host_undecided_is_what_is_said_of_it() -> None:
    """A metric that is suspicious alone: the observations name it, and none says that nothing was found."""
    one = make_provider_summary(versus_reference={"schema_accuracy": compared(-0.2, -0.1, 0.6)})
    seen = make_summary({"ref": make_provider_summary(Role.REFERENCE), "a": one})
    found = observe(one, {}, run_tests(seen, "ref")["a"])
    assert ReasonCode.METRIC_UNCERTAIN in {reason.code for reason in found}
    assert not LITTLE_SEEN & {reason.code for reason in found}
