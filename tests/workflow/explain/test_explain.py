"""``trueweight checks`` and ``explain``: every check is listed and explained, with bytes that break it marked."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from trueweight.checks import all_checks
from trueweight.cli import _invoke, cli
from trueweight.core.grader import all_graders
from trueweight.workflow.explain import explain
from trueweight.workflow.explain.show import CLOSE, OPEN

IDS = [info.id for info in all_checks()]


def test_every_check_is_listed() -> None:
    """A line for each, in order, and one for each grader; the JSON has the same ids and every text of a check."""
    checks, _, graders = CliRunner().invoke(cli, ["checks"]).output.partition("\n\n")
    assert [line.split()[0] for line in checks.splitlines()] == IDS
    assert [line.split()[0] for line in graders.splitlines()[1:]] == [one.id for one in all_graders()]
    made = json.loads(CliRunner().invoke(cli, ["checks", "--json"]).output)
    assert [one["id"] for one in made["graders"]] == [one.id for one in all_graders()]
    listed = made["checks"]
    assert [one["id"] for one in listed] == IDS
    assert all(
        one["requirement"] and one["why"] and one["fix"] and one["severity"] in ("MUST", "SHOULD", "INFO")
        for one in listed
    )


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
