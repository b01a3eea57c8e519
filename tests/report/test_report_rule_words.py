"""The outcome of a rule, and a broken requirement, as a reader of the page knows their numbers."""

from __future__ import annotations

from typing import Any

import pytest

from trueweight.assess.observations import broken
from trueweight.core import Estimate, Mode, Role, Ruling, Severity
from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.bar_outcome import RuleCode, RuleOutcome, Side, Versus
from trueweight.core.finding_summary import FindingSummary, ModeCount
from trueweight.core.summary import Counts, ProviderSummary
from trueweight.report.words import rule_name, rule_words
from trueweight.report.words.checks import broken_words, failure_words


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
    assert rule_words(RuleOutcome(outcome=Ruling.PASS, code=RuleCode.MEASURED, estimate=found)) == words


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"metric": "schema_accuracy", "at_least": 0.9995}, "Schema accuracy ≥ 99.95%"),
        ({"metric": "ttft", "at_most": 300.0, "side": Side.FAR}, "TTFT, ms ≤ 300 (interval's far end)"),
        ({"metric": "flaky_rate", "at_most": 0.0, "side": Side.VALUE}, "Flaky cases ≤ 0% (whatever the interval)"),
        (
            {"metric": "tool_call_f1", "at_least": -0.05, "versus": Versus.REFERENCE},
            "Tool-call F1 − reference ≥ −5 points",
        ),
        ({"metric": "ttft", "at_most": 20.0, "versus": Versus.BASELINE}, "TTFT, ms − baseline ≤ 20"),
        ({"metric": "of_a_lost_package", "at_least": 3.0}, "of a lost package ≥ 3"),
        ({"severity": Severity.MUST, "at_most": 0.0}, "at most 0 failing MUST checks"),
        (
            {"severity": Severity.SHOULD, "at_most": 2.0, "beyond_reference": True},
            "at most 2 failing SHOULD checks beyond the reference's",
        ),
        ({"code": RuleCode.CHANGED, "cases": 3}, "nothing got worse than the baseline beyond chance"),
        ({"rule": "tool_call_f1 - reference ≥ -0.05"}, "tool_call_f1 − reference ≥ −0.05"),
    ],
)
def test_a_rule_is_named_by_its_title_and_its_bound(fields: dict[str, Any], name: str) -> None:
    """In the unit of the page, whatever the bar's file has; the text of a summary of format 1 stays."""
    assert rule_name(RuleOutcome(outcome=Ruling.PASS, **fields)) == name


def test_a_check_without_a_phrase_does_not_read_as_its_opposite() -> None:
    """The requirement is quoted, and the sentence says that it fails."""
    failing = FindingSummary(
        check="x-no-apology", severity=Severity.MUST, outcome="fail", fails=2, of=28, cases=("s/a", "s/b"),
        cases_judged=28, requirement="The content has no apology.", source="", example="", message="",
    )  # fmt: skip
    provider = _provider(failing)
    reason = Reason(code=ReasonCode.REQUIREMENT_BROKEN, check="x-no-apology", count=2, of=28)
    assert broken_words(reason, provider) == "2 of 28 cases fail the requirement “The content has no apology.”"


def _provider(*findings: FindingSummary) -> ProviderSummary:
    return ProviderSummary(
        role=Role.CANDIDATE, model="m", precision=None, declared=None, metrics={}, versus_reference={},
        counts=Counts(), failures={}, findings=findings,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stream", "plain", "words"),
    [
        ((20, 45), (0, 44), "20 of 45 cases had a call without an id, in streams only."),
        ((0, 45), (1, 44), "1 of 44 cases had a call without an id, in plain replies only."),
        ((20, 45), (3, 45), "20 of 45 cases had a call without an id (streams: 20 of 45, plain replies: 3 of 45)."),
        ((20, 45), (18, 45), "20 of 45 cases had a call without an id."),
        ((20, 45), None, "20 of 45 cases had a call without an id."),
    ],
    ids=["streams alone", "plain alone", "streams more often", "about alike", "streams are all that was judged"],
)
def test_streams_and_plain_replies_are_told_apart(
    stream: tuple[int, int], plain: tuple[int, int] | None, words: str
) -> None:
    """One mode is named where all failures are in it and the other was judged; both have counts where they differ.

    The reason of the assessment and the row of the findings say the same.
    """
    by_mode = {Mode.STREAM: stream} | ({Mode.PLAIN: plain} if plain else {})
    number = max(stream[0], plain[0] if plain else 0)
    failing = FindingSummary(
        check="x-id", severity=Severity.MUST, outcome="fail", fails=number, of=90,
        cases=tuple(f"s/{at}" for at in range(number)), cases_judged=45, requirement="Every call has an id.",
        source="", example="", message="", failure="{cases} had a call without an id",
        by_mode={mode: ModeCount(fails=count[0], of=count[1]) for mode, count in by_mode.items()},
    )  # fmt: skip
    provider = _provider(failing)
    assert failure_words(failing) == words
    assert broken_words(broken(failing, provider), provider) == words
