"""The command as users run it: verdicts on the fleet, replay to the byte, resuming, refusals before spending."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
from measured_drift import Measured

from in_process import trueweight
from records import record_bytes
from trueweight.core.schemas import load_schema
from trueweight.store import record_file


def only(fleet: Path, folder: Path, *names: str) -> Path:
    """A ``providers.toml`` of these alone: a twin takes a hundred prompts to be called equivalent."""
    head, *tables = fleet.read_text("utf-8").split("[[provider]]")
    kept = [table for table in tables if any(f'name = "{name}"' in table for name in names)]
    (folder / "only.toml").write_text("[[provider]]".join([head, *kept]), "utf-8")
    return folder / "only.toml"


@pytest.mark.slow
def test_quantised_providers_drift_and_the_twin_is_equivalent(measured: Measured) -> None:
    """int4 and int8 are told from fp32 within forty requests; the twin within its budget; exit code 1."""
    found = measured.found
    assert {name: one["verdict"] for name, one in found.items()} == {
        "twin": "equivalent",
        "int8": "drift",
        "int4": "drift",
    }
    assert max(found[name]["requests"] for name in ("int4", "int8")) <= 40
    assert all(one["mode"] == "logprobs" for one in found.values())
    assert measured.process.returncode == 1


def test_effects_come_with_the_noise_floor_in_words(measured: Measured) -> None:
    """No bare number: the reference against itself stands beside it, and nobody "is" anything."""
    words = " ".join(measured.process.stdout.split())
    assert "another engine with the same weights would explain up to" in words
    assert "single answers differ by a median of" in words
    assert measured.found["twin"]["grade"] == "indistinguishable"
    assert measured.found["twin"]["details"]["noise_reference"] == pytest.approx(0, abs=1e-6)
    assert measured.found["twin"]["effect"]["value"] == pytest.approx(0, abs=1e-6)
    assert measured.found["int4"]["cost"] > 0


def test_a_replay_says_the_same_to_the_byte(measured: Measured, tmp_path: Path) -> None:
    """From a copy of the directory alone; a changed result is noticed."""
    shutil.copytree(measured.directory, tmp_path / "copy")
    again = trueweight("drift", "replay", "copy", cwd=tmp_path)
    assert "to the byte" in again.stdout
    (tmp_path / "copy" / "drift.json").write_text("{}", "utf-8")
    assert "not the same" in trueweight("drift", "replay", "copy", cwd=tmp_path).stderr
    (tmp_path / "copy" / "drift.json").unlink()
    trueweight("drift", "replay", "copy", cwd=tmp_path)
    assert (tmp_path / "copy" / "drift.json").read_bytes() == (measured.directory / "drift.json").read_bytes()


def test_json_is_the_file_of_the_run(measured: Measured) -> None:
    """``--json`` prints ``drift.json`` and nothing else on standard output."""
    process = trueweight("drift", "replay", measured.directory, "--json", cwd=measured.directory.parent)
    assert process.stdout == (measured.directory / "drift.json").read_text(encoding="utf-8")


def test_the_summary_holds_it_as_its_schema_says(measured: Measured) -> None:
    """For dashboards and the report: one wealth a prompt, the verdict in the assessment."""
    summary = json.loads((measured.directory / "summary.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(load_schema("summary")).validate(summary)
    for name, one in measured.found.items():
        found = summary["providers"][name]
        assert found["drift"] == {key: value for key, value in one.items() if key != "rung_interval"}
        assert found["assessment"]["drift"] == one["verdict"]
        assert len(one["wealth"]) == one["prompts"]
    assert summary["providers"]["reference"]["drift"] is None
    assert (measured.directory / "report.html").exists()


def test_the_same_command_again_sends_nothing(measured: Measured, fleet: Path) -> None:
    """What is on record is never paid for twice, and says the same."""
    before = record_bytes(measured.directory)
    again = trueweight("drift", "--providers", fleet, "--out", measured.directory, cwd=measured.directory.parent)
    assert again.returncode == measured.process.returncode
    assert record_bytes(measured.directory) == before


@pytest.mark.slow
def test_a_record_that_was_cut_off_is_continued(fleet: Path, tmp_path: Path) -> None:
    """As after a kill: a torn tail costs its last line, and the same command reaches the same verdicts."""
    command = ("drift", "--providers", only(fleet, tmp_path, "reference", "int4", "int8"), "--out", "run")
    trueweight(*command, cwd=tmp_path)
    whole = json.loads((tmp_path / "run" / "drift.json").read_text("utf-8"))["providers"]
    record = record_file(tmp_path / "run")
    record.write_bytes(record.read_bytes()[: record.stat().st_size // 3])
    (tmp_path / "run" / "drift.json").unlink()
    assert "inconclusive" in trueweight("drift", "replay", "run", cwd=tmp_path).stdout
    trueweight(*command, cwd=tmp_path)
    found = json.loads((tmp_path / "run" / "drift.json").read_text("utf-8"))["providers"]
    verdicts = [{name: one["verdict"] for name, one in each.items()} for each in (whole, found)]
    assert verdicts[0] == verdicts[1] == {"int4": "drift", "int8": "drift"}


@pytest.mark.parametrize("mode", ["greedy", pytest.param("sampled", marks=pytest.mark.slow)])
def test_texts_alone_tell_a_coarse_file_from_its_reference(fleet: Path, tmp_path: Path, mode: str) -> None:
    """Without log-probabilities: int4 by words at temperature 0 (int8 departs no more than an engine with bf16
    activations), int8 by words under the same seed."""
    coarse = "int4" if mode == "greedy" else "int8"
    providers = only(fleet, tmp_path, "reference", "twin", coarse)
    trueweight("drift", "--providers", providers, "--out", "run", "--mode", mode, cwd=tmp_path)
    found = json.loads((tmp_path / "run" / "drift.json").read_text("utf-8"))["providers"]
    assert "to the byte" in trueweight("drift", "replay", "run", cwd=tmp_path).stdout
    assert found["twin"]["verdict"] == "equivalent"
    if mode == "greedy":
        assert found["int4"]["verdict"] == "drift"
    else:  # A quarter of int8's answers differ, where a fifth is tolerated: no verdict is owed.
        assert found["int8"]["effect"]["value"] > 0.1


@pytest.mark.slow
def test_a_recorded_ladder_places_a_candidate(fleet: Path, tmp_path: Path) -> None:
    """Calibrate on known files; int4 lies nearest to int4's rung."""
    fleet = only(fleet, tmp_path, "reference", "int4", "int8")
    trueweight(
        "drift", "calibrate", "--providers", fleet, "--out", "c", "--ladder", "l.json", "--prompts", "16", cwd=tmp_path
    )
    rungs = [rung["rung"] for rung in json.loads((tmp_path / "l.json").read_text("utf-8"))["rungs"]]
    assert rungs == ["int8", "int4"]
    trueweight("drift", "--providers", fleet, "--out", "run", "--ladder", "l.json", cwd=tmp_path)
    found = json.loads((tmp_path / "run" / "drift.json").read_text("utf-8"))["providers"]
    assert found["int4"]["rung"] == "int4"
    assert found["int8"]["rung"] == "int8"
    assert [rung["rung"] for rung in found["int4"]["ladder"]] == rungs


