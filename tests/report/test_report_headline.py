"""The answer in words: the same for every format, and never more than was measured."""

from __future__ import annotations

from typing import Any

from report_sample import make_drift, make_summary, typed

from trueweight.report import render_html, render_markdown
from trueweight.report.words import RecommendationLine, ranked, recommendation_lines, run_limits


def _lines(summary: dict[str, Any]) -> tuple[RecommendationLine, ...]:
    found = typed(summary)
    return recommendation_lines(found, ranked(found))


def _limits(summary: dict[str, Any]) -> tuple[str, ...]:
    return run_limits(typed(summary))


def _labels(summary: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {line.label: tuple(name for names, _ in line.providers for name in names) for line in _lines(summary)}


def _with_drift(summary: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        summary["providers"][name]["drift"] = make_drift("equivalent")
    return summary


def test_use_is_said_only_where_drift_was_measured_of_all_of_them() -> None:
    """One provider whose weights nobody looked at keeps the line at "No fault found", and is named."""
    summary = _with_drift(make_summary(), "twin", "slow")
    assert set(_labels(summary)) == {"No fault found", "Avoid"}
    assert any(text.startswith("Drift was not measured of ") and "other-stack" in text for text in _limits(summary))
    assert _labels(_with_drift(summary, "other-stack"))["Use"] == ("other-stack", "slow", "twin")


def test_few_cases_are_called_few_with_what_they_could_miss() -> None:
    """With six cases a provider may fail 39.3% of such and show none: the limit is rounded outwards."""
    summary = make_summary(6)
    assert any(
        "with 6 cases, a provider that fails up to 40% of such cases can show no failure" in text
        for text in _limits(summary)
    )
    assert not any("Too few" in text for text in _limits(make_summary()))


def test_a_run_of_drift_alone_speaks_of_nothing_else() -> None:
    """No matrix, no empty metrics, no script, and a word on what was not looked at."""
    summary = _with_drift(make_summary(0), "twin", "other-stack", "slow")
    summary["providers"]["int4"]["drift"] = make_drift()
    for provider in summary["providers"].values():
        provider |= {"metrics": {}, "versus_reference": {}, "findings": [], "latency": {}}
    summary["run"] |= {"modes": [], "finished_at": None}
    html = render_html(typed(summary), ())
    assert "Only drift was measured" in html
    assert "No drift" in html
    assert "Not the same" in html
    for absent in ('id="differ"', 'id="paired-h"', "<script>", "Too few"):
        assert absent not in html


def test_markdown_says_the_same() -> None:
    """A pull request's reader is told the limits too."""
    text = render_markdown(typed(make_summary()))
    assert "**✓ No fault found:**" in text
    assert "Drift was not measured: this run does not say" in text


def test_providers_that_share_a_reason_are_listed_together() -> None:
    """Four times the same sentence is noise; it is written once, behind the four names."""
    summary = make_summary()
    reason = {"rule": "ttft ≤ 500", "outcome": "inconclusive", "message": "480 [450, 520]", "more_trials": 88}
    for name in ("twin", "slow", "other-stack"):
        summary["providers"][name]["verdict"] = {"outcome": "inconclusive", "reasons": [reason]}
    (line,) = (line for line in _lines(summary) if line.label == "Undecided")
    assert line.providers == ((("other-stack", "slow", "twin"), "ttft ≤ 500: about 88 more trials would decide"),)
    assert "other-stack, slow, twin (ttft ≤ 500" in render_markdown(typed(summary))


def test_no_drift_on_a_handful_of_cases_is_no_advice_to_use() -> None:
    """The same weights behind an untested parser are not known to be safe."""
    assert "Use" not in _labels(_with_drift(make_summary(6), "twin", "slow", "other-stack"))


def test_a_silent_reference_is_said() -> None:
    """A reader must know that nothing was compared, and why."""
    summary = make_summary()
    summary["providers"]["reference"]["counts"] |= {"recorded": 40, "arrived": 0}
    assert any(text.startswith("The reference never answered, ") for text in _limits(summary))
    summary["providers"]["reference"]["counts"]["recorded"] = 0
    assert any(text.startswith("No request was sent to the reference yet, ") for text in _limits(summary))
