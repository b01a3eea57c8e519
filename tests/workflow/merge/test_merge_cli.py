"""``run --shard`` and ``merge`` from the command line, on real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from in_process import trueweight
from trueweight.fleet import running_fleet

BAR = '[[require]]\nmetric = "success_rate"\nat_least = 0.2\n'


@pytest.fixture(scope="module")
def fleet() -> Iterator[Path]:
    """``providers.toml`` of a running reference and twin, the twin with limits."""
    with running_fleet(["reference", "twin"]) as providers:
        text = providers.read_text(encoding="utf-8")
        providers.write_text(text.rstrip() + "\nrequests_per_minute = 6000\nconcurrency = 5\n", encoding="utf-8")
        yield providers


def test_two_shards_are_a_run(fleet: Path, tmp_path: Path) -> None:
    """Each says its part of every limit and judges nothing; merged, all trials are there once and the bar decides."""
    (tmp_path / "bar.toml").write_text(BAR, encoding="utf-8")
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 3, "--bar", "bar.toml")
    command += ("--no-probe",)  # two probes may see different things: shards take one by --probe-from
    for k in (1, 2):
        done = trueweight(*command, "--shard", f"{k}/2", "--budget", 4, "--out", f"s{k}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert f"Shard {k}/2: 4 of 8 concurrent requests" in done.stderr
        assert "2 of 4 USD" in done.stderr
        assert f"twin: 3000 of 6000 requests a minute, {4 - k} of 5 concurrent requests" in done.stderr
        notes = json.loads((tmp_path / f"s{k}" / "summary.json").read_text(encoding="utf-8"))["run"]["notes"]
        assert notes[0] == {"code": "part-of-run", "share": "1/2"}
    done = trueweight("merge", "s2", "s1", "-o", "whole", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Joined 2 runs: 18 of 18 trials." in done.stderr
    summary = json.loads((tmp_path / "whole" / "summary.json").read_text(encoding="utf-8"))
    assert summary["run"]["notes"] == []
    assert len(json.loads((tmp_path / "whole" / "client.json").read_text(encoding="utf-8"))["sessions"]) == 2
    assert summary["providers"]["twin"]["assessment"]["bar"]["outcome"] == "pass"
    assert trueweight("gate", "whole", cwd=tmp_path).returncode == 0


def test_one_directory_can_hold_shard_after_shard(fleet: Path, tmp_path: Path) -> None:
    """The second shard sent into the directory of the first makes the run whole."""
    command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 2, "--out", "out")
    for k in (1, 2):
        done = trueweight(*command, "--shard", f"{k}/2", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert "Other shards" in done.stderr
    run = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["run"]
    assert run["trials"] == {"planned": 12, "recorded": 12}
    assert run["notes"] == []


@pytest.mark.slow
def test_what_cannot_be_merged_is_refused_in_words(fleet: Path, tmp_path: Path) -> None:
    """Exit 2, the reason, no traceback, no directory."""
    for seed in (1, 2):
        command = ("run", "--providers", fleet, "--suite", "structured-output", "--limit", 1, "--seed", seed)
        assert trueweight(*command, "--out", f"r{seed}", cwd=tmp_path).returncode == 0
    done = trueweight("merge", "r1", "r2", "-o", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "has the seed 2, not 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    drift = trueweight(*command, "--drift", "--shard", "1/2", "--out", "out", cwd=tmp_path)
    assert drift.returncode == 2
    assert "drift cannot be sharded" in drift.stderr
