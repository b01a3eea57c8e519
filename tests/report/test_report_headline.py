"""The answer in words: the same for every format, and never more than was measured."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import msgspec
import pytest
from report_sample import make_drift, make_summary, typed
from rich.console import Console

import summaries
from summaries import make_estimate, make_finding, make_provider_summary
from trueweight.assess import assess
from trueweight.assess.observations import broken
from trueweight.core import Estimate, Role, ThinkingMode
from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.finding_summary import BlameCode, BlameReason
from trueweight.core.note import Note, NoteCode
from trueweight.core.probe import ProbeAnswer, ProbeQuestion, ProviderProbe, SetupFault
from trueweight.core.summary import Counts, ProviderSummary, TrialCounts
from trueweight.core.workload import WorkloadSummary
from trueweight.report import find_format, format_names, render_html, render_markdown
from trueweight.report.site import overview
from trueweight.report.site.trends import SiteRun
from trueweight.report.terminal import print_table
from trueweight.report.words import (
    RecommendationLine,
    broken_words,
    failure_words,
    note_words,
    probe_lines,
    ranked,
    reason_sentence,
    recommendation_lines,
    run_limits,
    summary_sentence,
)


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
    """No matrix, no empty metrics, no evidence, and a word on what was not measured."""
    summary = _with_drift(make_summary(0), "twin", "other-stack", "slow")
    summary["providers"]["int4"]["drift"] = make_drift()
    for provider in summary["providers"].values():
        provider |= {"metrics": {}, "versus_reference": {}, "findings": [], "latency": {}}
    summary["run"] |= {"modes": [], "finished_at": None}
    html = render_html(typed(summary), ())
    assert "Only drift was measured" in html
    assert "No drift" in html
    assert "Not the same" in html
    for absent in ('id="differ"', 'id="paired-h"', 'id="evidence"', "Too few"):
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
    assert any(text.startswith("The reference, reference, never answered, ") for text in _limits(summary))
    summary["providers"]["reference"]["counts"]["recorded"] = 0
    assert any(text.startswith("No request was sent to the reference, reference, yet") for text in _limits(summary))


@pytest.mark.parametrize(
    ("answering", "words"),
    [
        (("a", "b", "c"), "There is no reference: each candidate is compared with the mean of the others."),
        (
            ("a", "b"),
            "There is no reference: the two candidates are compared with each other, which does not say which one is "
            "wrong.",
        ),
        (
            ("a",),
            "There is no reference and no other candidate that answered: only requirements that no model can break "
            "decide.",
        ),
    ],
)
def test_without_a_reference_the_page_says_what_candidates_are_compared_with(
    answering: tuple[str, ...], words: str
) -> None:
    """Those that answered are compared; one that never answered is no other."""
    providers = {name: make_provider_summary() for name in answering}
    silent = make_provider_summary(counts=Counts(trials=10, recorded=10), failures={"reset": 10})
    summary = assess(summaries.make_summary({**providers, "silent": silent}))
    assert words in run_limits(summary)
    page = " ".join(render_html(summary, ()).split())
    assert words in page
    assert ("There is no reference and no bar" in page) is (len(answering) > 1)


def test_a_run_that_a_setup_fault_stopped_names_it_in_its_cure() -> None:
    """Repeating the command alone would not finish it."""
    where = {"provider": "b", "api": "chat", "base_url": "http://h/v1", "model": "m", "fingerprint": "f", "at": ""}
    probe = ProviderProbe(**where, fault=SetupFault.WRONG_PATH, status=404)
    stopped = make_provider_summary(counts=Counts(trials=10), probe=(probe,))
    summary = assess(summaries.make_summary({"a": make_provider_summary(), "b": stopped}, trials=TrialCounts(20, 10)))
    (words,) = (text for text in run_limits(summary) if text.startswith("Not finished"))
    assert words.endswith("Cure the setup fault of b, then run the same command again.")


def test_a_provider_that_passes_more_is_not_said_to_pass_less() -> None:
    """Of two hosts that differ, the sentence on each begins with what it does more."""
    counts = {"count": 0, "reverse": 22, "of": 79, "estimate": Estimate(0.278, 0.189, 0.38, 79, "difference", "")}
    words = reason_sentence(Reason(code=ReasonCode.PROVIDERS_DIFFER, **counts), make_provider_summary())
    assert words.startswith("It passes more often than the other provider in 22 of 79 cases, less often in 0 (+27.8")


@pytest.mark.parametrize(("high", "said"), [(-0.01, False), (0.004, True)])
def test_an_interval_that_does_not_show_the_fault_is_explained(high: float, said: bool) -> None:
    """The test that convicts has more than the reference: where the interval reaches zero, the sentence says so."""
    found = Estimate(-0.06, -0.12, high, 60, "difference", "")
    reason = Reason(code=ReasonCode.CASES_WORSE, count=6, reverse=1, of=60, estimate=found)
    words = reason_sentence(reason, make_provider_summary())
    assert ("the test also uses the other candidates" in words) is said


@pytest.mark.parametrize(("thoughts", "said"), [(60, True), (12, False)])
def test_the_first_token_is_the_thoughts_only_where_most_replies_have_one(thoughts: int, said: bool) -> None:
    """A model that thinks in the reasoning cases alone has a first token of the answer in the others."""
    times = {"ttft": make_estimate(90.0, 80.0, 99.0, n=80), "thinking_time": make_estimate(12.0, 9.0, 15.0, n=thoughts)}
    reason = Reason(code=ReasonCode.SLOWER, metric="ttft", estimate=Estimate(43.0, 31.0, 55.0, 60, "ms", ""))
    words = reason_sentence(reason, make_provider_summary(metrics=times))
    assert words.endswith("median time to first token, of the thought." if said else "median time to first token.")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (
            make_provider_summary(Role.REFERENCE, counts=Counts(trials=10, recorded=10)),
            "The reference, ref, never answered, so no provider was compared with it.",
        ),
        (
            make_provider_summary(Role.REFERENCE, counts=Counts(trials=10)),
            "No request was sent to the reference, ref, yet, so no provider was compared with it.",
        ),
        (
            make_provider_summary(Role.REFERENCE, metrics={"success_rate": make_estimate(0.0, None, 0.3)}),
            "The reference, ref, refused every request, so no provider was compared with it.",
        ),
        (
            make_provider_summary(Role.REFERENCE, metrics={"must_pass_rate": make_estimate(0.0, None, 0.3)}),
            "The reference, ref, answered nothing that can be judged: most of its replies have no answer, or none "
            "passes. No provider was compared with it.",
        ),
    ],
)
def test_a_reference_that_is_no_measure_is_named_before_all_else(reference: ProviderSummary, words: str) -> None:
    """It is the first thing that a report says below the answer, and no candidate has a ✓."""
    summary = assess(summaries.make_summary({"ref": reference, "a": make_provider_summary()}))
    assert run_limits(summary)[0] == words
    assert "✓" not in {one.mark for one in ranked(summary)}
    for text in (render_html(summary, ()), render_markdown(summary)):
        assert words in " ".join(text.split())


def test_the_fault_that_decides_is_in_the_sentence_too() -> None:
    """A fault that explains more cases, and that a model may have caused, does not hide the certain one."""
    leak = make_finding("markers-in-content", cases=("s/c0", "s/c1", "s/c2"), cases_judged=10)
    blame = BlameReason(code=BlameCode.ENGINE_ONLY)
    certain = make_finding("tool-choice-required", cases=("s/c0",), cases_judged=2, blame_reason=blame)
    summary = assess(
        summaries.make_summary({"a": make_provider_summary(findings=(leak, certain)), "b": make_provider_summary()})
    )
    one = next(one for one in ranked(summary) if one.name == "a")
    assert one.reason == "it calls no tool although tool_choice requires a call in 1 of 2 cases"
    sentence = summary_sentence(one.provider)
    assert one.reason[3:] in sentence
    assert "Tool calls leak into the text as markup in 3 of 10 cases." in sentence


def test_each_note_is_said_once_and_a_part_of_a_run_is_a_part_once() -> None:
    """A page, a terminal and a comment that say a thing twice make a reader look for the difference."""
    notes = (
        Note(code=NoteCode.PART_OF_RUN, share="shard 1/2"),
        Note(code=NoteCode.BAR_ADDED, bar="b" * 64),
        Note(code=NoteCode.PROFILE, text="kimi-k2", providers=("a",)),
    )
    parts = {name: make_provider_summary() for name in ("a", "b", "c")}
    summary = assess(summaries.make_summary(parts, notes=notes, trials=TrialCounts(20, 10)))
    out = io.StringIO()
    print_table(summary, Console(file=out, width=200, color_system=None))
    index = dict(overview([SiteRun("2026-01-01", summary)]))["index.html"]
    texts = [render_html(summary, ()), render_markdown(summary), out.getvalue(), index]
    for text in (" ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split()) for text in texts):
        for note in notes:
            assert text.count(note_words(note)) == 1, note.code
        assert "Not finished" not in text, "the note on the part says so"


def test_each_number_of_the_table_stands_under_its_own_heading() -> None:
    """Of a run with a workload, the first column is that of the workload in the rows of an API and of a mode too."""

    def found(share: float) -> dict[str, Estimate]:
        shares = {"workload": share, "schema_accuracy_unconditional": 0.111, "success_rate": 0.222}
        return {metric: Estimate(value, None, None, 9, "proportion", "") for metric, value in shares.items()}

    host = make_provider_summary(
        metrics=found(0.5), by_api={"responses": found(0.4)}, thinking={ThinkingMode.OFF: found(0.3)}
    )
    workload = WorkloadSummary(name="w", cases=9, candidates=1, tasks=(), baseline=None)  # type: ignore[arg-type]
    summary = msgspec.structs.replace(assess(summaries.make_summary({"a": host})), workload=workload)
    out = io.StringIO()
    print_table(summary, Console(file=out, width=200, color_system=None))
    text = out.getvalue()
    assert text.split()[:2] == ["provider", "workload"]
    assert all(share in text for share in ("50.0%", "40.0%", "30.0%")) and "11.1%" not in text


def test_no_two_formats_write_the_same_file() -> None:
    """`report --format json` and `--format badge` would each replace the other's file."""
    suffixes = [find_format(name).suffix for name in format_names()]
    assert len(set(suffixes)) == len(suffixes)


