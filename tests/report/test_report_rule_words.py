"""The outcome of a rule, and a broken requirement, as a reader of the page knows their numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from trueweight.assess.observations import broken
from trueweight.core import Estimate, Mode, Role, Ruling, Severity
from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.bar_outcome import RuleCode, RuleOutcome, Side, Versus
from trueweight.core.finding_summary import CaseCount, FindingSummary, FoundIn
from trueweight.core.summary import Counts, ProviderSummary
from trueweight.report.words import rule_name, rule_words
from trueweight.report.words.checks import broken_words, failure_words, way_words


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


CHAT, RESPONSES, MESSAGES = "chat", "responses", "messages"


def _in_modes(stream: tuple[int, int], plain: tuple[int, int]) -> dict[Mode, CaseCount]:
    return {Mode.STREAM: CaseCount(fails=stream[0], of=stream[1]), Mode.PLAIN: CaseCount(fails=plain[0], of=plain[1])}


def _through(**counts: tuple[int, int]) -> dict[str, CaseCount]:
    return {api: CaseCount(fails=fails, of=of) for api, (fails, of) in counts.items()}


STREAMS = FoundIn(mode=Mode.STREAM, cases_judged=45, only_mode=True)
ONE_API = FoundIn(apis=(RESPONSES,), cases_judged=40)


@pytest.mark.parametrize(
    ("found_in", "more", "words"),
    [
        (STREAMS, {}, "20 of 45 cases had a call without an id, in streams only."),
        (
            FoundIn(mode=Mode.PLAIN, cases_judged=44, only_mode=True),
            {},
            "20 of 44 cases had a call without an id, in plain replies only.",
        ),
        (msgspec.structs.replace(STREAMS, only_mode=False), {}, "20 of 45 cases had a call without an id, in streams."),
        (
            None,
            {"by_mode": _in_modes((20, 45), (3, 45))},
            "20 of 90 cases had a call without an id (streams: 20 of 45, plain replies: 3 of 45).",
        ),
        (None, {"by_mode": _in_modes((20, 45), (18, 45))}, "20 of 90 cases had a call without an id."),
        (
            msgspec.structs.replace(ONE_API, only_apis=True),
            {},
            "20 of 40 cases had a call without an id, in Responses only.",
        ),
        (ONE_API, {}, "20 of 40 cases had a call without an id, in Responses."),
        (
            FoundIn(apis=(MESSAGES, RESPONSES), cases_judged=40, only_apis=True),
            {},
            "20 of 40 cases had a call without an id, in Messages and Responses only.",
        ),
        (
            FoundIn(mode=Mode.STREAM, apis=(MESSAGES,), cases_judged=40, only_mode=True, only_apis=True),
            {},
            "20 of 40 cases had a call without an id, in streams of Messages only.",
        ),
        (
            FoundIn(mode=Mode.STREAM, apis=(MESSAGES,), cases_judged=40),
            {},
            "20 of 40 cases had a call without an id, in streams of Messages.",
        ),
        (
            FoundIn(mode=Mode.STREAM, apis=(MESSAGES,), cases_judged=40, only_mode=True),
            {},
            "20 of 40 cases had a call without an id, in Messages, in streams only.",
        ),
        (
            FoundIn(mode=Mode.STREAM, apis=(MESSAGES,), cases_judged=40, only_apis=True),
            {},
            "20 of 40 cases had a call without an id, in streams, in Messages only.",
        ),
        (
            None,
            {"by_api": _through(chat=(2, 40), responses=(20, 40))},
            "20 of 90 cases had a call without an id (chat completions: 2 of 40, Responses: 20 of 40).",
        ),
    ],
)
def test_a_sentence_names_the_mode_and_the_apis_of_all_failures(
    found_in: FoundIn | None, more: dict[str, Any], words: str
) -> None:
    """One mode or some APIs are named where all failures are in them, "only" where the same cases pass elsewhere; the
    counts where several fail and differ.

    The reason of the assessment and the row of the findings say the same.
    """
    failing = FindingSummary(
        check="x-id", severity=Severity.MUST, outcome="fail", fails=20, of=90,
        cases=tuple(f"s/{at}" for at in range(20)), cases_judged=90, requirement="Every call has an id.",
        source="", example="", message="", failure="{cases} had a call without an id", found_in=found_in, **more,
    )  # fmt: skip
    provider = _provider(failing)
    assert failure_words(failing) == words
    assert broken_words(broken(failing, provider), provider) == words


@pytest.mark.parametrize(
    ("way", "apis", "words"),
    [
        ("stream", (), "streams"),
        ("plain, thinking off", (), "plain replies, thinking off"),
        ("stream", ("responses",), "streams of Responses"),
        ("stream, thinking on", ("responses",), "streams of Responses, thinking on"),
    ],
)
def test_a_way_is_named_by_its_mode_and_its_api(way: str, apis: tuple[str, ...], words: str) -> None:
    """Not by the key of the summary."""
    assert way_words(way, apis) == words
