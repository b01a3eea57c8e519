"""All that is shipped, sent through the command line to healthy servers: no MUST and no SHOULD fails."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from trueweight.fleet.child import running_fleet
from trueweight.suites import shipped_suites


@pytest.mark.slow  # `trueweight fleet matrix`, which .ci/run runs, holds the same of all healthy providers
def test_healthy_providers_pass_every_shipped_case(tmp_path: Path) -> None:
    """Both handwritings of a healthy server pass every case in every mode: none fails, none is called unsupported."""
    suites = [word for name in shipped_suites() for word in ("--suite", name)]
    out = tmp_path / "out"
    with running_fleet(["twin", "other-stack"]) as providers:
        command = ["run", "--providers", str(providers), *suites, "--out", str(out), "--quiet"]
        done = subprocess.run(
            [sys.executable, "-m", "trueweight", *command], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    outcomes = {
        (case["case"], provider, mode): cell["outcome"]
        for case in summary["cases"]
        for provider, cells in case["cells"].items()
        for mode, cell in cells.items()
    }
    assert {key: outcome for key, outcome in outcomes.items() if outcome != "pass"} == {}
    assert {provider for _, provider, _ in outcomes} == {"twin", "other-stack"}
    assert {case.partition("/")[0] for case, _, _ in outcomes} == set(shipped_suites())
