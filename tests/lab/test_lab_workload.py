"""A workload on real engines: the best rung answers as the closed API, then two rungs are compared with its answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import trueweight
from running_lab import RunningLab

pytestmark = pytest.mark.lab
PLACES = ("France", "Spain", "Italy", "Japan", "Peru", "Egypt", "Norway", "Greece", "Cuba", "Chile", "Kenya", "Poland")


def test_a_workload_goes_from_the_log_to_a_decision_on_real_engines(lab: RunningLab, tmp_path: Path) -> None:
    """The same weights agree with what they answered before, whatever a small model answers: the grader compares short
    texts. The decision never says to stay because of them; of the falling rung, only that it was compared."""

    def cli(*words: object, codes: tuple[int, ...] = (0,)) -> str:
        done = trueweight(*words, cwd=tmp_path, timeout=600)
        assert done.returncode in codes, done.stderr
        return done.stdout

    def row(place: str) -> dict[str, object]:
        question = f"What is the capital of {place}? Answer with one word."
        request = {"messages": [{"role": "user", "content": question}], "temperature": 0, "max_tokens": 12}
        message = {"role": "assistant", "content": f"The capital of {place}"}
        return {"request": request, "response": {"id": "c", "choices": [{"index": 0, "message": message}]}}

    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row(place)) + "\n" for place in PLACES), encoding="utf-8")
    cli("workload", "from", "log.jsonl", "-o", "capitals")
    assert "grader: text" in (tmp_path / "capitals" / "workload.yaml").read_text("utf-8")
    closed = lab.only("f16")
    cli("workload", "confirm", "capitals", "--yes")
    cli("workload", "reask", "capitals", "--providers", closed, "-o", "now", "--no-probe")
    text = lab.only("f16", "q4_0").read_text("utf-8")
    (tmp_path / "hosts.toml").write_text(text.replace('role = "reference"', ""), "utf-8")
    (tmp_path / "bar.toml").write_text("[workload]\nagreement_at_least = 0.5\nfailures_at_most = 0.5\n", "utf-8")
    line = ("--providers", "hosts.toml", "--suite", "now", "--bar", "bar.toml", "--no-probe", "-o", "run")
    cli("run", *line, codes=(0, 1, 4))  # by the answers of the falling rung, which are not known beforehand
    summary = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))
    baseline = summary["workload"]["baseline"]
    assert baseline["self_agreement"]["n"] == len(PLACES)
    assert baseline["p50_ms"]["value"] > 0
    found = {name: one["workload"] for name, one in summary["providers"].items()}
    assert {one["overall"]["agreement"]["n"] for one in found.values()} == {len(PLACES)}
    assert found["f16"]["overall"]["agreement"]["value"] >= 0.8
    assert all(one["failures"]["value"] == 0 for one in found.values())
    decided = json.loads(cli("decide", "run", "--json", codes=(0, 4)))
    moves = {one["provider"]: one["move"] for one in decided["hosts"]}
    assert moves["f16"] in ("move-with-fallback", "not-enough-evidence")  # prices are not known, so it cannot be a move
