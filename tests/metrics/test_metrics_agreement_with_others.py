"""Candidates without a reference: each agrees with the mean of the others, and only in such runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from trueweight.core import Estimate, Finding, Mode, Observation, Outcome, Severity
from trueweight.metrics import CaseInfo, measure

CASES = 40
Make = Callable[..., Observation]
Infos = Callable[..., list[CaseInfo]]


def _run(observe: Make, infos: Infos, failing: Mapping[str, int], reference: str | None = None) -> dict[str, Estimate]:
    """The agreement of each provider, of which each fails the first cases of the run."""

    def rows(name: str, count: int) -> list[Observation]:
        passes = 2 if name == reference else 1
        return [
            observe(
                f"s/{i}",
                provider=name,
                repeat=repeat,
                findings=(Finding("reply-not-empty", Outcome.FAIL if i < count else Outcome.PASS, Severity.MUST),),
            )
            for i in range(CASES)
            for repeat in range(passes)
        ]

    found = measure(
        {name: rows(name, count) for name, count in failing.items()},
        infos(CASES, (Mode.PLAIN,)),
        reference=reference,
        repeats=1,
        passes=2,
        seed=1,
    )
    return {name: one["agreement_with_others"] for name, one in found.metrics.items() if "agreement_with_others" in one}


def test_the_odd_one_agrees_least(observe: Make, infos: Infos) -> None:
    """Of four hosts one fails ten of forty cases: it is away from the others in all ten, they in a third of that."""
    found = _run(observe, infos, {"a": 0, "b": 0, "c": 0, "odd": 10})
    assert found["odd"].value == pytest.approx(0.75)
    assert [found[name].value for name in "abc"] == [pytest.approx(1 - 10 / 3 / CASES)] * 3
    for one in found.values():
        assert one.low is not None
        assert one.high is not None
        assert one.low < (one.value or 0) < one.high
        assert one.n == CASES


def test_equal_hosts_agree_wholly(observe: Make, infos: Infos) -> None:
    """Also where they fail the same cases: then the model fails. The limit is the exact one-sided one."""
    found = _run(observe, infos, {"a": 5, "b": 5, "c": 5})
    assert [one.value for one in found.values()] == [1.0, 1.0, 1.0]
    assert all(one.high is None and (one.low or 0) > 0.9 for one in found.values())


def test_two_hosts_agree_equally_and_one_has_no_agreement(observe: Make, infos: Infos) -> None:
    """Two differ by the same amount from each other; a single one has no others."""
    found = _run(observe, infos, {"a": 0, "b": 8})
    assert found["a"].value == found["b"].value == pytest.approx(0.8)
    assert not _run(observe, infos, {"a": 0})


def test_a_run_with_a_reference_has_its_self_agreement_instead(observe: Make, infos: Infos) -> None:
    """Then others are no yardstick."""
    assert not _run(observe, infos, {"ref": 0, "a": 0, "b": 8}, reference="ref")


def test_a_host_that_never_answered_is_no_other(observe: Make, infos: Infos) -> None:
    """It has no agreement, and takes nothing from that of the others."""
    rows = {
        name: [
            observe(f"s/{i}", provider=name, findings=(Finding("x", Outcome.PASS, Severity.MUST),))
            for i in range(CASES)
        ]
        for name in "ab"
    }
    found = measure({**rows, "silent": []}, infos(CASES), reference=None, repeats=1, passes=2, seed=1).metrics
    assert found["silent"]["agreement_with_others"].value is None
    assert found["a"]["agreement_with_others"].value == 1.0
