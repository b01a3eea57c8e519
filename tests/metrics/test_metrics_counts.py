"""Each metric counts what its definition says, and accounts for every trial that it does not count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from trueweight.core import Estimate, FailureKind, Finding, Finish, Mode, Observation, Outcome, Severity, Timing
from trueweight.metrics import CaseInfo, measure
from trueweight.metrics.measuring import Measured
from trueweight.metrics.triggers import agreement_tests

Infos = Callable[..., list[CaseInfo]]
Observe = Callable[..., Observation]


def run(cases: Sequence[CaseInfo], seen: dict[str, list[Observation]], **said: Any) -> Measured:
    """Measure with the provider ``ref``, if there is one, as reference."""
    reference = "ref" if "ref" in seen else None
    return measure(seen, cases, **({"reference": reference, "repeats": 1, "passes": 2, "seed": 1} | said))


def only(cases: Sequence[CaseInfo], seen: list[Observation], name: str, **said: Any) -> Estimate:
    """One metric of one provider without a reference."""
    return run(cases, {"p": seen}, **said).metrics["p"][name]


def call(valid: bool = True, **said: Any) -> dict[str, Any]:
    """What an observation of a reply with a tool call says."""
    return {"called": True, "calls_valid": valid, "finish": Finish.CALLS} | said


def test_no_trial_leaves_in_silence(infos: Infos, observe: Observe) -> None:
    """Four cases: a valid call, a text, a reset and one never recorded. One counts and three are named."""
    seen = [observe("s/0", **call()), observe("s/1", finish=Finish.STOP), observe("s/2", lost=FailureKind.RESET)]
    found = only(infos(4), seen, "schema_accuracy")
    assert (found.value, found.n, found.of) == (1.0, 1, 4)
    assert dict(found.missing) == {"did not finish with tool calls": 1, "reset": 1, "not recorded": 1}
    assert found.high is None
    assert found.low == pytest.approx(0.05)


def test_every_share_accounts_for_its_cases(infos: Infos, observe: Observe) -> None:
    """n and the missing cases add up to the cases asked, for every metric, whatever happens."""
    rng = np.random.default_rng(3)
    cases = infos(40, (Mode.PLAIN, Mode.STREAM), structured=True)
    kinds = list(FailureKind)
    seen = [
        observe(
            info.key,
            mode=mode,
            lost=kinds[rng.integers(len(kinds))] if rng.random() < 0.4 else None,
            expects_call=bool(rng.integers(2)),
            structured="valid" if rng.random() < 0.5 else None,
            **(call(bool(rng.integers(2))) if rng.random() < 0.5 else {}),
        )
        for info in cases
        for mode in info.modes
        if rng.random() < 0.8
    ]
    for name, found in run(cases, {"p": seen, "ref": seen}).metrics["p"].items():
        if found.of is not None:
            assert found.n + sum(dict(found.missing).values()) == found.of, name


def test_conditional_accuracy_hides_what_unconditional_shows(infos: Infos, observe: Observe) -> None:
    """A provider that answers 8 of 10 due calls with text keeps schema accuracy 1 and falls to 0.2 unconditionally."""
    reference = [observe(f"s/{i}", repeat=r, **call()) for i in range(10) for r in (0, 1)]
    shy = [observe(f"s/{i}", **(call() if i < 2 else {"finish": Finish.STOP})) for i in range(10)]
    found = run(infos(10), {"ref": reference, "shy": shy}).metrics["shy"]
    assert found["schema_accuracy"].value == 1.0
    assert found["schema_accuracy_unconditional"].value == pytest.approx(0.2)
    assert found["tool_call_recall"].value == pytest.approx(0.2)
    assert found["tool_call_precision"].value == 1.0
    assert found["tool_call_f1"].value == pytest.approx(1 / 3)


def test_self_agreement_is_the_reference_against_itself(infos: Infos, observe: Observe) -> None:
    """A reference whose two runs agree on 6 of 10 calls; a candidate equal to run B is not below its self-agreement."""
    a = [observe(f"s/{i}", **(call() if i < 8 else {})) for i in range(10)]
    b = [observe(f"s/{i}", repeat=1, **(call() if i >= 2 else {})) for i in range(10)]
    like_b = [observe(f"s/{i}", **(call() if i >= 2 else {})) for i in range(10)]
    found = run(infos(10), {"ref": a + b, "p": like_b})
    assert found.self_agreement["tool_call_f1"].value == pytest.approx(0.75)
    assert found.metrics["p"]["tool_call_f1"].value == pytest.approx(0.75)
    versus = found.versus_reference["p"]["tool_call_f1"]
    assert versus.value == 0
    assert versus.low is not None
    assert versus.high is not None
    assert versus.low < 0 < versus.high


def test_below_self_agreement_needs_a_paired_difference_below_zero(infos: Infos, observe: Observe) -> None:
    """200 cases, a steady reference, a candidate that skips a quarter of the calls: the interval is below 0."""
    steady = [observe(f"s/{i}", repeat=r, **(call() if i % 2 else {})) for i in range(200) for r in (0, 1)]
    shy = [observe(f"s/{i}", **(call() if i % 2 and i % 8 != 1 else {})) for i in range(200)]
    twin = [observe(f"s/{i}", **(call() if i % 2 else {})) for i in range(200)]
    found = run(infos(200), {"ref": steady, "shy": shy, "twin": twin}).versus_reference
    bad, good = found["shy"]["tool_call_f1"], found["twin"]["tool_call_f1"]
    assert bad.high is not None
    assert bad.high < 0
    assert bad.p_holm is not None
    assert bad.p_holm < 0.05
    assert good.high is not None
    assert good.high > 0
    assert good.p_holm == 1.0


def test_without_a_reference_comparisons_say_so(infos: Infos, observe: Observe) -> None:
    """No reference: trigger scores and every comparison are not applicable, with the reason; nothing raises."""
    found = run(infos(3), {"p": [observe(f"s/{i}", **call()) for i in range(3)]})
    assert found.metrics["p"]["tool_call_f1"].note == "the run has no reference"
    assert {c.value for c in found.versus_reference["p"].values()} == {None}
    assert {e.note for e in found.self_agreement.values()} == {"the run has no reference"}


def test_a_reference_asked_once_has_no_floor(infos: Infos, observe: Observe) -> None:
    """passes=1: no floor, and no difference of trigger scores; the scores themselves stand."""
    seen = {name: [observe(f"s/{i}", **call()) for i in range(4)] for name in ("ref", "p")}
    found = run(infos(4), seen, passes=1)
    assert "only one pass" in found.self_agreement["tool_call_f1"].note
    assert found.versus_reference["p"]["tool_call_f1"].value is None
    assert found.metrics["p"]["tool_call_f1"].value == 1.0


def test_success_counts_first_and_final_apart(infos: Infos, observe: Observe) -> None:
    """One of four needs a retry, one never arrives, one was broken off by us and is not the provider's fault."""
    seen = [
        observe("s/0"),
        observe("s/1", first_ok=False, attempts=2),
        observe("s/2", lost=FailureKind.TIMEOUT_STALL),
        observe("s/3", lost=FailureKind.INTERRUPTED),
    ]
    first, final = (only(infos(4), seen, name) for name in ("first_attempt_success_rate", "success_rate"))
    assert first.value == pytest.approx(1 / 3)
    assert final.value == pytest.approx(2 / 3)
    assert dict(final.missing) == {"interrupted": 1}


