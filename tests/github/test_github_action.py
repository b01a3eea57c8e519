"""The action's steps in a shell: outputs, step summary and exit codes for every way a run can end."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner import run_action

from trueweight.fleet import running_fleet

pytestmark = pytest.mark.skipif(os.name != "posix" or not shutil.which("bash"), reason="needs bash")

BARS = {
    "pass": '[[require]]\nmetric = "success_rate"\nat_least = 0.2\n',
    "fail": '[[require]]\nmetric = "success_rate"\nat_most = 0.001\nside = "value"\n',
    "inconclusive": '[[require]]\nmetric = "thinking_time"\nat_most = 1000\nside = "value"\n',  # it never thinks
}
CODES = {"pass": 0, "fail": 1, "inconclusive": 4}
QUICK = {"suites": "structured-output", "arguments": "--limit 2 --retries 0", "python-version": ""}


@pytest.fixture(scope="module")
def providers() -> Iterator[Path]:
    """A running reference and twin."""
    with running_fleet(["reference", "twin"]) as path:
        yield path


@pytest.mark.slow
@pytest.mark.parametrize(
    "outcome", [pytest.param(one, marks=[] if one == "fail" else pytest.mark.slow) for one in CODES]
)
def test_each_verdict_has_its_code_outputs_and_summary(providers: Path, tmp_path: Path, outcome: str) -> None:
    """Pass, fail and inconclusive: the step ends as the gate does, after everything was written."""
    (tmp_path / "bar.toml").write_text(BARS[outcome], encoding="utf-8")
    job = run_action(tmp_path, {**QUICK, "providers": str(providers), "bar": "bar.toml"})
    assert job.code == CODES[outcome], job.log
    assert job.outputs["exit-code"] == str(CODES[outcome])
    assert json.loads(job.outputs["verdicts"]) == {"twin": outcome}
    assert json.loads(job.outputs["counts"])[outcome] == 1
    assert "| **twin** |" in job.summary
    assert (tmp_path / job.outputs["report"]).is_file()
    assert (tmp_path / job.outputs["run"] / "exchanges.jsonl.zst").is_file()
    published = (tmp_path / job.outputs["public"] / "summary.json").read_text(encoding="utf-8")
    assert "127.0.0.1" not in published


@pytest.mark.parametrize(
    ("code", "allow", "ends"), [("4", "true", 0), ("4", "false", 4), ("1", "true", 1), ("0", "", 0)]
)
def test_inconclusive_can_be_allowed_and_nothing_else(tmp_path: Path, code: str, allow: str, ends: int) -> None:
    """The last step alone: only code 4 can be waved through."""
    given = {"steps.verify.outputs.exit-code": code}
    job = run_action(tmp_path, {"allow-inconclusive": allow}, given, only="Say how it ended")
    assert job.code == ends


@pytest.mark.parametrize(("publish", "public", "uploads"), [("true", "x", 1), ("false", "x", 0), ("true", "", 0)])
def test_publishing_is_asked_for_and_pinned(tmp_path: Path, publish: str, public: str, uploads: int) -> None:
    """The upload runs only when asked for, and only if there is something to upload."""
    given = {"steps.verify.outputs.public": public}
    job = run_action(tmp_path, {"publish": publish}, given, only="Upload the public report")
    assert [one.split("@")[0] for one in job.uses] == ["actions/upload-artifact"] * uploads


@pytest.mark.slow
def test_a_provider_that_cannot_be_reached_is_infrastructure(providers: Path, tmp_path: Path) -> None:
    """Exit 3; what the others answered is still reported."""
    text = providers.read_text(encoding="utf-8")
    text += '\n[[provider]]\nname = "gone"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    (tmp_path / "bar.toml").write_text(BARS["pass"], encoding="utf-8")
    job = run_action(tmp_path, {**QUICK, "providers": "p.toml", "bar": "bar.toml"})
    assert job.code == 3, job.log
    assert json.loads(job.outputs["verdicts"])["twin"] == "pass"
    assert "gone" in job.summary


def test_a_mistake_in_an_input_is_usage(tmp_path: Path) -> None:
    """Exit 2, the near miss in the log, no report among the outputs, and the summary says where to look."""
    (tmp_path / "p.toml").write_text("[[providers]]\n", encoding="utf-8")
    job = run_action(tmp_path, {**QUICK, "providers": "p.toml"})
    assert job.code == 2
    assert job.outputs["report"] == ""
    assert "the log says why" in job.summary
    assert "Traceback" not in job.log


@pytest.mark.slow
def test_a_fork_runs_the_fleet_and_no_bar(tmp_path: Path) -> None:
    """Whatever providers.toml a stranger's branch brings is not read; simulated providers are asked."""
    (tmp_path / "p.toml").write_text("this is not even TOML", encoding="utf-8")
    inputs = {**QUICK, "providers": "p.toml", "bar": "no-such-bar.toml", "arguments": "--limit 1"}
    fork = {"github.event_name": "pull_request", "github.event.pull_request.head.repo.full_name": "them/trueweight"}
    job = run_action(tmp_path, inputs, fork, TW_FLEET_PORT="0")
    assert job.code == 0, job.log
    assert "comes from a fork" in job.summary
    assert job.outputs["verdicts"] == "{}"
    assert "leaky-parser" in job.summary


