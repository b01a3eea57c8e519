"""The main job against a real server with a real model: recorded, judged, reported."""

from __future__ import annotations

import json
import shutil
import tomllib
import urllib.request
from pathlib import Path

import jsonschema
import pytest
from command_line import trueweight
from running_lab import PORT, RUNGS, RunningLab

from records import record_bytes
from trueweight.core.schemas import load_schema
from trueweight.lab.ladder import choose, port_of

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def run(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shipped suites, two cases each, at the best and the worst rung."""
    cwd = tmp_path_factory.mktemp("lab")
    providers = lab.only("f16", "q4_0")
    suites = ("--suite", "tool-calls", "--suite", "structured-output")
    process = trueweight("run", "--providers", providers, *suites, "--limit", 2, "--out", "run", cwd=cwd, timeout=900)
    assert process.returncode == 0, process.stderr
    return cwd / "run"


def test_a_real_server_is_recorded_judged_and_reported(run: Path) -> None:
    """Every trial is on record and answered, the reference twice; the summary keeps to its schema."""
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    jsonschema.validate(summary, load_schema("summary"))
    trials = {name: provider["counts"]["trials"] for name, provider in summary["providers"].items()}
    assert trials["f16"] == 2 * trials["q4_0"] > 0
    for provider in summary["providers"].values():
        assert provider["counts"]["arrived"] == provider["counts"]["trials"]
        assert provider["metrics"]["ttft"]["value"] > 0
        assert provider["metrics"]["success_rate"]["value"] == 1.0
    assert summary["self_agreement"]["tool_call_f1"]["n"] > 0
    page = (run / "report.html").read_text("utf-8")
    assert "q4_0" in page
    assert "gemma-3-270m" in page


def test_judging_its_copy_needs_no_server(run: Path, tmp_path: Path) -> None:
    """The record alone gives the same summary, byte for byte."""
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "summary.json").unlink()
    assert trueweight("judge", copy, cwd=tmp_path).returncode == 0
    assert (copy / "summary.json").read_bytes() == (run / "summary.json").read_bytes()


def test_the_same_command_sends_nothing_again(run: Path, lab: RunningLab, tmp_path: Path) -> None:
    """A finished run resumed is a run without requests."""
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    before = record_bytes(copy)
    suites = ("--suite", "tool-calls", "--suite", "structured-output")
    again = ("run", "--providers", lab.only("f16", "q4_0"), *suites, "--limit", 2, "--out", copy)
    assert trueweight(*again, cwd=tmp_path).returncode == 0
    assert record_bytes(copy) == before


def test_every_rung_answers_on_its_own_port(lab: RunningLab, tmp_path: Path) -> None:
    """`providers` prints the rungs that run, in the ladder's order: one server a rung, each on the port that it has
    whichever others run, the same model, F16 as reference."""
    printed = trueweight("lab", "providers", cwd=tmp_path, env=lab.env)
    assert printed.stdout == lab.providers.read_text("utf-8")
    assert printed.stdout.count('role = "reference"') == 1
    urls = [f"http://127.0.0.1:{port_of(rung, PORT)}/v1" for rung in choose(RUNGS)]
    assert [one["base_url"] for one in tomllib.loads(printed.stdout)["provider"]] == urls
    assert len(set(urls)) == len(RUNGS)
    for url in urls:
        with urllib.request.urlopen(f"{url}/models", timeout=10) as response:
            assert json.load(response)["data"][0]["id"] == "gemma-3-270m"


def test_up_twice_is_up_once(lab: RunningLab, tmp_path: Path) -> None:
    """Servers that run are left as they are; other settings are refused, not mixed in."""
    only = [word for rung in RUNGS for word in ("--only", rung)]
    again = trueweight("lab", "up", *only, "--port", PORT, cwd=tmp_path, env=lab.env)
    assert again.returncode == 0
    assert "up already" in again.stderr
    other = trueweight("lab", "up", *only, "--port", PORT, "--slots", 7, cwd=tmp_path, env=lab.env)
    assert other.returncode == 2
    assert "error[lab-other-settings]" in other.stderr
