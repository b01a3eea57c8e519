"""Drift on two real rungs, and a null: the same server under another name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import trueweight
from running_lab import RunningLab

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def found(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """Q8_0, Q4_0 and F16 itself as candidates, 40 requests each at most."""
    cwd = tmp_path_factory.mktemp("drift")
    text = lab.only("f16", "q8_0", "q4_0").read_text("utf-8")
    head, *tables = text.split("[[provider]]")
    same = next(table for table in tables if 'role = "reference"' in table)
    same = same.replace('name = "f16"', 'name = "f16-again"').replace('role = "reference"', 'role = "candidate"')
    (cwd / "p.toml").write_text("[[provider]]".join([head, *tables, same]), "utf-8")
    process = trueweight(
        "drift", "--providers", "p.toml", "--out", "run", "--max-requests", 40, "--alpha", 0.01, cwd=cwd, timeout=600
    )
    assert process.returncode == 1, process.stderr
    again = trueweight("drift", "replay", "run", cwd=cwd)
    assert "to the byte" in again.stdout
    providers: dict[str, dict[str, object]] = json.loads((cwd / "run" / "drift.json").read_text("utf-8"))["providers"]
    return providers


def test_four_bits_are_seen_and_eight_are_not_certified(found: dict[str, dict[str, object]]) -> None:
    """At 1% false alarms, from log-probabilities: Q4_0 drifts; 40 requests are too few for Q8_0 most of the time."""
    assert found["q4_0"]["verdict"] == "drift"
    assert {found[rung]["mode"] for rung in ("q4_0", "q8_0")} == {"logprobs"}
    assert found["q8_0"]["verdict"] in ("drift", "inconclusive")


def test_the_same_weights_do_not_drift(found: dict[str, dict[str, object]]) -> None:
    """A null: looked at after every prompt, and never called different."""
    assert found["f16-again"]["verdict"] in ("equivalent", "inconclusive")
    assert found["f16-again"]["e_value"] < 20  # type: ignore[operator]


def test_sampled_texts_alone_show_four_bits(lab: RunningLab, tmp_path: Path) -> None:
    """Neither log-probabilities nor temperature 0: one answer a prompt at temperature 1, in at most sixty requests."""
    (tmp_path / "p.toml").write_text(lab.only("f16", "q4_0").read_text("utf-8"), "utf-8")
    options = ("--providers", "p.toml", "--out", "run", "--mode", "sampled", "--max-requests", 60)
    trueweight("drift", *options, cwd=tmp_path, timeout=900)
    assert "to the byte" in trueweight("drift", "replay", "run", cwd=tmp_path).stdout
    found = json.loads((tmp_path / "run" / "drift.json").read_text("utf-8"))["providers"]["q4_0"]
    assert (found["verdict"], found["mode"]) == ("drift", "sampled")
    assert found["details"]["typical"] < found["details"]["typical_floor"]
