"""The demo tells healthy providers from faulty ones, and says what each fault is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from command_line import Cli, Demo

from records import unpacked
from trueweight.core.schemas import load_schema

HEALTHY = ("reference", "twin", "other-stack")


def failing(demo: Demo, provider: str, severity: str = "MUST") -> set[str]:
    """Checks of that severity that a provider fails."""
    return {
        found["check"] for found in demo.summary["providers"][provider]["findings"] if found["severity"] == severity
    }


def metric(demo: Demo, provider: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = demo.summary["providers"][provider]["metrics"][name]
    return found


def test_demo_ends_well_and_names_its_report(demo: Demo) -> None:
    """A demo exits 0, prints a table that fits 80 columns, and its last line is where the report is."""
    assert demo.process.returncode == 0, demo.process.stderr
    lines = demo.process.stdout.splitlines()
    assert lines[-1] == f"report: {Path('trueweight-demo') / 'report.html'}"
    assert max(map(len, lines)) <= 80
    for provider in demo.summary["providers"]:
        assert provider in demo.process.stdout


@pytest.mark.parametrize("provider", HEALTHY)
def test_healthy_providers_have_no_failing_must_and_full_schema_accuracy(demo: Demo, provider: str) -> None:
    """A healthy provider, whatever its engine's habits, is never accused at MUST."""
    assert failing(demo, provider) == set()
    assert metric(demo, provider, "schema_accuracy")["value"] == 1.0


def test_defects_are_told_apart_by_name(demo: Demo) -> None:
    """Leaking markers, ignored schemas and lost requests are three different findings, not one bad score."""
    assert "markers-in-content" in failing(demo, "leaky-parser")
    assert "markers-in-content" not in failing(demo, "no-strict")
    assert "structured-output" in failing(demo, "no-strict")
    assert "structured-output" not in failing(demo, "leaky-parser")
    assert failing(demo, "flaky") == set()
    assert metric(demo, "flaky", "first_attempt_success_rate")["high"] < 0.9
    for provider in HEALTHY:
        assert metric(demo, provider, "first_attempt_success_rate")["value"] == 1.0


def test_rounded_weights_drift_and_nobody_elses_do(demo: Demo) -> None:
    """What four bits do to a model shows in no tool call; it shows in the distribution of its answers."""
    providers = demo.summary["providers"]
    verdicts = {name: found["drift"]["verdict"] for name, found in providers.items() if found["drift"]}
    assert verdicts.pop("int4") == "drift"
    assert failing(demo, "int4") == set()
    assert verdicts.pop("flaky") in ("equivalent", "inconclusive")  # some of its answers never come
    assert set(verdicts.values()) == {"equivalent"}
    assert "twin" in verdicts


@pytest.mark.slow  # of the whole demo alone: the first cases are too few beside other tests that keep the machine busy
def test_slow_is_slower_beyond_its_interval(whole: Demo) -> None:
    """The slow provider's time to first token lies above every other's: the intervals do not overlap."""
    slow = metric(whole, "slow", "ttft")
    for provider in HEALTHY:
        assert slow["low"] > metric(whole, provider, "ttft")["high"]


def test_conditional_accuracy_does_not_hide_vanished_calls(demo: Demo) -> None:
    """A provider that leaks calls into text may be perfect in those left; the unconditional number falls."""
    leaky = demo.summary["providers"]["leaky-parser"]["metrics"]
    assert leaky["schema_accuracy_unconditional"]["high"] < leaky["schema_accuracy"]["value"] == 1.0


@pytest.mark.slow  # of the whole demo alone: ten cases are too few for two intervals that do not overlap
def test_conditional_accuracy_is_above_the_interval_of_the_unconditional(whole: Demo) -> None:
    """Nor does it by chance: the two intervals do not overlap."""
    leaky = whole.summary["providers"]["leaky-parser"]["metrics"]
    assert leaky["schema_accuracy_unconditional"]["high"] < leaky["schema_accuracy"]["low"]


