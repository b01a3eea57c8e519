"""``trueweight gate``: per provider pass, fail or inconclusive, from the record alone, each with its exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gating import GOOD, OPEN, summary_of

from in_process import trueweight
from records import unpacked
from trueweight.assess import assess
from trueweight.core.assessment import Reason, ReasonCode
from trueweight.core.schemas import load_schema
from trueweight.workflow.summary_file import read_summary

FAILS = '[[require]]\nmetric = "must_pass_rate"\nat_least = 0.9\n'


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, fleet: Path) -> Path:
    """A folder with a run made without a bar, and its files."""
    folder = tmp_path_factory.mktemp("gate")
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 12, "--out", "run")
    done = trueweight(*command, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def gate(folder: Path, bar: str, *more: object) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of the gate with a bar of that text."""
    (folder / "bar.toml").write_text(bar, encoding="utf-8")
    done = trueweight("gate", "run", "--bar", "bar.toml", "--json", *more, cwd=folder)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, load_schema("gate"))
    assert found["exit_code"] == done.returncode
    return done.returncode, found


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    """Provider → outcome."""
    return {name: verdict["outcome"] for name, verdict in found["providers"].items()}


@pytest.mark.slow
def test_pass_fail_and_inconclusive_have_codes_of_their_own(runs: Path) -> None:
    """0, 1 and 4; an open rule says how many more cases would decide."""
    code, found = gate(runs, GOOD)
    assert (code, set(outcomes(found).values())) == (0, {"pass"})
    code, found = gate(runs, FAILS)
    assert (code, outcomes(found)["no-strict"]) == (1, "fail")
    code, found = gate(runs, OPEN)
    assert (code, set(outcomes(found).values())) == (4, {"inconclusive"})
    reason = found["providers"]["twin"]["reasons"][0]
    # 5% ** (1/n) ≥ 0.999 takes n = 2995 in a row; each case is two trials, one per mode.
    assert reason["decides_at"] == 2995
    assert reason["more_cases"] == 2995 - 12
    assert reason["more_trials"] == 2 * (2995 - 12)
    assert "would decide at this rate" in reason["message"]


def test_known_observations_are_not_made_again(runs: Path) -> None:
    """No bar changes them, and the power that they state takes seconds to simulate: a gate takes the summary's."""
    summary = read_summary(runs / "run" / "summary.json")
    known = {name: (Reason(code=ReasonCode.NOT_ASKED),) for name in summary.providers}
    found = assess(summary, {}, known)
    assert {name: one.assessment.observations for name, one in found.providers.items()} == known


def test_what_is_printed_says_the_rule_the_number_and_the_bar(runs: Path) -> None:
    """One line per provider, one per rule; that the run was made without this bar is said."""
    (runs / "bar.toml").write_text(FAILS, encoding="utf-8")
    done = trueweight("gate", "run", "--bar", "bar.toml", cwd=runs)
    assert "✕ no-strict: fail" in done.stdout
    assert "✕ MUST requirements held ≥ 90%: " in done.stdout
    assert "made without a bar" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_summary_alone_is_gated_as_the_record_is(runs: Path, tmp_path: Path) -> None:
    """Dashboards keep only summary.json; the verdicts are the same. A damaged one is refused."""
    (tmp_path / "run").mkdir()
    shutil.copy(runs / "run" / "summary.json", tmp_path / "run" / "summary.json")
    assert gate(tmp_path, FAILS) == gate(runs, FAILS)
    summary = summary_of(runs / "run")
    del summary["providers"]["twin"]["metrics"]
    (tmp_path / "run" / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    done = trueweight("gate", "run", "--bar", "bar.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert "not a summary" in done.stderr


def test_an_unknown_metric_and_no_bar_at_all_are_refused(runs: Path) -> None:
    """Exit 2 with the near miss; a run without a bar needs to be told what to hold it to."""
    (runs / "bar.toml").write_text('[[require]]\nmetric = "schema_acuracy"\nat_least = 0.9\n', encoding="utf-8")
    done = trueweight("gate", "run", "--bar", "bar.toml", cwd=runs)
    assert done.returncode == 2
    assert "Did you mean 'schema_accuracy'?" in done.stderr
    done = trueweight("gate", "run", cwd=runs)
    assert done.returncode == 2
    assert "--baseline OLD_RUN" in done.stderr


def test_a_provider_that_never_answered_is_infrastructure(runs: Path, tmp_path: Path) -> None:
    """All of a candidate's answers are lost: exit 3, named, and 1 only if another one fails."""
    copy = tmp_path / "copy"
    shutil.copytree(runs, copy)
    record = unpacked(copy / "run")
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if line["provider"] == "twin":
            line["outcome"] = "connect"
            line["attempts"][-1] |= {
                "failure": {"kind": "connect", "detail": "refused"},
                "status": None,
                "body": "",
                "stamps": [],
            }
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    record.write_text(text, encoding="utf-8")
    code, found = gate(copy, GOOD)
    assert (code, found["silent"]) == (3, ["twin"])
    assert gate(copy, FAILS)[0] == 1


@pytest.mark.slow
def test_a_baseline_holds_the_change(runs: Path, tmp_path: Path) -> None:
    """Against itself nothing got worse; against a run in which the twin was spoiled since, the twin alone fails."""
    code, found = gate(runs, GOOD, "--baseline", "run")
    assert code == 0
    assert found["providers"]["twin"]["reasons"][-1]["rule"] == "nothing got worse than the baseline beyond chance"
    after = tmp_path / "after"
    shutil.copytree(runs, after)
    record = unpacked(after / "run")
    lines = [
        line.replace('\\"content\\":\\"', '\\"content\\":\\"so: ') if '"provider":"twin"' in line else line
        for line in record.read_text(encoding="utf-8").splitlines(keepends=True)
    ]
    record.write_text("".join(lines), encoding="utf-8")
    code, found = gate(after, GOOD, "--baseline", runs / "run")
    assert (code, outcomes(found)) == (1, {"reference": "pass", "twin": "fail", "no-strict": "pass"})
    rule = '[[require]]\nmetric = "must_pass_rate"\nat_least = 0.3\nversus = "baseline"\n'
    code, found = gate(after, rule, "--baseline", runs / "run")
    assert (code, outcomes(found)["twin"]) == (1, "fail")
    assert gate(after, rule)[0] == 4
