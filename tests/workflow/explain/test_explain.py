"""``trueweight checks`` and ``explain``: every check is listed and explained, with bytes that break it marked."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from trueweight.checks import all_checks
from trueweight.cli import _invoke, cli
from trueweight.core import PROTOCOLS, ConfigError
from trueweight.core.assessment import Assessment, Reason, ReasonCode, Recommendation
from trueweight.core.grader import all_graders
from trueweight.metrics import all_metrics, describe
from trueweight.report.formats import format_names
from trueweight.report.page.matrix import OUTCOMES
from trueweight.report.terminal import COLUMNS
from trueweight.report.words import DRIFT_WORDS
from trueweight.report.words.recommendation import word_of
from trueweight.report.words.terms import TERMS, find_term
from trueweight.workflow.explain import explain
from trueweight.workflow.explain.show import CLOSE, OPEN

IDS = [info.id for info in all_checks()]


def test_everything_that_can_be_added_is_listed() -> None:
    """A line for each check, in order; a section for each other kind; the JSON has the same ids and all texts."""
    checks, *sections = CliRunner().invoke(cli, ["checks"]).output.split("\n\n")
    assert [line.split()[0] for line in checks.splitlines()] == IDS
    listed = {title: [line.split()[0] for line in lines] for title, *lines in map(str.splitlines, sections)}
    made = json.loads(CliRunner().invoke(cli, ["checks", "--json"]).output)
    assert list(listed.values()) == [[one["id"] for one in made[k]] for k in ("metrics", "graders", "formats", "apis")]
    assert {one["id"] for one in made["metrics"]} == set(all_metrics())
    assert [one["id"] for one in made["graders"]] == [one.id for one in all_graders()]
    assert [one["id"] for one in made["formats"]] == list(format_names())
    assert [one["id"] for one in made["apis"]] == list(PROTOCOLS.all())
    assert [one["id"] for one in made["checks"]] == IDS
    assert all(
        one["requirement"] and one["why"] and one["fix"] and one["severity"] in ("MUST", "SHOULD", "INFO")
        for one in made["checks"]
    )


@pytest.mark.parametrize("name", sorted(all_metrics()))
def test_every_metric_is_explained(name: str) -> None:
    """Title, definition, unit, method and source are printed; the README's bar sends its readers here."""
    metric, text = all_metrics()[name], explain(name)
    assert all(words and words in text for words in (metric.title, metric.definition, metric.unit, metric.method))
    assert metric.source in text


def test_every_grader_is_explained() -> None:
    """What the score is, and the schema of the expected answer."""
    for one in all_graders():
        text = explain(one.id)
        assert one.definition in text
        assert json.dumps(one.expected) in text


def test_no_two_kinds_share_a_name() -> None:
    """``explain NAME`` has one answer."""
    names = [*IDS, *all_metrics(), *(one.id for one in all_graders())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("check", IDS)
def test_every_check_is_explained_by_an_example(check: str) -> None:
    """Requirement, reason and remedy are printed with an example that breaks it, in text that any file can hold."""
    info = next(one for one in all_checks() if one.id == check)
    text = explain(check)
    assert all(words in text for words in (info.requirement, info.why, info.fix, info.source))
    assert "that break" in text
    text.encode()


def test_the_evidence_is_marked() -> None:
    """The bytes that prove the finding stand between the marks."""
    assert f"{OPEN}<tool_call>{CLOSE}" in explain("markers-in-content")
    assert rf"{OPEN}\xff{CLOSE}" in explain("body-utf8")


def test_an_unknown_check_gets_a_near_miss(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the name that was meant."""
    assert _invoke(["explain", "json-equal"]) == 2
    assert "Did you mean 'json-equals'" in capsys.readouterr().err
    assert _invoke(["explain", "schema-accuracy"]) == 2
    assert "Did you mean 'schema_accuracy'" in capsys.readouterr().err


@pytest.mark.parametrize("word", [name for one in TERMS for name in (one.name, *one.also)])
def test_each_word_of_the_report_is_explained(word: str) -> None:
    """By each of its spellings and in capitals; no two words share one, and none hides a check, metric or grader."""
    found = find_term(word)
    assert found is not None
    assert found.meaning in explain(word)
    assert found.meaning in explain(word.upper())
    assert [one for one in TERMS if word.casefold() in {name.casefold() for name in (one.name, *one.also)}] == [found]


def test_a_metric_is_found_by_the_title_of_its_column() -> None:
    """In any case; an unknown word has the nearest one in its hint."""
    for name in all_metrics():
        assert explain(describe(name).title.upper()).splitlines()[0] in all_metrics()
    with pytest.raises(ConfigError) as caught:
        explain("self-agreemnt")
    assert "self-agreement" in str(caught.value)


@pytest.mark.parametrize("head", COLUMNS)
def test_each_heading_of_the_terminal_is_explained(head: str) -> None:
    """It leads to its metric, also where a grader has the same name; ids of metrics are found in capitals."""
    assert COLUMNS[head] in explain(head)
    assert explain("TPOT").startswith("tpot\n")


def test_a_name_that_is_like_none_gets_no_nearest_one() -> None:
    """Names in alphabetical order are not the nearest ones."""
    with pytest.raises(ConfigError) as caught:
        explain("@@@")
    assert "nearest" not in str(caught.value) and "Valid are" in str(caught.value)


def test_each_mark_and_word_of_the_page_is_explained() -> None:
    """Outcomes of cases, words of recommendations and of drift, and titles of columns with and without their unit."""
    words = {*OUTCOMES, *DRIFT_WORDS.values(), *map(word_of, map(_assessed, ReasonCode)), "severity", "cause"}
    words |= {
        title for name in all_metrics() for title in (describe(name).title, describe(name).title.partition(", ")[0])
    }
    for word in words - {"undecided"}:
        assert explain(word), word
    assert explain("TTFT").startswith("ttft\n")


def _assessed(code: ReasonCode) -> Assessment:
    """An assessment for this reason: one to avoid if it is a fault, else one to use."""
    recommendation = {
        ReasonCode.NOT_OFFERED: Recommendation.UNDECIDED,
        ReasonCode.REFERENCE_SILENT: Recommendation.REFERENCE,
        ReasonCode.SLOWER: Recommendation.USE,
        ReasonCode.WORKLOAD_MET: Recommendation.USE,
        ReasonCode.DRIFT_EQUIVALENT: Recommendation.USE,
    }.get(code, Recommendation.AVOID)
    return Assessment(recommendation=recommendation, reasons=(Reason(code=code),))
