"""A known habit of a model family is no finding, and the page says that it was seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from in_process import trueweight
from trueweight.core import Case, Finding, Habit, Outcome, Severity
from trueweight.fleet.child import running_fleet
from trueweight.profiles import shipped_families, split_habits
from trueweight.suites import find_suite

PROFILE = """\
title = "Talks aloud"
models = ["*tiny*"]
sources = ["https://example.org"]
[[habit]]
says = "Thoughts are left in the content, between tags."
source = "https://example.org/habit"
checks = ["think-tags-in-content"]
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same recording judged with the profile that knows the habit, and with none."""
    folder = tmp_path_factory.mktemp("habits")
    (folder / "aloud.toml").write_text(PROFILE, encoding="utf-8")
    with running_fleet(["reference", "thinks-tags"]) as providers:
        for out, profile in (("known", "aloud.toml"), ("unknown", "none")):
            command = ("run", "--providers", providers, "--suite", "structured-output", "--limit", 3, "--no-probe")
            more = ("--thinking-allowance", 1024, "--profile", profile, "--out", out)
            done = trueweight(*command, *more, cwd=folder)
            assert done.returncode == 0, done.stderr
    yield folder


def summary(folder: Path, name: str) -> dict[str, Any]:
    """The summary of a run."""
    found: dict[str, Any] = json.loads((folder / name / "summary.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.slow
def test_a_habit_is_no_finding(runs: Path) -> None:
    """With the profile no check fails, and the provider is not worse; without it the check finds every case."""
    known, unknown = (summary(runs, name)["providers"]["thinks-tags"] for name in ("known", "unknown"))
    assert [one["check"] for one in known["findings"] if one["severity"] != "INFO"] == []
    assert known["metrics"]["must_pass_rate"]["value"] == 1.0
    assert [one["check"] for one in unknown["findings"] if one["severity"] != "INFO"] == ["think-tags-in-content"]
    assert unknown["metrics"]["must_pass_rate"]["value"] == 0.0


def test_a_habit_is_said(runs: Path) -> None:
    """As a note with the number of cases and its source, in the summary and on the page; not where it is unknown."""
    notes = [one for one in summary(runs, "known")["run"]["notes"] if one["code"] == "known-habit"]
    assert [(one["providers"], one["count"], one["of"]) for one in notes] == [(["thinks-tags"], 3, 3)]
    words = "a known habit of this model family, in 3 cases of 3, and so no finding: Thoughts are left in the content"
    page, other = ((runs / name / "report.html").read_text(encoding="utf-8") for name in ("known", "unknown"))
    assert words in page
    assert "known habit" not in other
    shown = trueweight("show", "known", cwd=runs).stdout
    assert words in " ".join(shown.split())


def case(**request: Any) -> Case:
    """A case that asks for two calls, with these fields of its request."""
    checks = {"tool-call-expected": {"call": "must", "min": 2}}
    return Case("s", "c", {"messages": [], **request}, checks=checks)


FAILS = (
    Finding("tool-call-expected", Outcome.FAIL, Severity.MUST),
    Finding("call-id-present", Outcome.FAIL, Severity.MUST),
    Finding("tool-choice-named", Outcome.PASS, Severity.MUST),
)


@pytest.mark.parametrize(
    ("habit", "request_", "covered"),
    [
        (Habit(says="h", source="s", checks=("tool-call-expected",)), {}, True),
        (Habit(says="h", source="s", checks=("tool-call-expected",), calls=2), {}, True),
        (Habit(says="h", source="s", checks=("tool-call-expected",), calls=3), {}, False),
        (Habit(says="h", source="s", checks=("tool-call-expected",), fields=("tool_choice",)), {}, False),
        (
            Habit(says="h", source="s", checks=("tool-call-expected",), fields=("tool_choice",)),
            {"tool_choice": "auto"},
            False,
        ),
        (
            Habit(says="h", source="s", checks=("tool-call-expected",), fields=("tool_choice",)),
            {"tool_choice": {"type": "function", "function": {"name": "x"}}},
            True,
        ),
        (
            Habit(says="h", source="s", checks=("tool-call-expected",), fields=("temperature",), value=0),
            {"temperature": 0.0},
            True,
        ),
        (
            Habit(says="h", source="s", checks=("tool-call-expected",), fields=("temperature",), value=0),
            {"temperature": 0.7},
            False,
        ),
        (Habit(says="h", source="s", checks=("tool-choice-named",)), {}, False),
    ],
)
def test_a_habit_covers_what_it_names(habit: Habit, request_: dict[str, Any], covered: bool) -> None:
    """A failure of its checks alone, in requests of its kind; other failures of the same reply stay findings."""
    kept, shown = split_habits(FAILS, case(**request_), [habit])
    assert shown == (("h",) if covered else ())
    assert [one.check for one in kept] == [one.check for one in FAILS if not covered or one.check not in habit.checks]


def test_a_model_without_parallel_calls_is_excused_where_several_are_asked_for() -> None:
    """gpt-oss, in the shipped suite: each parallel case, and no case with one call."""
    habits = shipped_families()["gpt-oss"].profile.habits
    fail = [Finding("tool-call-expected", Outcome.FAIL, Severity.MUST)]
    excused = {one.id for one in find_suite("tool-calls").cases if split_habits(fail, one, habits)[1]}
    assert {"parallel-two-cities", "parallel-four", "choice-required"} <= excused
    assert "follow-up-swapped-results" not in excused