def test_a_demanded_refusal_is_a_success_and_any_other_is_not(infos: Infos, observe: Observe) -> None:
    """A 400 is a success where the case's checks hold of it, and a failure where one fails."""
    refused = {"arrived": True, "ok": False, "first_ok": False, "status": 400}
    held = Finding("rejects", Outcome.PASS, Severity.MUST)
    failed = Finding("http-json", Outcome.FAIL, Severity.MUST)
    seen = [observe("s/0", **refused, findings=(held,)), observe("s/1", **refused, findings=(failed,))]
    assert only(infos(2), seen, "success_rate").value == 0.5


def test_times_are_medians_in_milliseconds_of_trustworthy_requests(infos: Infos, observe: Observe) -> None:
    """Streams only, client-limited rows out and named, no p99 of 99 requests and one of 100."""
    cases = infos(101, (Mode.STREAM,))
    seen = [
        observe(f"s/{i}", mode=Mode.STREAM, timing=Timing(ttft=i * 1_000_000), client_limited=i == 100)
        for i in range(101)
    ]
    found = run(cases, {"p": seen}).metrics["p"]
    assert found["ttft"].value == pytest.approx(49.5)
    assert dict(found["ttft"].missing) == {"client-limited": 1}
    assert found["ttft_p99"].value == pytest.approx(98.01)
    assert only(cases, seen[:99], "ttft_p99").value is None


def test_warm_and_cold_stand_apart(infos: Infos, observe: Observe) -> None:
    """One slow new connection does not hide in the warm median, and the headline says how many were cold."""
    seen = [
        observe(f"s/{i}", mode=Mode.STREAM, timing=Timing(ttft=(900 if i == 0 else 10) * 1_000_000, cold=i == 0))
        for i in range(5)
    ]
    found = run(infos(5, (Mode.STREAM,)), {"p": seen}).metrics["p"]
    assert (found["ttft_cold"].value, found["ttft_warm"].value) == (900.0, 10.0)
    assert "1 of 5 on a new connection" in found["ttft"].note