def test_drift_rides_along_in_a_run(fleet: Path, tmp_path: Path) -> None:
    """One record, one summary: the suite's numbers are those of the suite alone."""
    fleet = only(fleet, tmp_path, "reference", "int4")
    trueweight(
        "run", "--providers", fleet, "--suite", "tool-calls", "--limit", "2", "--drift", "--out", "r", cwd=tmp_path
    )
    summary = json.loads((tmp_path / "r" / "summary.json").read_text("utf-8"))
    assert summary["run"]["cases"] == 2
    assert summary["providers"]["int4"]["drift"]["verdict"] == "drift"
    assert summary["run"]["trials"]["planned"] == summary["run"]["trials"]["recorded"]


def test_a_run_of_an_earlier_version_is_said_to_be_old(measured: Measured, tmp_path: Path) -> None:
    """Its requests cannot be used by the present test: inconclusive with the reason, and the report still works."""
    shutil.copytree(measured.directory, tmp_path / "old")
    manifest = json.loads((tmp_path / "old" / "manifest.json").read_text("utf-8"))
    del manifest["options"]["drift"]["settings"]["method"]
    (tmp_path / "old" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    process = trueweight("drift", "replay", "old", cwd=tmp_path)
    assert "measured by an earlier version; measure it again" in " ".join(process.stdout.split())
    assert trueweight("judge", "old", cwd=tmp_path).returncode != 2


def test_a_dry_run_says_the_most_that_is_sent(fleet: Path, tmp_path: Path) -> None:
    """Requests, tokens and cost of each provider, before anything is sent; the same row in ``run --drift``."""
    process = trueweight("drift", "--providers", fleet, "--dry-run", cwd=tmp_path)
    assert process.returncode == 0
    assert "Nothing was sent" in process.stdout
    assert "cost ceiling" in process.stdout and "Expected time: " in process.stdout
    process = trueweight(
        "run", "--providers", fleet, "--suite", "tool-calls", "--drift", "--dry-run", "--out", "x", cwd=tmp_path
    )
    assert any(line.startswith("drift ") for line in process.stdout.splitlines())
    assert not list(tmp_path.iterdir())


def test_a_budget_ends_the_measurement(fleet: Path, tmp_path: Path) -> None:
    """What it can pay for is measured; the rest is inconclusive."""
    providers = only(fleet, tmp_path, "reference", "twin")
    trueweight("drift", "--providers", providers, "--out", "run", "--budget", "0.001", cwd=tmp_path)
    found = json.loads((tmp_path / "run" / "drift.json").read_text("utf-8"))["providers"]["twin"]
    assert found["verdict"] == "inconclusive"
    assert found["requests"] < 60


@pytest.mark.slow
def test_tolerances_of_the_users_own_hosts_are_measured_and_used(fleet: Path, tmp_path: Path) -> None:
    """Twin and reference are honest hosts; what they are apart is the tolerance of the next run."""
    providers = only(fleet, tmp_path, "reference", "twin")
    made = trueweight(
        "drift", "calibrate", "--providers", providers, "--out", "c", "--tolerances", "t.json", "--prompts", "16",
        cwd=tmp_path,
    )  # fmt: skip
    assert "honest hosts differ by up to" in made.stdout
    tolerance = json.loads((tmp_path / "t.json").read_text("utf-8"))["tolerance"]
    trueweight(
        "drift", "--providers", only(fleet, tmp_path, "reference", "int4"), "--tolerances", "t.json", "--out", "r",
        cwd=tmp_path,
    )  # fmt: skip
    found = json.loads((tmp_path / "r" / "drift.json").read_text("utf-8"))["providers"]["int4"]
    assert found["verdict"] == "drift"
    assert found["tau"] == tolerance


@pytest.mark.parametrize(
    ("change", "options", "code", "words"),
    [
        ('role = "reference"', [], "drift-reference", "role"),
        ("", ["--alpha", "0"], "drift-alpha", "between 0 and 1"),
        ("", ["--alpha", "1"], "drift-alpha", "between 0 and 1"),
        ("", ["--max-requests", "3"], "drift-budget", "nothing was sent"),
        ("", ["--ladder", "none.json"], "drift-ladder", "calibrate"),
    ],
)
def test_what_cannot_lead_to_a_verdict_is_refused_before_spending(
    fleet: Path, tmp_path: Path, change: str, options: list[str], code: str, words: str
) -> None:
    """Exit code 2, what is wrong and what would be valid, and no run directory."""
    text = fleet.read_text("utf-8").replace(change, "") if change else fleet.read_text("utf-8")
    (tmp_path / "p.toml").write_text(text, "utf-8")
    process = trueweight("drift", "--providers", "p.toml", "--out", "run", *options, cwd=tmp_path)
    assert process.returncode == 2
    assert code in process.stderr
    assert words in process.stderr
    assert not (tmp_path / "run").exists()


def test_one_provider_alone_has_nobody_to_be_compared_with(fleet: Path, tmp_path: Path) -> None:
    """Said before anything is sent."""
    head, first, *_ = fleet.read_text("utf-8").split("[[provider]]")
    (tmp_path / "p.toml").write_text(f"{head}[[provider]]{first}", "utf-8")
    process = trueweight("drift", "--providers", "p.toml", "--out", "run", cwd=tmp_path)
    assert process.returncode == 2
    assert "drift-candidates" in process.stderr


def test_a_run_without_drift_has_nothing_to_replay(tmp_path: Path) -> None:
    """An error with a name, no traceback."""
    process = trueweight("drift", "replay", tmp_path, cwd=tmp_path)
    assert process.returncode == 2
    assert "Traceback" not in process.stderr