def test_self_agreement_is_the_reference_against_itself(demo: Demo) -> None:
    """The reference is asked twice, so its F1 against itself is measured, with an interval."""
    found = demo.summary["self_agreement"]["tool_call_f1"]
    assert found["value"] is not None
    assert found["low"] < found["value"]
    assert found["high"] is None or found["high"] > found["low"]  # perfect agreement has no upper limit


def test_summary_keeps_to_its_published_schema(demo: Demo) -> None:
    """What dashboards read is what was promised."""
    jsonschema.validate(demo.summary, load_schema("summary"))


@pytest.mark.slow
def test_judging_a_copy_offline_gives_the_same_bytes(whole: Demo, tmp_path: Path, cli: Cli) -> None:
    """Record once, judge many: a copied run, judged elsewhere, gives byte-identical summary and report."""
    copy = tmp_path / "copy"
    shutil.copytree(whole.directory, copy)
    before = {name: (copy / name).read_bytes() for name in ("summary.json", "report.html")}
    for name in before:
        (copy / name).unlink()
    # Proxies that lead nowhere: any attempt to reach the network would fail.
    nowhere = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    for command in ("judge", "report"):
        done = cli(command, "copy", env=nowhere)
        assert done.returncode == 0, done.stderr
        assert (copy / "summary.json").read_bytes() == before["summary.json"]
    assert (copy / "report.html").read_bytes() == before["report.html"]


@pytest.mark.slow
def test_json_prints_the_summary_and_nothing_else(cli: Cli) -> None:
    """A script reads standard output; what a person would read goes elsewhere."""
    done = cli("demo", "--limit", 1, "--no-drift", "--json")
    assert done.returncode == 0, done.stderr
    jsonschema.validate(json.loads(done.stdout), load_schema("summary"))


def _spoiled(demo: Demo, directory: Path) -> Path:
    """A copy of the run in which the twin no longer says that it calls."""
    copy = directory / "after"
    shutil.copytree(demo.directory, copy)
    record = unpacked(copy)
    lines = [
        line.replace('finish_reason\\":\\"tool_calls', 'finish_reason\\":\\"stop')
        if '"provider":"twin"' in line
        else line
        for line in record.read_text(encoding="utf-8").splitlines(keepends=True)
    ]
    record.write_text("".join(lines), encoding="utf-8")
    return copy


@pytest.mark.slow
def test_compared_with_itself_it_says_that_nothing_changed(whole: Demo, cli: Cli) -> None:
    """The first line is the answer, the exit code 0, even when asked to fail if anything is worse."""
    cache = {"TRUEWEIGHT_CACHE": str(whole.cache)}  # of what was judged when the demo ran
    done = cli("compare", whole.directory, whole.directory, "--fail-if-worse", env=cache)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Nothing significant changed."


@pytest.mark.slow  # of the whole demo alone: ten cases are too few for a difference that is surely worse
def test_compare_names_a_broken_provider_in_every_form(whole: Demo, cli: Cli, tmp_path: Path) -> None:
    """Text fits 80 columns, markdown folds the cells away, JSON has the interval; --fail-if-worse exits 1."""
    after = _spoiled(whole, tmp_path)
    cache = {"TRUEWEIGHT_CACHE": str(whole.cache)}  # they are compared once, and said three times
    text = cli("compare", whole.directory, after, "--fail-if-worse", env=cache)
    assert text.returncode == 1
    assert max(map(len, text.stdout.splitlines())) <= 80
    assert "twin: " in text.stdout
    assert "▼ worse" in text.stdout
    markdown = cli("compare", whole.directory, after, "--format", "markdown", "-o", "change.md", env=cache)
    assert markdown.returncode == 0
    assert "<summary>twin: " in (tmp_path / "change.md").read_text(encoding="utf-8")
    found = json.loads(cli("compare", whole.directory, after, "--json", env=cache).stdout)
    assert {one["provider"] for one in found["significant"]} == {"twin"}
    assert found["providers"]["twin"]["metrics"]["must_pass_rate"]["difference"]["high"] < 0
