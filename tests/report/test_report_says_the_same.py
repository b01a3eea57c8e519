"""Whatever the summary: page, terminal, markdown, JSON, JUnit, badge, site, gate, exit code and pytest fixture all say
the recommendation that the assessment holds."""

from __future__ import annotations

import html
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from summaries import (
    make_case,
    make_difference,
    make_drift,
    make_estimate,
    make_finding,
    make_provider_summary,
    make_summary,
)
from trueweight.assess import assess, exit_code, silent_providers
from trueweight.core import DriftVerdict, Estimate, ExitCode, Role, Ruling, Severity
from trueweight.core.assessment import Blame, Recommendation
from trueweight.core.bar_outcome import BarOutcome, RuleCode, RuleOutcome
from trueweight.core.note import Note, NoteCode
from trueweight.core.summary import CellOutcome, Counts, ProviderSummary, Summary, TrialCounts
from trueweight.core.summary_json import decode_summary, encode_summary
from trueweight.pytest_plugin import RecordedRun
from trueweight.report import render, visible
from trueweight.report.gate import gate_result
from trueweight.report.site import overview
from trueweight.report.site.trends import SiteRun
from trueweight.report.terminal import print_table

MARKS = {
    "—": Recommendation.REFERENCE,
    "✓": Recommendation.USE,
    "?": Recommendation.UNDECIDED,
    "✕": Recommendation.AVOID,
}
HOSTILE = st.text(alphabet="ab-<>&\"'|*_`[]()@#:\x1b\x07\u202e\u200b\n\r\0é", max_size=8)
SHARE = st.sampled_from([0.0, 0.5, 0.85, 0.93, 0.96, 1.0])


@st.composite
def rates(draw: st.DrawFn) -> Estimate:
    """A proportion with an interval that may be open."""
    value = draw(SHARE)
    low = draw(st.sampled_from([None, max(0.0, value - 0.1)]))
    high = draw(st.sampled_from([None, min(1.0, value + 0.02)])) if low is not None else min(1.0, value + 0.3)
    return make_estimate(value, low, high)


@st.composite
def providers(draw: st.DrawFn, role: Role) -> ProviderSummary:
    """A provider that may be silent, flaky, slow, below the reference, failing, or drifting."""
    recorded = draw(st.sampled_from([0, 10, 10, 10]))
    arrived = draw(st.sampled_from([0, recorded, recorded, recorded]))
    metrics = draw(
        st.dictionaries(st.sampled_from(["success_rate", "first_attempt_success_rate", "schema_accuracy"]), rates())
    )
    if draw(st.booleans()):
        metrics["ttft"] = make_estimate(100.0, 90.0, 110.0, unit="ms")
    versus: dict[str, Any] = {}
    for metric in draw(st.sets(st.sampled_from(["schema_accuracy", "tool_call_f1", "must_pass_rate"]))):
        value = draw(st.sampled_from([-0.4, -0.05, 0.0, 0.1]))
        p = draw(st.sampled_from([None, 1e-9, 0.04, 1.0]))
        versus[metric] = make_difference(value, value - 0.02, value + 0.02, p)
    findings = tuple(
        make_finding(
            check,
            draw(st.sampled_from(list(Severity))),
            cases=tuple(f"s/{n}" for n in range(draw(st.integers(1, 3)))),
            reference_fails=draw(st.sampled_from([None, 0, 1])) if role is Role.CANDIDATE else None,
            message=draw(HOSTILE),
            blame=draw(st.sampled_from([None, *Blame])),
        )
        for check in draw(st.sets(st.sampled_from(["markers-in-content", "tool-call-expected", "x-of-another"])))
    )
    drift = draw(st.sampled_from([None, None, *DriftVerdict])) if role is Role.CANDIDATE else None
    return make_provider_summary(
        role,
        model=draw(HOSTILE),
        metrics=metrics if arrived else {},
        versus_reference=versus if role is Role.CANDIDATE else {},
        findings=findings if arrived else (),
        counts=Counts(
            trials=10, recorded=recorded, arrived=arrived, attempts=recorded, cases_answered=min(arrived, 10)
        ),
        failures={} if arrived == recorded else {"reset": recorded - arrived},
        drift=None if drift is None else make_drift(drift),
    )


@st.composite
def bars(draw: st.DrawFn) -> BarOutcome:
    """A bar's outcome, decided or open."""
    ruling = draw(st.sampled_from(list(Ruling)))
    code = RuleCode.NOT_MEASURED if ruling is Ruling.INCONCLUSIVE else RuleCode.MEASURED
    estimate = None if ruling is Ruling.INCONCLUSIVE else make_estimate(0.9, 0.8, 0.95)
    rule = RuleOutcome(outcome=ruling, code=code, metric="success_rate", at_least=0.95, estimate=estimate)
    return BarOutcome.of("b" * 64, (rule,))


