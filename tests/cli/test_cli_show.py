"""``trueweight show``: the evidence in a terminal, from a real record."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli, Demo

from trueweight.fleet.child import running_fleet


def _finding(first_cases: Demo, provider: str, check: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = first_cases.summary["providers"][provider]["findings"]
    return next(one for one in found if one["check"] == check)


@pytest.mark.usefixtures("kept_judgements")
def test_without_a_case_it_shows_the_table_and_where_they_differ(first_cases: Demo, cli: Cli) -> None:
    """The most disputed cases stand below the table, in 80 columns, and the run is left as it was."""
    before = {path.name: path.stat().st_mtime_ns for path in first_cases.directory.iterdir()}
    done = cli("show", first_cases.directory)
    assert done.returncode == 0, done.stderr
    assert "They differ in" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert {path.name: path.stat().st_mtime_ns for path in first_cases.directory.iterdir()} == before


def test_a_case_shows_every_trial_and_what_failed(first_cases: Demo, cli: Cli) -> None:
    """Each provider has a line with its trial's id; what broke a law is shown with the bytes marked."""
    case = _finding(first_cases, "leaky-parser", "markers-in-content")["cases"][0]
    done = cli("show", first_cases.directory, case)
    assert done.returncode == 0, done.stderr
    for provider in first_cases.summary["providers"]:
        assert provider in done.stdout
    assert "✕ markers-in-content" in done.stdout
    assert "⟦" in done.stdout
    assert "curl" not in done.stdout


def test_a_provider_or_a_trial_shows_all_of_it(first_cases: Demo, cli: Cli) -> None:
    """Reply, timeline, headers and a curl that can be pasted; by provider or by trial id, the same."""
    found = _finding(first_cases, "leaky-parser", "markers-in-content")
    done = cli("show", first_cases.directory, found["example"])
    assert done.returncode == 0, done.stderr
    for words in ("Reply", "Timeline", "Response headers", "curl -sS", "send", "<tool_call>", found["example"]):
        assert words in done.stdout
    by_name = cli("show", first_cases.directory, found["cases"][0], "--provider", "leaky-parser")
    assert "curl -sS" in by_name.stdout
    assert "· reference ·" not in by_name.stdout


def test_json_is_what_the_report_shows(first_cases: Demo, cli: Cli) -> None:
    """Scripts get the same evidence: ASCII, one entry per trial."""
    found = _finding(first_cases, "no-strict", "structured-output")
    done = cli("show", first_cases.directory, found["example"], "--json")
    [item] = json.loads(done.stdout)
    assert done.stdout.isascii()
    assert item["t"] == found["example"]
    assert any(one["id"] == "structured-output" for one in item["found"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("singel",), ("singel", "'single'")),
        (("single", "--provider", "twinn"), ("twinn", "'twin'")),
        (("0" * 20,), ("no trial",)),
    ],
)
def test_what_is_not_there_is_refused_with_the_near_miss(
    first_cases: Demo, cli: Cli, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """A case, a provider or a trial that the run does not have: exit 2, in words."""
    done = cli("show", first_cases.directory, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.slow
def test_what_several_replies_show_together_is_shown_in_each(cli: Cli) -> None:
    """A count that only another reply shows to be wrong is marked where it stands, with the severity of its case."""
    with running_fleet(["wrong-template"]) as providers:
        assert cli("run", "--providers", providers, "--suite", "tokens", "--out", "out", "--quiet").returncode == 0
    summary = json.loads(cli("show", "out", "--json").stdout)
    findings = summary["providers"]["wrong-template"]["findings"]
    example = next(one["example"] for one in findings if one["check"] == "prompt-tokens-more")
    shown = cli("show", "out", example).stdout
    assert "✕ prompt-tokens-more" in shown
    assert "found over several replies: " in shown
    assert re.search(r'⟦"prompt_tokens": ?\d', shown)  # a stream is written without the space
    (item,) = json.loads(cli("show", "out", example, "--json").stdout)
    (found,) = [one for one in item["found"] if one["id"] == "prompt-tokens-more"]
    severity = next(case["severity"] for case in summary["cases"] if case["case"] == item["c"])
    assert (found["o"], found["s"]) == ("fail", severity)
    assert found["b"]


def test_a_provider_without_a_case_is_refused(tmp_path: Path, cli: Cli) -> None:
    """Exit 2 and the reason, instead of a table that ignores the option."""
    done = cli("show", tmp_path, "--provider", "x")
    assert done.returncode == 2
    assert "need a CASE" in done.stderr