@pytest.mark.parametrize(("takes_tools", "cure"), [(False, False), (True, True)])
def test_a_host_without_tools_gets_no_advice_to_drop_them(takes_tools: bool, cure: bool) -> None:
    """``drop`` is for a parameter that is one of several; without ``tools`` nothing is left of the request."""
    where = {"provider": "b", "api": "chat", "base_url": "http://h/v1", "model": "m", "fingerprint": "f", "at": ""}
    answer = ProbeAnswer(question=ProbeQuestion.PLAIN, trial="t", url="http://h/v1", answered=True, status=200)
    probe = ProviderProbe(**where, answers=(answer,), takes_tools=takes_tools, refused=("tools", "seed"))
    lines = "\n".join(probe_lines(probe))
    assert ('drop = ["tools", "seed"]' in lines) is cure
    assert ('drop = ["seed"]' in lines) is not cure
    assert ("Tools: it does not offer them" in lines) is not takes_tools


def test_the_reason_of_no_answer_is_that_of_the_address_asked_for() -> None:
    """The probe also tries other addresses: what fails there is not why the provider does not answer."""
    where = {"provider": "b", "api": "chat", "base_url": "http://h/v1", "model": "m", "fingerprint": "f", "at": ""}
    own = {"question": ProbeQuestion.PLAIN, "trial": "t", "url": "http://h/v1", "answered": False}
    other = own | {"question": ProbeQuestion.OTHER_URL, "url": "https://h/v1"}
    answers = (ProbeAnswer(**own, said="server disconnected"), ProbeAnswer(**other, said="wrong version number"))
    first = next(iter(probe_lines(ProviderProbe(**where, answers=answers))))
    assert "server disconnected" in first
    assert "wrong version number" not in first
    works = ProbeAnswer(**other | {"answered": True}, status=200, finish="stop")
    assert any("https://h/v1" in line for line in probe_lines(ProviderProbe(**where, answers=(works,))))
    empty = ProbeAnswer(**own | {"answered": True}, status=200)
    assert any("without content" in line for line in probe_lines(ProviderProbe(**where, answers=(empty,))))


@pytest.mark.parametrize("check", ["markers-in-content", "markers-in-reasoning", "tool-arguments-enum"])
def test_a_finding_has_one_denominator_on_a_page(check: str) -> None:
    """The reason and the row of the findings count the same cases, whatever else the provider answered."""
    finding = make_finding(check, cases=("s/c0", "s/c1"), cases_judged=10)
    provider = make_provider_summary(findings=(finding,), counts=Counts(trials=40, cases_answered_with_tools=40))
    assert broken_words(broken(finding), provider) == failure_words(finding)
    assert "2 of 10 cases" in failure_words(finding)
