"""All that is shipped, sent through the command line to healthy servers: no MUST and no SHOULD fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from trueweight.fleet.child import running_fleet
from trueweight.suites import shipped_suites

OTHER_APIS = ("messages", "responses")
"""Each has a suite of its name, whose cases are sent through it only."""

MAY_BE_REFUSED = {"responses/built-in-tool", "responses/custom-tool", "responses/state-continued"}
"""Cases with tools of one host, and with a store that other hosts need not have: refused in clear words."""


def _outcomes(providers: Path, suites: Iterable[str], out: Path) -> dict[tuple[str, str, str, str], str]:
    """Case, API, provider and mode → outcome, of a run of these suites."""
    words = [word for name in suites for word in ("--suite", name)]
    command = ["run", "--providers", str(providers), *words, "--out", str(out), "--quiet"]
    done = subprocess.run([sys.executable, "-m", "trueweight", *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return {
        (case["case"], case.get("api") or "", provider, mode): cell["outcome"]
        for case in summary["cases"]
        for provider, cells in case["cells"].items()
        for mode, cell in cells.items()
    }


@pytest.mark.slow  # `trueweight fleet matrix`, which .ci/run runs, holds the same of all healthy providers
def test_healthy_providers_pass_every_shipped_case(tmp_path: Path) -> None:
    """Both handwritings of a healthy server pass every case in every mode: none fails, none is called unsupported."""
    suites = [name for name in shipped_suites() if name not in OTHER_APIS]
    with running_fleet(["twin", "other-stack"]) as providers:
        outcomes = _outcomes(providers, suites, tmp_path / "out")
    assert {key: outcome for key, outcome in outcomes.items() if outcome != "pass"} == {}
    assert {provider for _, _, provider, _ in outcomes} == {"twin", "other-stack"}
    assert {case.partition("/")[0] for case, *_ in outcomes} == set(suites)


@pytest.mark.slow
@pytest.mark.parametrize("api", OTHER_APIS)
def test_they_pass_them_through_another_api_too(tmp_path: Path, api: str) -> None:
    """The same cases have the same outcomes as through chat completions, and those of the API's own suite pass."""
    suites = ["tool-calls", "structured-output", api]
    with running_fleet(["twin", "other-stack"], apis=["chat", api]) as providers:
        outcomes = _outcomes(providers, suites, tmp_path / "out")
    refused = {key for key, outcome in outcomes.items() if outcome == "unsupported"}
    assert {case for case, *_ in refused} <= MAY_BE_REFUSED
    assert {key: outcome for key, outcome in outcomes.items() if outcome not in ("pass", "n/a", "unsupported")} == {}
    through = {key for key, outcome in outcomes.items() if key[1] == api and outcome == "pass"}
    own = {key for key, outcome in outcomes.items() if key[0].startswith(f"{api}/") and outcome == "pass"}
    assert len({case for case, *_ in through}) > 60
    assert len({case for case, *_ in own}) > 20