def test_equal_costs_decide_however_many_replies_a_case_has(infos: Infos, observe: Observe) -> None:
    """Three replies of one case and one of another cost a tenth of a cent each: the mean of three is equal up to the
    last bit, and there is nothing to be uncertain of."""
    seen = [observe("s/0", cost=0.001, repeat=at) for at in range(3)] + [observe("s/1", cost=0.001)]
    found = run(infos(2), {"p": seen}, repeats=3).metrics["p"]["cost_per_1000"]
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))


def test_cost_counts_all_and_divides_by_what_is_of_use(infos: Infos, observe: Observe) -> None:
    """40 trials at a cent, a quarter of them with a valid call: $10 per 1,000 trials, $40 per 1,000 valid calls."""
    seen = [observe(f"s/{i}", cost=0.01, **(call() if i % 4 == 0 else {})) for i in range(40)]
    found = run(infos(40), {"p": seen}).metrics["p"]
    assert found["cost_per_1000"].value == pytest.approx(10)
    assert (found["cost_per_1000"].low, found["cost_per_1000"].high) == pytest.approx((10, 10))  # all cost the same
    assert found["cost_per_1000_valid_calls"].value == pytest.approx(40)
    assert found["cost_per_1000_valid_calls"].low is not None
    assert only(infos(1), [observe("s/0")], "cost_per_1000").note.startswith("no price is declared")


def test_flaky_cases_are_those_whose_repeats_disagree(infos: Infos, observe: Observe) -> None:
    """Of two repeated cases one disagrees with itself; without repeats the metric does not apply."""
    held, failed = (Finding("c", outcome, Severity.MUST) for outcome in (Outcome.PASS, Outcome.FAIL))
    seen = [
        observe("s/0", findings=(held,)),
        observe("s/0", repeat=1, findings=(failed,)),
        observe("s/1", findings=(held,)),
        observe("s/1", repeat=1, findings=(held,)),
    ]
    assert only(infos(2), seen, "flaky_rate", repeats=2).value == 0.5
    assert only(infos(2), seen[:1], "flaky_rate").note == "nothing was repeated"


def test_nothing_recorded_is_not_applicable_and_never_zero(infos: Infos) -> None:
    """A provider without a single record has no number at all, only reasons."""
    found = run(infos(3), {"p": [], "ref": []})
    assert {estimate.value for name in ("p", "ref") for estimate in found.metrics[name].values()} == {None}
    assert all(estimate.note for estimate in found.metrics["p"].values())


def test_the_same_record_gives_the_same_numbers_in_any_order(infos: Infos, observe: Observe) -> None:
    """Estimates do not depend on the order in which observations come."""
    seen = [observe(f"s/{i}", cost=i / 100, **call(i % 3 > 0)) for i in range(60)]
    forward, backward = (run(infos(60), {"p": rows}).metrics["p"] for rows in (seen, seen[::-1]))
    assert {k: v.as_json() for k, v in forward.items()} == {k: v.as_json() for k, v in backward.items()}


def test_calls_that_are_left_out_are_found_among_many_candidates(infos: Infos, observe: Observe) -> None:
    """60 cases that leave the call open. The reference is random, so its agreement with itself is noisy; a candidate
    that calls less than half as often has a p-value that survives the correction for twenty candidates, and one that
    calls as often has none."""
    rng = np.random.default_rng(4)

    def calling(rate: float, repeats: int) -> list[Observation]:
        made = rng.random((60, repeats)) < rate
        return [
            observe(f"s/{i}", repeat=r, **(call() if made[i, r] else {})) for i in range(60) for r in range(repeats)
        ]

    seen = {"ref": calling(0.9, 2), "shy": calling(0.4, 1), "twin": calling(0.9, 1)}
    found = run(infos(60), seen).versus_reference
    bad, good = (found[name]["tool_call_f1"].p_worse for name in ("shy", "twin"))
    assert bad is not None
    assert bad < 0.05 * 0.03 / 20
    assert good is not None
    assert good > 0.05


def test_a_sampled_host_beside_a_deterministic_reference_calls_as_often() -> None:
    """The reference always calls, as in 97 of 100 of all such cases; the host leaves out a call in a few cases, and
    signs of the differences cannot be flipped. A host that leaves out far more is found."""
    steady = np.ones(60)
    some, many = np.ones(60), np.ones(60)
    some[:10], many[:40] = 5 / 6, 1 / 2
    assert agreement_tests(some - steady, some, steady).lower > 0.1
    assert agreement_tests(many - steady, many, steady).lower < 1e-6