@pytest.mark.slow
def test_a_branch_of_our_own_is_no_fork(tmp_path: Path) -> None:
    """README tells people to fork this repository: pull requests within theirs are their own, and read their files."""
    (tmp_path / "p.toml").write_text("this is not even TOML", encoding="utf-8")
    own = {"github.event_name": "pull_request", "github.event.pull_request.head.repo.full_name": "us/trueweight"}
    job = run_action(tmp_path, {**QUICK, "providers": "p.toml"}, own)
    assert (job.code, job.outputs["exit-code"]) == (2, "2")
    assert "comes from a fork" not in job.summary
    assert "not valid TOML" in job.log


def test_pull_request_target_is_refused(tmp_path: Path) -> None:
    """It would run a stranger's files with this repository's keys."""
    job = run_action(tmp_path, dict(QUICK), {"github.event_name": "pull_request_target"})
    assert job.code == 2
    assert "does not run on pull_request_target" in job.log


@pytest.mark.slow
def test_inputs_are_data_and_never_shell(providers: Path, tmp_path: Path) -> None:
    """A suite's name that would be a command anywhere else is an unknown suite here; the log takes no orders."""
    inputs = {**QUICK, "providers": str(providers), "suites": '$(touch${IFS}owned) ;touch"owned2"', "out": "a b"}
    job = run_action(tmp_path, inputs)
    assert job.code == 2
    assert not list(tmp_path.glob("owned*"))
    lines = job.log.splitlines()
    stop = next(line for line in lines if line.startswith("::stop-commands::"))
    assert f"::{stop.removeprefix('::stop-commands::')}::" in lines


@pytest.mark.slow
def test_one_probe_is_for_all_shards(providers: Path, tmp_path: Path) -> None:
    """The first job writes it and sends nothing else; a shard that gets it sends no probe."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    first = run_action(one, {**QUICK, "providers": str(providers), "only-probe": "true", "out": "probe"})
    assert (first.code, first.outputs["run"]) == (0, "probe"), first.log
    assert [path.name for path in (one / "probe").iterdir()] == ["probe.json"]
    inputs = {**QUICK, "providers": str(providers), "shard": "1/2", "probe": str(one / "probe" / "probe.json")}
    shard = run_action(other, inputs)
    assert shard.code == 0, shard.log
    names = {path.name for path in (other / shard.outputs["run"]).iterdir()}
    assert "probe.json" in names and "probe.jsonl" not in names


@pytest.mark.slow
def test_a_shard_is_not_judged(providers: Path, tmp_path: Path) -> None:
    """Its part of the trials and of the budget; no verdict comes from a part."""
    (tmp_path / "bar.toml").write_text(BARS["pass"], encoding="utf-8")
    inputs = {**QUICK, "providers": str(providers), "bar": "bar.toml", "shard": "1/2", "budget": "1"}
    job = run_action(tmp_path, inputs)
    assert job.code == 0, job.log
    assert job.outputs["verdicts"] == "{}"
    assert "0.5 of 1 USD" in job.log
