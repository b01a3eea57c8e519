"""Shards that take one probe send the same requests, whatever a probe of their own would find, and can be merged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleet_replies import without_thinking
from in_process import trueweight
from trueweight.fleet.child import running_fleet


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``probe.json`` of providers whose entries say nothing of thinking, with a longer thought than there is now."""
    home = tmp_path_factory.mktemp("shards")
    with running_fleet(["reference", "thinks-field"]) as providers:
        (home / "p.toml").write_text(without_thinking(providers), encoding="utf-8")
        done = trueweight("ping", "--providers", "p.toml", "--switches", "--json", cwd=home)
        assert done.returncode == 0, done.stderr
        (home / "probe.json").write_text(done.stdout.replace('"tokens": 200', '"tokens": 700'), encoding="utf-8")
        yield home


def shard(folder: Path, part: str, source: str, *more: str) -> str:
    """Send a shard to a directory of its name. Returns what the terminal says."""
    command = ("run", "--providers", "p.toml", "--suite", "structured-output", "--limit", "3", "--shard", part)
    done = trueweight(*command, "--probe-from", source, "--out", part.replace("/", "of"), *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stderr


def load(folder: Path, name: str) -> Any:
    """A JSON file."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_shards_of_one_probe_are_merged(folder: Path) -> None:
    """The second takes it from the first's directory. Neither sends a probe; switch and allowance are as given."""
    said = shard(folder, "1/2", "probe.json", "--thinking", "off")
    assert "4,096 more for a thought" in said and "Only shards" not in said
    shard(folder, "2/2", "1of2", "--thinking", "off")
    for name in ("1of2", "2of2"):
        assert not (folder / name / "probe.jsonl").exists()
        manifest = load(folder, f"{name}/manifest.json")
        assert manifest["thinking_allowance"] == 4096
        assert [one["thinking"]["off"] for one in manifest["providers"] if one["name"] == "thinks-field"] == [
            {"enable_thinking": False}
        ]
    done = trueweight("merge", "1of2", "2of2", "-o", "whole", cwd=folder)
    assert done.returncode == 0, done.stderr
    whole = load(folder, "whole/summary.json")
    assert whole["run"]["trials"]["planned"] == whole["run"]["trials"]["recorded"] > 0
    assert whole["providers"]["thinks-field"]["counts"]["thinking_tokens"] == 0
    assert load(folder, "whole/probe.json")["requests"] == 0


def test_a_changed_entry_is_probed_again(folder: Path) -> None:
    """The given probe says nothing of a provider whose entry is another one."""
    text = (folder / "p.toml").read_text(encoding="utf-8").replace('name = "thinks-field"', 'name = "moved"')
    (folder / "moved.toml").write_text(text, encoding="utf-8")
    command = ("run", "--providers", "moved.toml", "--suite", "structured-output", "--limit", "1", "--out", "moved")
    done = trueweight(*command, "--probe-from", "probe.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = (folder / "moved" / "probe.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["provider"] for line in lines} == {"moved"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--probe-from", "p.toml"), "not a probe"),
        (("--probe-from", "nowhere.json"), "nowhere.json"),
        (("--probe-from", "probe.json", "--no-probe"), "exclude each other"),
    ],
)
def test_what_is_no_probe_is_refused(folder: Path, options: tuple[str, ...], words: str) -> None:
    """Before anything is sent, with exit code 2."""
    command = ("run", "--providers", "p.toml", "--suite", "structured-output", "--out", "refused")
    done = trueweight(*command, *options, cwd=folder)
    assert done.returncode == 2
    assert words in done.stderr
    assert not (folder / "refused").exists()