@st.composite
def summaries(draw: st.DrawFn) -> Summary:
    """An assessed summary of one to four providers, with or without a reference, a bar, cases, or all trials."""
    names = [f"{at}{draw(HOSTILE)}" for at in range(draw(st.integers(1, 4)))]
    referenced = draw(st.booleans())
    found = {
        name: draw(providers(Role.REFERENCE if referenced and at == 0 else Role.CANDIDATE))
        for at, name in enumerate(names)
    }
    count = draw(st.sampled_from([0, 3, 10, 40]))
    outcomes = st.sampled_from([one.value for one in CellOutcome])
    cases = [make_case({name: draw(outcomes) for name in names}, f"s/c{i}") for i in range(min(count, 4))]
    cases += [make_case(dict.fromkeys(names, "pass"), f"s/d{i}") for i in range(count - len(cases))]
    judged = draw(st.dictionaries(st.sampled_from(names), bars()))
    summary = make_summary(
        found,
        cases,
        trials=TrialCounts(40, draw(st.sampled_from([10, 40]))),
        bar_digest="b" * 64 if judged else None,
        notes=draw(st.sampled_from([(), (Note(code=NoteCode.PART_OF_RUN, share="1/2"),)])),
    )
    return assess(summary, judged)


def in_terminal(summary: Summary) -> list[Recommendation]:
    """By the mark below each name."""
    console = Console(file=io.StringIO(), width=200, color_system=None, emoji=False)
    print_table(summary, console)
    assert isinstance(console.file, io.StringIO)
    table, _, _ = console.file.getvalue().partition("Below each number")
    return [MARKS[found] for found in re.findall(r"^([—✓?✕]) ", table, flags=re.MULTILINE)]


def in_page(page: str) -> tuple[list[str], list[Recommendation]]:
    """Names and recommendations of the page's first table."""
    rows = re.findall(
        r'class="who"><bdi class="name[^"]*">(.*?)</bdi><span class="line"><span class="v (\w+)">',
        page,
        flags=re.DOTALL,
    )
    return [html.unescape(name) for name, _ in rows], [Recommendation(word) for _, word in rows]


def counts(found: Mapping[str, Recommendation]) -> list[int]:
    """How many to use, to avoid, and undecided, as far as there are any: as the badge counts them."""
    order = (Recommendation.USE, Recommendation.AVOID, Recommendation.UNDECIDED)
    values = list(found.values())
    return [values.count(one) for one in order if one in values]


EACH = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(EACH, max_examples=6)
@given(summaries())
def test_all_of_them_say_the_same(summary: Summary) -> None:
    """In the same order, best first, for every provider."""
    say_the_same(summary)


@pytest.mark.slow
@settings(EACH, max_examples=30)
@given(summaries())
def test_all_of_them_say_the_same_of_more_summaries(summary: Summary) -> None:
    """Of five times as many."""
    say_the_same(summary)


def say_the_same(summary: Summary) -> None:
    """Each form has the recommendations of the assessment, in its order."""
    expected = {name: summary.providers[name].assessment.recommendation for name in summary.ranked()}
    said = list(expected.values())

    names, page = in_page(render("html", summary))
    assert page == said
    assert names == [visible(name, limit=2_000, lines=True) for name in expected]
    assert in_terminal(summary) == said
    markdown = re.findall(r"^\| \*\*.*?\*\* \| ([—✓?✕]) ", render("markdown", summary), flags=re.MULTILINE)
    assert [MARKS[mark] for mark in markdown] == said
    again = decode_summary(render("json", summary))
    assert again == summary == decode_summary(encode_summary(summary))
    suites = ET.fromstring(render("junit", summary)).findall("testsuite")
    junit = [suite.find("properties/property[@name='recommendation']") for suite in suites]
    assert [one.get("value") for one in junit if one is not None] == [one.value for one in said]

    badge = json.loads(render("badge", summary))
    assert [int(count) for count in re.findall(r"(?:^|, )(\d+) ", badge["message"])] == counts(expected)
    pages = dict(overview([SiteRun("2026-01-01", summary)]))
    assert json.loads(pages["badge.json"]) == badge
    index = re.findall(r'</bdi></a><span class="v (\w+)">', pages["index.html"])
    assert index == [one.value for one in said]
    leads = [
        re.findall(r'class="lead"><span class="v (\w+)">', text) for name, text in pages.items() if "providers/" in name
    ]
    assert [one for found in leads for one in found] == [one.value for one in said]

    fixture = RecordedRun(summary)
    assert [fixture.recommendation(name) for name in expected] == [one.value for one in said]
    held(summary, expected)


def held(summary: Summary, expected: Mapping[str, Recommendation]) -> None:
    """The gate's outcome of a provider and the exit code follow the recommendation wherever a bar decides."""
    outcomes = {name: one.assessment.bar for name, one in summary.providers.items() if one.assessment.bar is not None}
    silent, code = silent_providers(summary), exit_code(summary, silent_providers(summary))
    gate = gate_result(outcomes, notes=summary.run.notes, silent=silent, bar="b", exit_code=code)
    words = {"pass": Recommendation.USE, "fail": Recommendation.AVOID, "inconclusive": Recommendation.UNDECIDED}
    for name, found in gate.providers.items():
        reference = name == summary.run.reference and found.outcome == "pass"
        assert expected[name] is (Recommendation.REFERENCE if reference else words[found.outcome])
    failing = any(expected[name] is Recommendation.AVOID for name in outcomes if name not in silent)
    assert (code is ExitCode.FINDINGS) == failing
    if code is ExitCode.OK:
        assert all(expected[name] in (Recommendation.USE, Recommendation.REFERENCE) for name in outcomes)
